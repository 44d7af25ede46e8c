/**
 * The detectors of stage 1, in the order in which they see a source: a later one may read the findings of earlier ones.
 */
import type { SourceDetector } from './detector.ts';
import { activeUpload } from './election/active-upload.ts';
import { bulkSubmission } from './election/bulk-submission.ts';
import { documentHarvest } from './election/document-harvest.ts';
import { formInjection } from './election/form-injection.ts';
import { onceADay } from './election/once-a-day.ts';
import { pollbookProbe } from './election/pollbook-probe.ts';
import { protectedRecord } from './election/protected-record.ts';
import { resultsProbe } from './election/results-probe.ts';
import { sentinelTraffic } from './election/sentinel-traffic.ts';
import { statusHammer } from './election/status-hammer.ts';
import { allowedAfterScan } from './firewall/allowed-after-scan.ts';
import { burstScan } from './firewall/burst-scan.ts';
import { continuedAfterBlock } from './firewall/continued-after-block.ts';
import { horizontalSweep } from './firewall/horizontal-sweep.ts';
import { illegalFlags } from './firewall/illegal-flags.ts';
import { sensitiveService } from './firewall/sensitive-service.ts';
import { slowScan } from './firewall/slow-scan.ts';
import { strobeScan } from './firewall/strobe-scan.ts';
import { verticalScan } from './firewall/vertical-scan.ts';
import { answeredAfterProbing } from './web/answered-after-probing.ts';
import { credentialGuessing } from './web/credential-guessing.ts';
import { failingRatio } from './web/failing-ratio.ts';
import { parameterFuzzing } from './web/parameter-fuzzing.ts';
import { recordEnumeration } from './web/record-enumeration.ts';
import { signatures } from './web/signatures.ts';
import { slowProbing } from './web/slow-probing.ts';
import { webProbing } from './web/web-probing.ts';
import { wordlistScan } from './web/wordlist-scan.ts';

export const detectors: readonly SourceDetector[] = [
  verticalScan,
  burstScan,
  horizontalSweep,
  strobeScan,
  slowScan,
  sensitiveService,
  illegalFlags,
  allowedAfterScan,
  webProbing,
  failingRatio,
  wordlistScan,
  signatures,
  slowProbing,
  parameterFuzzing,
  credentialGuessing,
  recordEnumeration,
  onceADay(formInjection),
  onceADay(statusHammer),
  resultsProbe,
  onceADay(pollbookProbe),
  onceADay(sentinelTraffic),
  onceADay(bulkSubmission),
  onceADay(protectedRecord),
  activeUpload,
  onceADay(documentHarvest),
  continuedAfterBlock,
  answeredAfterProbing,
];

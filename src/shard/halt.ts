/**
 * Why an organisation stands still, by what its worker threw, and what to do about it.
 *
 *   RecordError "a snapshot does not open …" → state → "if the key before was taken away, put it back …"
 */
import { DeltaError } from '../measure/delta.ts';
import { printable } from '../model/problem.ts';
import type { HaltKind } from '../queue/halt.ts';
import { DeadRecordsError } from './log.ts';
import { isFromNewer, RecordError } from './record.ts';

/** What stands in the way, by the error of a worker. Records that do not fold are put aside: what is left is the snapshot. */
export function haltKind(error: Error): HaltKind {
  if (isFromNewer(error)) return 'newer';
  if (error instanceof DeadRecordsError) return 'records';
  return error instanceof RecordError || error instanceof DeltaError ? 'state' : 'fault';
}

/** What a person does about it. `keyFile`: file of the organisation's key, null where it is not known. */
export function haltRemedy(kind: HaltKind, org: string, keyFile: string | null): string {
  switch (kind) {
    case 'state':
      return `if the key before was taken away, put it back as ${keyFile === null ? 'KEYFILE' : printable(keyFile)}.previous; if Redis was damaged, bring back its copy; where there is neither, \`pollwatch dead drop --organization ${org} state\` lets it count from now on. Lines wait meanwhile`;
    case 'newer':
      return 'update this pollwatch: decide workers have to be the newest. Lines wait meanwhile';
    case 'records':
      return `\`pollwatch dead list --organization ${org}\` says what was put aside and why; mend it and replay, or drop them. Lines wait meanwhile`;
    case 'fault':
      return 'the log of `pollwatch work decide` says more; it is tried again every few seconds. Lines wait meanwhile';
  }
}

/**
 * `pollwatch digest`: shows the digests that contacts would get now, and sends nothing. For whoever sets up an office and wants
 * to see what people will read, or cannot wait until Monday.
 */
import { OperatorError, printable } from '../model/problem.ts';
import { keyFinding, otherKey, unreadState } from '../shard/key-check.ts';
import { OK } from './exit-status.ts';
import { organizationOption, withStore } from './installation-option.ts';
import { mailSenderOf } from './mail-sender.ts';
import { type Given, stopOn } from './options.ts';

/** Runs the command; returns the exit status. */
export function digestCommand(given: Given): Promise<number> {
  return withStore(given, async (store, installation) => {
    const org = organizationOption(given, [...installation.tenants.keys()]);
    const tenant = installation.tenants.get(org)!;
    const sender = mailSenderOf(installation, tenant);
    const standing = await keyFinding(store, tenant);
    if (standing === 'other') stopOn([otherKey(tenant)]);
    if (standing === 'unread') stopOn([unreadState(tenant)]);
    const { tenantTools } = await import('../shard/tenant.ts');
    const { previewDigests } = await import('../shard/digest-preview.ts');
    const tools = (await tenantTools(installation))(org)!;
    const mails = await previewDigests(store, tools, sender, Date.now());
    if (mails.length === 0) {
      const message = `no contact of ${org} gets a digest`;
      const hint = 'in the inventory each contact says digest: auto, daily, weekly or none';
      throw new OperatorError([{ code: 'PW-DIGEST-NOBODY', message, hint }]);
    }
    process.stderr.write(`${org}: what would be sent now; nothing is sent\n`);
    const texts = mails.map(
      ({ to, subject, text }) => `To: ${printable(to)}\nSubject: ${printable(subject)}\n\n${text}`,
    );
    process.stdout.write(`${texts.join(`\n${'='.repeat(72)}\n`)}\n`);
    return OK;
  });
}

import { createMailer, type Mail } from '../connectors/mail.ts';
import type { CaseRow } from '../store/cases.ts';
import { envelopeFields } from './erasure.ts';
import type { Needs } from './needs.ts';

export type MailFault = { kind: 'no-mail' | 'no-address' | 'mail-failed'; code: string };

/** Sends a letter to the reply address that the case's envelope keeps. Null: the mail server took it. */
export async function mailLetter(needs: Needs, found: CaseRow, mail: Mail): Promise<MailFault | null> {
  const { mail: way } = needs.config.notify ?? {};
  if (!way) return { kind: 'no-mail', code: '' };
  const email = envelopeFields(needs, found)?.email;
  if (typeof email !== 'string') return { kind: 'no-address', code: '' };
  const sent = await createMailer(way.smtp, way.from).send(mail, [email]);
  return sent.ok ? null : { kind: 'mail-failed', code: sent.code };
}

import type { RemoteRef } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import type { Retained } from '../core/duty.ts';
import { recordsOf, unsealRef } from '../store/records.ts';
import { lawOf } from './law-of.ts';
import { type Needs, recipientNames } from './needs.ts';

/** What a law would keep at each system if the erasure were approved now; `unread` where the system did not answer in time. */
export type Foreseen = Map<string, Retained | 'unread'>;

/** A slow system must not hold up the intake of a request, in ms. */
const patienceMs = 15_000;

/** Asks the systems that know such a thing, before a case is planned: whoever decides sees what stays, until when and why. */
export async function foreseeLaw(needs: Needs, subject: string): Promise<Foreseen> {
  const found: Foreseen = new Map();
  await Promise.all(
    recipientNames(needs.config).map(async (system) => {
      const asked = retainedAt(needs, subject, system).catch(() => 'unread' as const);
      const retained = await Promise.race([asked, late()]);
      if (retained !== null) found.set(system, retained);
    }),
  );
  return found;
}

const late = () => new Promise<'unread'>((resolve) => setTimeout(() => resolve('unread'), patienceMs).unref());

async function retainedAt(needs: Needs, subject: string, system: string): Promise<Retained | null> {
  const recipient = needs.connectors[system]?.recipient;
  if (!recipient?.bound) return null;
  for (const record of await recordsOf(needs.db, subject, system)) {
    if (record.state === 'erased' || record.state === 'absent' || !record.sealed_ref) continue;
    const bound = await recipient.bound(unsealRef<RemoteRef>(needs.vault, system, record.sealed_ref), freeCall);
    const law = bound && bound.pending === undefined ? lawOf(needs, system, bound) : null;
    if (bound && law) return { fields: [...bound.keeps].sort(), until: law.until, law: law.law };
  }
  return null;
}

import type { RemoteRef } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import type { Retained } from '../core/duty.ts';
import { retainedIn } from '../core/retention.ts';
import { recordsOf, unsealRef } from '../store/records.ts';
import { keptFields, lawOf, quarterFrom } from './law-of.ts';
import { type Needs, now, recipientNames } from './needs.ts';

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
    if (!bound) continue;
    const at = await now(needs);
    const { isNamed, runs } = lawOf(needs, system, bound, at);
    const kept = isNamed ? retainedIn(keptFields(bound, runs), runs, bound.open ? quarterFrom(at) : null) : null;
    if (kept) return kept;
  }
  return null;
}

import type { RemoteRef } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { inTransaction } from '../store/database.ts';
import { raise } from '../store/duties.ts';
import { hold } from '../store/held.ts';
import {
  knownHashes,
  lockSubject,
  markRegisterRecord,
  presentRecords,
  registerHash,
  registerRecords,
} from '../store/subjects.ts';
import { noteTotals, swept, systemState } from '../store/systems.ts';
import { type Needs, registerOf, tell, whose } from './needs.ts';
import { takeIn } from './take-in.ts';

export interface SweepResult {
  object: string;
  complete: boolean;
  why?: string;
  vanished: number;
  hidden: number;
}

/**
 * Looks for disappearances: every id of the register, against every id we know. Only a scan that proves itself complete says
 * anything; each missing id is then asked for by itself. Gone is `held` for a verdict, never erased by itself; hidden from our key
 * is not gone.
 */
export async function sweepRegister(needs: Needs, system: string): Promise<SweepResult[]> {
  const { register } = registerOf(needs, system);
  const results: SweepResult[] = [];
  const totals: Record<string, number> = {};
  for (const object of register.objects) {
    const scan = await register.sweep(object, freeCall);
    const result: SweepResult = {
      object,
      complete: scan.complete,
      vanished: 0,
      hidden: 0,
      ...(scan.why ? { why: scan.why } : {}),
    };
    results.push(result);
    await tell(needs, {
      actor: 'kaiku',
      action: 'sweep.finished',
      system,
      code: scan.complete ? 'complete' : (scan.why ?? 'incomplete'),
      reason: object,
    });
    if (!scan.complete) continue;
    totals[object] = scan.ids.size;
    await takeInMissed(needs, system, object, scan.ids);
    const seen = new Set([...scan.ids].map((id) => registerHash(needs.vault, system, object, id).toString('hex')));
    for (const known of await presentRecords(needs.db, system, object)) {
      if (seen.has(known.remote_hash.toString('hex'))) continue;
      const ref = needs.vault.unsealJson<RemoteRef>(`register:${system}`, known.sealed_ref);
      const found = await register.look(ref, freeCall);
      if (found.kind === 'found') await takeIn(needs, system, found.record);
      else if (found.kind === 'hidden') {
        await markRegisterRecord(needs.db, system, known.remote_hash, 'hidden');
        result.hidden++;
      } else if (await vanished(needs, system, known.subject, known.remote_hash)) result.vanished++;
    }
  }
  await swept(needs.db, system, totals);
  return results;
}

/** Rows that no poll ever brought (a lost page, an outage longer than a cursor): the sweep finds them. */
async function takeInMissed(needs: Needs, system: string, object: string, ids: ReadonlySet<string>): Promise<void> {
  const { register } = registerOf(needs, system);
  const known = await knownHashes(needs.db, system, object);
  for (const id of ids) {
    if (known.has(registerHash(needs.vault, system, object, id).toString('hex'))) continue;
    const found = await register.look({ place: object, id }, freeCall);
    if (found.kind === 'found') await takeIn(needs, system, found.record);
  }
}

/** Holds a person whose last row in the register is gone. A subject with another row there only lost a row. */
async function vanished(needs: Needs, system: string, subjectId: string, hash: Buffer): Promise<boolean> {
  return inTransaction(needs.db, async () => {
    const subject = await lockSubject(needs.db, subjectId);
    if (!subject || subject.state === 'erased') return false;
    // an erasure of ours in the register is no disappearance
    await markRegisterRecord(needs.db, system, hash, subject.state === 'erasing' ? 'erased' : 'vanished');
    if (
      subject.state === 'erasing' ||
      (await registerRecords(needs.db, subjectId)).some((r) => r.state === 'present' || r.state === 'hidden')
    )
      return false;
    const opened = await hold(needs.db, {
      id: needs.newId(),
      kind: 'vanished',
      system,
      subject: subjectId,
      reason: 'not-in-register',
    });
    if (opened) {
      await tell(needs, {
        actor: 'kaiku',
        action: 'hold.opened',
        system,
        subject: whose(subject),
        reason: 'vanished',
      });
      await raise(needs.db, { subject: subjectId, lane: 'correction', newId: needs.newId });
    }
    return opened;
  });
}

/** Whether the register says it has fewer rows than at the last sweep: then people are looked for at once. */
export async function totalDropped(needs: Needs, system: string): Promise<boolean> {
  const { register } = registerOf(needs, system);
  const before = (await systemState(needs.db, system))?.last_total ?? {};
  for (const object of register.objects) {
    const total = await register.total(object, freeCall);
    const last = before[object];
    if (total !== null && last !== undefined && total < last) return true;
    if (total !== null && (last === undefined || total > last)) await noteTotals(needs.db, system, { [object]: total });
  }
  return false;
}

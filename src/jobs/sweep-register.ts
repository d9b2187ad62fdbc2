import type { RemoteRef } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { isMassChange } from '../core/mass-change.ts';
import { inTransaction } from '../store/database.ts';
import { raise } from '../store/duties.ts';
import { hold, updateMassChange, wasReleased } from '../store/held.ts';
import {
  identifiersOfSubject,
  knownHashes,
  lockSubject,
  markRegisterRecord,
  presentRecords,
  registerHash,
  registerRecords,
  registerRef,
  type SubjectRow,
  subjectsByIdentifier,
} from '../store/subjects.ts';
import { noteTotals, swept, systemState } from '../store/systems.ts';
import { type Needs, now, registerOf, tell, whose } from './needs.ts';
import { takeIn } from './take-in.ts';

export interface SweepResult {
  object: string;
  complete: boolean;
  why?: string;
  vanished: number;
  hidden: number;
  /** So many rows were missing at once that nothing was done: a person says first that it is true. */
  stopped?: number;
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
    const known = await presentRecords(needs.db, system, object);
    const missing = known.filter((row) => !seen.has(row.remote_hash.toString('hex')));
    if (await isStopped(needs, system, object, { missing: missing.length, known: known.length })) {
      result.stopped = missing.length;
      continue;
    }
    for (const known of missing) {
      const ref = registerRef<RemoteRef>(needs.vault, known);
      if (!ref) continue;
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

/** How long a person's word about a mass disappearance holds, in ms. */
const releaseMs = 86_400_000;

/**
 * The breaker of the sweep. A register that loses very many people at once has more often lost a filter, a right or a backup than the
 * people: one question is asked then, not hundreds, and nothing is held or looked at. True: stop.
 */
async function isStopped(
  needs: Needs,
  system: string,
  object: string,
  rows: { missing: number; known: number },
): Promise<boolean> {
  if (!isMassChange(rows.missing, rows.known)) return false;
  const at = await now(needs);
  if (await wasReleased(needs.db, { system, object, rows: rows.missing, since: new Date(at.getTime() - releaseMs) }))
    return false;
  const about = Buffer.from(object);
  const details = { object, rows: rows.missing, of: rows.known };
  const opened = await hold(needs.db, {
    id: needs.newId(),
    kind: 'mass-change',
    system,
    subject: null,
    about,
    reason: 'vanished',
    details,
  });
  // whoever says yes says it to the number of now
  if (!opened) await updateMassChange(needs.db, { system, about, details });
  if (opened)
    await tell(needs, { actor: 'kaiku', action: 'hold.opened', system, reason: 'mass-change', code: String(rows.missing) });
  return true;
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
    // people erase there, and this is what their answer waits for: the duty looks for itself
    if (subject.state === 'erasing' && registerOf(needs, system).recipient?.showsLater) {
      await raise(needs.db, { subject: subjectId, recipients: [system], lane: 'erasure', newId: needs.newId });
      return false;
    }
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
      details: { candidates: await mergedInto(needs, subject) },
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

/** Who may be the same person under another row: the register merges duplicates, and the one that stays has what this one had. */
async function mergedInto(needs: Needs, subject: SubjectRow): Promise<string[]> {
  const found = new Set<string>();
  for (const { kind, hash } of await identifiersOfSubject(needs.db, subject.id))
    for (const other of await subjectsByIdentifier(needs.db, kind, hash))
      if (
        other.id !== subject.id &&
        other.state === 'active' &&
        other.register === subject.register &&
        other.role === subject.role
      )
        found.add(other.id);
  return [...found].sort().slice(0, mostCandidates);
}
const mostCandidates = 5;

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

import { sql } from 'kysely';
import type { Profile, Recipient } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { diff } from '../core/diff.ts';
import { Failure } from '../core/failure.ts';
import { fingerprints } from '../core/fingerprint.ts';
import { plan } from '../core/plan.ts';
import { inTransaction, rows } from '../store/database.ts';
import { dutiesOf, raise } from '../store/duties.ts';
import { type RecordRow, recordByRemote, remoteHash, sealRef, updateRecord } from '../store/records.ts';
import { putRun, type RunRow } from '../store/runs.ts';
import { lockSubject } from '../store/subjects.ts';
import { noteRefusal } from './converge-notes.ts';
import { look } from './converge-view.ts';
import { standings } from './converge-write.ts';
import { type Needs, tell } from './needs.ts';

/**
 * Reads all rows of a recipient and puts right what differs, through the same converge as every live change: holds, tombstones,
 * permissions and policy decide, and a duty is raised only where a step is missing. A dry run writes nothing but its counts.
 */
export async function resyncRecipient(
  needs: Needs,
  system: string,
  options: { dryRun: boolean; actor: string },
): Promise<RunRow> {
  const recipient = needs.connectors[system]?.recipient;
  if (!recipient) throw new Error('this system has no rows that can be listed');
  const run: RunRow = {
    id: needs.newId(),
    kind: 'resync',
    system,
    state: 'running',
    counts: { create: 0, update: 0, relink: 0, restrict: 0, erase: 0, blocked: 0, unchanged: 0, orphans: 0 },
    calls: 0,
    problem: null,
  };
  await putRun(needs.db, run);
  if (!options.dryRun) await tell(needs, { actor: options.actor, action: 'run.started', system, code: run.id, reason: 'resync' });
  try {
    await compare(needs, recipient, run, options.dryRun);
  } catch (error) {
    // a run that broke off is told as such; what it put right until then stands, and the next one starts from the rows again
    run.state = 'failed';
    run.problem = error instanceof Failure ? error.code : 'internal-error';
    await putRun(needs.db, run);
    throw error;
  }
  run.state = options.dryRun ? 'previewed' : 'finished';
  await putRun(needs.db, run);
  if (!options.dryRun)
    await tell(needs, { actor: options.actor, action: 'run.finished', system, code: run.id, reason: 'resync' });
  return run;
}

async function compare(needs: Needs, recipient: Recipient, run: RunRow, dryRun: boolean): Promise<void> {
  const { system } = run;
  const count = (name: string) => {
    run.counts[name] = (run.counts[name] ?? 0) + 1;
  };
  const seen = new Map<string, { fingerprints: Record<string, string>; state: RecordRow['state'] }>();
  for await (const page of recipient.list(freeCall)) {
    run.calls++;
    for (const profile of page) {
      const record = await recordByRemote(
        needs.db,
        system,
        profile.ref.place,
        remoteHash(needs.vault, system, profile.ref.place, profile.ref.id),
      );
      if (!record) {
        count('orphans');
        continue;
      }
      const prints = fingerprints(needs.vault.keys.hmac.current, record.subject, profile.fields);
      seen.set(record.id, { fingerprints: prints, state: record.state === 'erased' ? 'erased' : standings[profile.standing] });
      if (!dryRun) await putRight(needs, record, profile, prints);
    }
  }
  for (const { subject } of await rows(
    needs.db,
    sql<{ subject: string }>`SELECT subject FROM duty WHERE recipient = ${system} ORDER BY subject`,
  )) {
    const duty = (await dutiesOf(needs.db, subject)).find((d) => d.recipient === system);
    if (!duty) continue;
    const view = await look(needs, duty);
    const records = view.input.records.map((record, i) => ({
      ...record,
      ...seen.get(view.rows[i]?.record?.id ?? ''),
    }));
    const step = diff(plan({ ...view.input, records }), records);
    const missing = view.rows.some(
      (r) => r.record && (r.record.state === 'linked' || r.record.state === 'restricted') && !seen.has(r.record.id),
    );
    count(missing ? 'relink' : (counted[step.kind] ?? 'unchanged'));
    if (!dryRun && (missing || step.kind in counted))
      await raise(needs.db, { subject, recipients: [system], lane: 'resync', newId: needs.newId });
  }
}

/** Under the person's lock: an erasure that ends meanwhile is not undone by what was read before it. */
async function putRight(needs: Needs, read: RecordRow, profile: Profile, prints: Record<string, string>): Promise<void> {
  await inTransaction(needs.db, async () => {
    await lockSubject(needs.db, read.subject);
    const record = await recordByRemote(needs.db, read.recipient, read.place, read.remote_hash);
    if (!record || record.state === 'erased') return;
    // a refusal that no webhook and no poll brought is carried to the register all the same
    if (profile.refused && record.state === 'linked') await noteRefusal(needs, record.subject, read.recipient);
    await updateRecord(needs.db, record.id, {
      state: standings[profile.standing],
      sealedRef: sealRef(needs.vault, read.recipient, profile.ref),
      fingerprints: prints,
      evidence: 'observed',
      observed: true,
    });
  });
}

const counted: Record<string, string> = {
  create: 'create',
  update: 'update',
  strip: 'update',
  restrict: 'restrict',
  erase: 'erase',
  hold: 'blocked',
};

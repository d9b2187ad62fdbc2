import type { Profile } from '../connectors/connector.ts';
import type { Call } from '../connectors/http.ts';
import { diff } from '../core/diff.ts';
import { Failure } from '../core/failure.ts';
import { fingerprints } from '../core/fingerprint.ts';
import { masked } from '../core/mask.ts';
import { type KnownRecord, plan } from '../core/plan.ts';
import { inTransaction } from '../store/database.ts';
import { dutiesOf } from '../store/duties.ts';
import { type RecordRow, recordByRemote, remoteHash, sealRef, updateRecord } from '../store/records.ts';
import { doubtful, keepRun, noteRun, noteSeen, oweItem, peopleOf, type RunRow, seenOf } from '../store/runs.ts';
import { lockSubject } from '../store/subjects.ts';
import { noteRefusal } from './converge-notes.ts';
import { look } from './converge-view.ts';
import { standings } from './converge-write.ts';
import type { Needs } from './needs.ts';

/** A few rows of each kind as a person may see them, to judge a preview by. */
export interface Samples {
  changed: { fields: string[]; row: Record<string, string> }[];
  orphans: Record<string, string>[];
}
const mostSamples = 5;

/**
 * Reads every page once. A pause holds the reading where it is, as long as this process lives. False: somebody else has the run, or
 * it was stopped.
 */
export async function readAll(needs: Needs, run: RunRow): Promise<boolean> {
  const recipient = needs.connectors[run.system]?.recipient;
  if (!recipient) throw new Failure('RECIPIENT_REFUSED');
  const counts: Record<string, number> = { ...run.counts, orphans: 0 };
  const samples: Samples = { changed: [], orphans: [] };
  let { calls, pages, page_ms: pageMs } = run;
  const call: Call = {
    beforeWire: async () => {
      calls++;
      return Number.POSITIVE_INFINITY;
    },
  };
  const seen = new Set<string>();
  let began = performance.now();
  const unread = (rows: number) => {
    counts['unread'] = (counts['unread'] ?? 0) + rows;
  };
  delete counts['unread'];
  for await (const page of recipient.list(call, unread)) {
    pages++;
    pageMs += performance.now() - began;
    for (const profile of page) {
      const hash = remoteHash(needs.vault, run.system, profile.ref.place, profile.ref.id);
      const key = hash.toString('base64url', 0, 12);
      // pages that shift while they are read show a row twice
      if (seen.has(key)) continue;
      seen.add(key);
      const record = await recordByRemote(needs.db, run.system, profile.ref.place, hash);
      if (record) await compareRow(needs, run, record, profile, samples);
      else {
        counts['orphans'] = (counts['orphans'] ?? 0) + 1;
        if (samples.orphans.length < mostSamples) samples.orphans.push(masked(profile.fields));
      }
    }
    if (!(await noteRun(needs.db, run, { counts, calls, pages, page_ms: pageMs }))) return false;
    if (!(await untilRunning(needs, run))) return false;
    began = performance.now();
  }
  return noteRun(needs.db, run, { counts, calls, pages, samples: needs.vault.sealJson('run-samples', samples) });
}

async function untilRunning(needs: Needs, run: RunRow): Promise<boolean> {
  for (;;) {
    const state = await keepRun(needs.db, run);
    if (state !== 'paused') return state === 'running';
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** One row against what the ledger knows of it. A preview writes down what it saw and nothing else. */
async function compareRow(needs: Needs, run: RunRow, read: RecordRow, profile: Profile, samples: Samples): Promise<void> {
  const raw = fingerprints(needs.vault.keys.hmac.current, read.subject, profile.fields);
  // as the system spelt what was written there: the same value still
  const prints = Object.fromEntries(
    Object.entries(raw).map(([name, print]) => [name, read.spelled[name] === print ? (read.fingerprints[name] ?? print) : print]),
  );
  const state = read.state === 'erased' || read.state === 'stripped' ? read.state : standings[profile.standing];
  const differing = [...new Set([...Object.keys(prints), ...Object.keys(read.fingerprints)])].filter(
    (name) => prints[name] !== read.fingerprints[name],
  );
  const same = differing.length === 0 && state === read.state && !(profile.refused && read.state === 'linked');
  if (!same && samples.changed.length < mostSamples)
    samples.changed.push({ fields: differing.sort(), row: masked(profile.fields) });
  await noteSeen(needs.db, run.id, { record: read.id, same, state, fingerprints: same ? null : prints });
  if (!run.dry && !same) await putRight(needs, read, profile, prints);
}

/** Under the person's lock: an erasure that ends meanwhile is not undone by what was read before it. */
async function putRight(needs: Needs, read: RecordRow, profile: Profile, prints: Record<string, string>): Promise<void> {
  await inTransaction(needs.db, async () => {
    await lockSubject(needs.db, read.subject);
    const record = await recordByRemote(needs.db, read.recipient, read.place, read.remote_hash);
    if (!record || record.state === 'erased' || record.state === 'stripped') return;
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

/** People compared in one slice. */
const batch = 200;

/** Judges the next of those whom the reading left in doubt. False: nobody is left; whoever was not in doubt is unchanged. */
export async function compareSome(needs: Needs, run: RunRow): Promise<boolean> {
  const people = await doubtful(needs.db, run, batch);
  const counts = { ...run.counts };
  for (const { subject } of people) {
    const kind = await judge(needs, run, subject);
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (!run.dry && steps.has(kind)) await oweItem(needs.db, run.id, subject, kind);
  }
  const last = people.at(-1);
  if (last) {
    await noteRun(needs.db, run, { counts, position: last.subject });
    return true;
  }
  const judged = Object.entries(counts).reduce(
    (sum, [name, n]) => (name === 'orphans' || name === 'unread' || name === 'unchanged' ? sum : sum + n),
    0,
  );
  counts['unchanged'] = Math.max(0, (await peopleOf(needs.db, run.system)) - judged);
  await noteRun(needs.db, run, { counts });
  return false;
}

const steps = new Set(['create', 'update', 'relink', 'restrict', 'erase']);

/** What would be done for one person, as the counts name it. */
async function judge(needs: Needs, run: RunRow, subject: string): Promise<string> {
  const duty = (await dutiesOf(needs.db, subject)).find((d) => d.recipient === run.system);
  if (!duty) return 'unchanged';
  const view = await look(needs, duty);
  const seen = new Map(
    (
      await seenOf(
        needs.db,
        run.id,
        view.rows.flatMap((r) => r.record?.id ?? []),
      )
    ).map((s) => [s.record, s]),
  );
  const isMissing = view.rows.some(
    ({ record }) => record && (record.state === 'linked' || record.state === 'restricted') && !seen.has(record.id),
  );
  if (isMissing) return 'relink';
  const records = view.input.records.map((record, i) => {
    const found = seen.get(view.rows[i]?.record?.id ?? '');
    return found?.fingerprints
      ? { ...record, fingerprints: found.fingerprints, state: found.state as KnownRecord['state'] }
      : record;
  });
  return counted[diff(plan({ ...view.input, records }), records).kind] ?? 'unchanged';
}

const counted: Record<string, string> = {
  create: 'create',
  update: 'update',
  strip: 'update',
  restrict: 'restrict',
  erase: 'erase',
  hold: 'blocked',
};

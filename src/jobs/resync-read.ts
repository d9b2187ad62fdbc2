import type { Profile } from '../connectors/connector.ts';
import type { Call } from '../connectors/http.ts';
import { diff } from '../core/diff.ts';
import { withExceptions } from '../core/exception.ts';
import { Failure } from '../core/failure.ts';
import { fingerprints } from '../core/fingerprint.ts';
import { masked } from '../core/mask.ts';
import { type KnownRecord, plan } from '../core/plan.ts';
import { inTransaction } from '../store/database.ts';
import { forgetReading } from '../store/drift.ts';
import { dutiesOf } from '../store/duties.ts';
import { type RecordRow, recordByRemote, recordsByRemote, remoteHash, sealRef, updateRecord } from '../store/records.ts';
import { doubtful, keepRun, noteRun, noteSeen, oweItem, peopleOf, type RunRow, type SeenRow, seenOf } from '../store/runs.ts';
import { lockSubject } from '../store/subjects.ts';
import { noteRefusal } from './converge-notes.ts';
import { look } from './converge-view.ts';
import { standings } from './converge-write.ts';
import { findLinked, findUnlinked, giveWay } from './drift-find.ts';
import type { Needs } from './needs.ts';
import { isOwnRow } from './served.ts';
import { editedFields, takeEditOf } from './take-edit.ts';

/** A few rows of each kind as a person may see them, to judge a preview by. */
export interface Samples {
  /** `subject` decides who may see the sample; it is not shown. */
  changed: { fields: string[]; row: Record<string, string>; subject?: string }[];
  orphans: Record<string, string>[];
}
const mostSamples = 5;

export const noCounts = { create: 0, update: 0, relink: 0, restrict: 0, erase: 0, blocked: 0, unchanged: 0, orphans: 0 };

/** Rows compared at once: a list that comes without pages is taken in pieces. */
const piece = 500;

/**
 * Reads every page once. A pause holds the reading where it is, as long as this process lives. False: somebody else has the run, it was
 * stopped, or this process ends.
 */
export async function readAll(needs: Needs, run: RunRow, ends?: AbortSignal): Promise<boolean> {
  const recipient = needs.connectors[run.system]?.recipient;
  if (!recipient) throw new Failure('RECIPIENT_REFUSED');
  const isDrift = run.kind === 'drift';
  const counts: Record<string, number> = isDrift ? { ...run.counts, rows: 0 } : { ...noCounts };
  if (isDrift) await forgetReading(needs.db, run.id);
  const samples: Samples = { changed: [], orphans: [] };
  let { calls, pages, page_ms: pageMs } = run;
  let rowsRead = 0;
  const call: Call = {
    beforeWire: async () => {
      calls++;
      return Number.POSITIVE_INFINITY;
    },
  };
  const seen = new Set<string>();
  const note = () =>
    noteRun(needs.db, run, { counts, calls, pages, page_ms: pageMs, rows_read: rowsRead, blanks: 0, problem: null });
  let began = performance.now();
  const unread = (rows: number) => {
    counts['unread'] = (counts['unread'] ?? 0) + rows;
  };
  delete counts['unread'];
  for await (const page of recipient.list(call, unread)) {
    pages++;
    pageMs += performance.now() - began;
    for (let at = 0; at < page.length; at += piece) {
      const fresh = page.slice(at, at + piece).flatMap((profile) => {
        const hash = remoteHash(needs.vault, run.system, profile.ref.place, profile.ref.id);
        const key = hash.toString('base64url', 0, 12);
        // pages that shift while they are read show a row twice
        if (seen.has(key)) return [];
        seen.add(key);
        return [{ profile, hash, place: profile.ref.place }];
      });
      rowsRead += fresh.length;
      await compareRows(needs, run, fresh, counts, samples);
      if (isDrift) counts['rows'] = seen.size;
      if (!(await note()) || !(await untilRunning(needs, run, ends))) return false;
      if (isDrift) await giveWay(needs, run);
    }
    began = performance.now();
  }
  return (await note()) && noteRun(needs.db, run, { samples: needs.vault.sealJson('run-samples', samples) });
}

/** Waits through a pause. False: the run is somebody else's or over, or this process ends. */
export async function untilRunning(needs: Needs, run: RunRow, ends: AbortSignal | undefined): Promise<boolean> {
  for (;;) {
    if (ends?.aborted) return false;
    const state = await keepRun(needs.db, run);
    if (state !== 'paused') return state === 'running';
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** Rows against what the ledger knows of them. A preview writes down what it saw and nothing else. */
async function compareRows(
  needs: Needs,
  run: RunRow,
  fresh: readonly { profile: Profile; hash: Buffer; place: string }[],
  counts: Record<string, number>,
  samples: Samples,
): Promise<void> {
  const isDrift = run.kind === 'drift';
  const known = await recordsByRemote(needs.db, run.system, fresh);
  const seen: (SeenRow & { same: boolean; refused: boolean })[] = [];
  for (const { profile, hash } of fresh) {
    const record = known.get(hash.toString('base64url'));
    if (record) {
      seen.push(await compareRow(needs, run, record, profile, samples));
      if (isDrift) await findLinked(needs, run, record, profile);
      continue;
    }
    if (await isOwnRow(needs, run.system, profile.ref)) continue;
    if (isDrift && (await findUnlinked(needs, run, profile, hash)) !== 'orphan') continue;
    if (!isDrift) counts['orphans'] = (counts['orphans'] ?? 0) + 1;
    if (samples.orphans.length < mostSamples) samples.orphans.push(masked(profile.fields));
  }
  await noteSeen(needs.db, run.id, seen);
}

async function compareRow(
  needs: Needs,
  run: RunRow,
  read: RecordRow,
  profile: Profile,
  samples: Samples,
): Promise<SeenRow & { same: boolean; refused: boolean }> {
  const raw = fingerprints(needs.vault.keys.hmac.current, read.subject, profile.fields);
  // as the system spelt what was written there: the same value still
  const prints = Object.fromEntries(
    Object.entries(raw).map(([name, print]) => [name, read.spelled[name] === print ? (read.fingerprints[name] ?? print) : print]),
  );
  const state = read.state === 'erased' || read.state === 'stripped' ? read.state : standings[profile.standing];
  const differing = [...new Set([...Object.keys(prints), ...Object.keys(read.fingerprints)])].filter(
    (name) => prints[name] !== read.fingerprints[name],
  );
  const refused = profile.refused && read.state === 'linked';
  const same = differing.length === 0 && state === read.state && !refused;
  if (!same && samples.changed.length < mostSamples)
    samples.changed.push({ fields: differing.sort(), row: masked(profile.fields), subject: read.subject });
  if (!run.dry && !same) await putRight(needs, read, profile, prints);
  return { record: read.id, same, state, fingerprints: same ? null : prints, refused };
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
  let { blanks } = run;
  for (const { subject } of people) {
    const { kind, blanked } = await judge(needs, run, subject);
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (blanked) blanks++;
    if (!run.dry && steps.has(kind)) await oweItem(needs.db, run.id, subject, kind);
  }
  const last = people.at(-1);
  if (last) {
    await noteRun(needs.db, run, { counts, blanks, position: last.subject });
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

interface Judged {
  /** As the counts name it. */
  kind: string;
  /** A value would be emptied. */
  blanked?: boolean;
}

/** What would be done for one person. */
async function judge(needs: Needs, run: RunRow, subject: string): Promise<Judged> {
  const duty = (await dutiesOf(needs.db, subject)).find((d) => d.recipient === run.system);
  if (!duty) return { kind: 'unchanged' };
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
  if (isMissing) return { kind: 'relink' };
  const records = view.input.records.map((record, i) => {
    const found = seen.get(view.rows[i]?.record?.id ?? '');
    return found?.fingerprints
      ? { ...record, fingerprints: found.fingerprints, state: found.state as KnownRecord['state'] }
      : record;
  });
  if (!run.dry)
    for (const [i, { fingerprints: prints }] of records.entries()) {
      const record = view.rows[i]?.record;
      if (record && editedFields(needs, run.system, prints, view.fingerprints).length > 0)
        await takeEditOf(needs, run.system, record);
    }
  const step = withExceptions(diff(plan({ ...view.input, records }), records), view.exceptions, view.version);
  return { kind: counted[step.kind] ?? 'unchanged', blanked: step.kind === 'update' && step.blanked.length > 0 };
}

const counted: Record<string, string> = {
  create: 'create',
  update: 'update',
  strip: 'update',
  restrict: 'restrict',
  erase: 'erase',
  hold: 'blocked',
};

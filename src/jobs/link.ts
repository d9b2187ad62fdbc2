import type { Profile } from '../connectors/connector.ts';
import { type Call, freeCall } from '../connectors/http.ts';
import { fingerprints } from '../core/fingerprint.ts';
import { masked } from '../core/mask.ts';
import { type LinkRule, match } from '../core/match.ts';
import type { Fields } from '../core/person.ts';
import { inTransaction } from '../store/database.ts';
import { hold } from '../store/held.ts';
import { deleteRecord, putRecord, recordByRemote, recordsOf, remoteHash, sealRef } from '../store/records.ts';
import { subjectById } from '../store/subjects.ts';
import { markLinked, systemState } from '../store/systems.ts';
import { noteRefusal } from './converge-notes.ts';
import { standings } from './converge-write.ts';
import type { Guard } from './guard.ts';
import { holdRearrival, type Sides } from './held-sides.ts';
import { likenessTo, valuesOnce } from './link-names.ts';
import { factsOf, type HashedRow, neighbours, type RowFacts } from './link-owners.ts';
import { type Needs, tell, whose } from './needs.ts';
import { isOwnRow, isServed } from './served.ts';

export interface LinkResult {
  system: string;
  /** Rows read. */
  read: number;
  /** Rows that are (or, in a preview, would be) newly linked. */
  linked: number;
  /** Near matches, several candidates, names that contradict: held for a person. */
  ambiguous: number;
  /** Rows known only by what several people, or nobody in particular, share: held for a person. */
  shared: number;
  /** Rows that nobody in the register knows. */
  orphans: number;
  alreadyLinked: number;
  /** Rows that the system has and that could not be read; absent: none. */
  unread?: number;
}

/** Whoever watches a first contact counts its requests, and may end it between two pages; then there is no answer. */
export interface LinkWatch {
  call: Call;
  goesOn(sofar: LinkResult): Promise<boolean>;
}

type Finding = Exclude<keyof LinkResult, 'system' | 'read' | 'unread'>;

/**
 * First contact: reads all rows of a recipient and ties each to its person, where an identifier that exactly one person has says
 * whose it is and nothing contradicts. The rest is for a person, or an orphan. A preview unless `apply`; afterwards the recipient
 * counts as linked and its duties run.
 */
export async function linkRecipient(needs: Needs, system: string, apply: boolean, actor: string): Promise<LinkResult>;
export async function linkRecipient(
  needs: Needs,
  system: string,
  apply: boolean,
  actor: string,
  watch: LinkWatch,
): Promise<LinkResult | null>;
export async function linkRecipient(
  needs: Needs,
  system: string,
  apply: boolean,
  actor: string,
  watch?: LinkWatch,
): Promise<LinkResult | null> {
  const recipient = needs.connectors[system]?.recipient;
  if (!recipient || recipient.refFor) throw new Error('this system is not a recipient whose rows can be listed');
  const [valuesOf, nearby] = [valuesOnce(needs), neighbours(needs, system)];
  const run: Run = { needs, system, apply, actor, made: new Map(), valuesOf, nearby };
  const result: LinkResult = { system, read: 0, linked: 0, ambiguous: 0, shared: 0, orphans: 0, alreadyLinked: 0 };
  const seen = new Set<string>();
  const unread = (rows: number) => {
    result.unread = (result.unread ?? 0) + rows;
  };
  for await (const page of recipient.list(watch?.call ?? freeCall, unread)) {
    const rows: HashedRow[] = [];
    for (const profile of page) {
      const hash = remoteHash(needs.vault, system, profile.ref.place, profile.ref.id);
      // pages that shift while they are read show a row twice
      const key = hash.toString('base64url', 0, 12);
      if (seen.has(key)) continue;
      seen.add(key);
      rows.push({ profile, hash });
    }
    const facts = await factsOf(needs, system, rows);
    for (const [at, { profile, hash }] of rows.entries()) {
      result.read++;
      const known = facts[at];
      if (!known) continue;
      const { finding, undone } = await linkOne(run, profile, hash, known);
      result[finding]++;
      if (undone) {
        result.linked--;
        result.ambiguous++;
      }
    }
    if (watch && !(await watch.goesOn(result))) return null;
  }
  if (apply) {
    await inTransaction(needs.db, async () => {
      const fresh = (await systemState(needs.db, system))?.linked_at == null;
      await markLinked(needs.db, system);
      if (fresh) await tell(needs, { actor, action: 'recipient.linked', system });
    });
  }
  return result;
}

interface Run {
  needs: Needs;
  system: string;
  apply: boolean;
  actor: string;
  /** Per person and place, the row that this run linked, and whether its name said whose it is. */
  made: Map<string, { profile: Profile; named: boolean }>;
  valuesOf(subject: string): Promise<Fields | null>;
  /** People whose address is one slip of the hand away from the row's. */
  nearby(fields: Fields): Promise<string[]>;
}

async function linkOne(
  run: Run,
  profile: Profile,
  hash: Buffer,
  facts: RowFacts,
): Promise<{ finding: Finding; undone?: boolean }> {
  const { needs, system } = run;
  const { place } = profile.ref;
  if (facts.isLinked || (await isOwnRow(needs, system, profile.ref))) return { finding: 'alreadyLinked' };
  if (facts.isDisowned) return { finding: 'orphans' };
  const likeness = (subject: string) => likenessTo(needs, profile.fields, subject, run.valuesOf);
  const found = await match(facts.clues, likeness);
  switch (found.kind) {
    case 'orphan':
      return { finding: await orphan(run, profile, hash, facts.guard) };
    case 'shared':
      await holdRow(run, profile, hash, found.candidates, 'shared');
      return { finding: 'shared' };
    case 'ambiguous':
      await holdRow(run, profile, hash, found.candidates, found.reason);
      return { finding: 'ambiguous' };
    case 'linked': {
      const named = (await likeness(found.subject)) === 'same';
      const twin = await twinOf(run, found.subject, place, named);
      if (twin) {
        await holdRow(run, profile, hash, [found.subject], 'second-row');
        return { finding: 'ambiguous', undone: await undo(run, found.subject, place) };
      }
      run.made.set(`${found.subject} ${place}`, { profile, named });
      if (run.apply) await writeLink(needs, system, profile, found.subject, run.actor, found.rule);
      return { finding: 'linked' };
    }
  }
}

/**
 * A second row of one person in one place. Two rows with their name are both theirs; where one says nothing, which of them is theirs
 * is for a person to say.
 */
async function twinOf(run: Run, subject: string, place: string, named: boolean): Promise<boolean> {
  const before = run.made.get(`${subject} ${place}`);
  if (before) return !(before.named && named);
  const rows = await recordsOf(run.needs.db, subject, run.system);
  return !named && rows.some((r) => r.place === place && r.state !== 'erased' && r.state !== 'absent');
}

/** Takes back the link that this run made to a nameless row, now that another claims the same person. */
async function undo(run: Run, subject: string, place: string): Promise<boolean> {
  const key = `${subject} ${place}`;
  const before = run.made.get(key);
  if (!before || before.named) return false;
  run.made.delete(key);
  const hash = remoteHash(run.needs.vault, run.system, place, before.profile.ref.id);
  if (run.apply) {
    const record = await recordByRemote(run.needs.db, run.system, place, hash);
    if (record) await deleteRecord(run.needs.db, record.id);
  }
  await holdRow(run, before.profile, hash, [subject], 'second-row');
  return true;
}

async function orphan(run: Run, profile: Profile, hash: Buffer, guard: Guard | null): Promise<Finding> {
  const { needs, system, apply, actor } = run;
  if (guard !== null) {
    if (!apply) return 'orphans';
    await holdRearrival(
      needs,
      {
        system,
        subject: null,
        erased: guard.subject,
        about: hash,
        role: guard.role,
        reason: 'tombstone',
        matched: guard.kinds,
        ref: profile.ref,
        fields: profile.fields,
      },
      actor,
    );
    return 'orphans';
  }
  const near: string[] = [];
  for (const candidate of await run.nearby(profile.fields)) {
    const like = await likenessTo(needs, profile.fields, candidate, run.valuesOf);
    if (like === 'same' || like === 'near') near.push(candidate);
  }
  if (near.length === 0) return 'orphans';
  await holdRow(run, profile, hash, near, 'near');
  return 'ambiguous';
}

async function holdRow(run: Run, profile: Profile, about: Buffer, candidates: string[], reason: string): Promise<void> {
  const { needs, system, apply, actor } = run;
  if (!apply) return;
  const shown = candidates.slice(0, mostCandidates);
  const sides: Sides = {
    ref: profile.ref,
    row: masked(profile.fields),
    candidates: await Promise.all(
      shown.map(async (subject) => ({ subject, register: masked((await run.valuesOf(subject)) ?? {}) })),
    ),
  };
  const opened = await hold(needs.db, {
    id: needs.newId(),
    kind: 'ambiguous-link',
    system,
    subject: null,
    about,
    reason,
    details: { candidates: shown },
    sides: needs.vault.sealJson('held-sides', sides),
  });
  if (opened) await tell(needs, { actor, action: 'hold.opened', system, reason: 'ambiguous-link' });
}

/** Of a switchboard's hundred people, as many as a person can look at. */
const mostCandidates = 10;

/** Ties a row to a person, under the rule that says why. False: it is somebody else's already. */
export async function writeLink(
  needs: Needs,
  system: string,
  profile: Profile,
  subjectId: string,
  actor: string,
  rule: LinkRule | 'person',
): Promise<boolean> {
  return inTransaction(needs.db, async () => {
    const subject = await subjectById(needs.db, subjectId);
    if (!subject || subject.state === 'erased' || !isServed(needs, system, subject.role)) return false;
    const made = await putRecord(needs.db, {
      id: needs.newId(),
      subject: subjectId,
      recipient: system,
      place: profile.ref.place,
      hash: remoteHash(needs.vault, system, profile.ref.place, profile.ref.id),
      sealedRef: sealRef(needs.vault, system, profile.ref),
      state: standings[profile.standing],
      how: rule,
      fingerprints: fingerprints(needs.vault.keys.hmac.current, subjectId, profile.fields),
      evidence: 'observed',
      version: 0,
    });
    if (!made) return false;
    await tell(needs, { actor, action: 'link.made', system, subject: whose(subject), reason: rule });
    if (profile.refused) await noteRefusal(needs, subjectId, system);
    return true;
  });
}

/**
 * A recipient that holds nobody, in any status, counts as linked, and so does one that nobody can look into: there is nothing to tie.
 * Answers whether first contact is made now.
 */
export async function tryFirstContact(needs: Needs, system: string): Promise<boolean> {
  const recipient = needs.connectors[system]?.recipient;
  if (!recipient || needs.connectors[system]?.manifest.human) return false;
  if ((await systemState(needs.db, system))?.linked_at != null) return true;
  const linked = async (reason: string) => {
    await markLinked(needs.db, system);
    await tell(needs, { actor: 'kaiku', action: 'recipient.linked', system, reason });
    return true;
  };
  if (recipient.refFor) return linked('not-readable');
  let unread = 0;
  for await (const page of recipient.list(freeCall, (rows) => (unread += rows))) if (page.length > 0) return false;
  // rows that nobody can read are somebody's
  return unread > 0 ? false : linked('holds-nobody');
}

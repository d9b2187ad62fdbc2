import { sql } from 'kysely';
import type { RemoteRef } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { Failure, type FailureCode } from '../core/failure.ts';
import { type Fields, fieldsOf } from '../core/person.ts';
import { allow, rectifiable } from '../core/policy.ts';
import { changes, inTransaction } from '../store/database.ts';
import { linksOf, type RecordRow, unsealRef } from '../store/records.ts';
import { registerRecords, registerRef, type SubjectRow } from '../store/subjects.ts';
import { type Needs, now, recipientNames, tell, whose } from './needs.ts';

/** Why somebody may have a person's values shown. Codes: the log takes no words. */
export const readReasons = ['request', 'accuracy', 'erasure-check', 'link-check', 'complaint', 'incident'] as const;
export type ReadReason = (typeof readReasons)[number];

/** What one row shows just now, or why it shows nothing. */
export interface ReadRow {
  system: string;
  place: string;
  isRegister: boolean;
  /** Null: nothing could be read; `problem` says why. */
  fields: Fields | null;
  /** Names whose value is not the register's, as this system would spell it. */
  differs: string[];
  problem?: FailureCode | 'too-slow' | 'not-there' | 'hidden' | 'people' | 'not-readable' | 'no-locator' | 'internal';
}

/** One slow system must not hold up the sight of the others, in ms. */
const patienceMs = 15_000;

/**
 * Reads what every system holds about a person just now, only the fields that a purpose declares. Written down before anything is
 * read: who, why (a code in the log, the words sealed), so that nothing is seen unseen. Nothing of it is kept.
 */
export async function readPerson(
  needs: Needs,
  subject: SubjectRow,
  why: { actor: string; reason: ReadReason; note?: string | undefined },
): Promise<ReadRow[]> {
  await noteReading(needs, subject, why);
  const rows = await Promise.all([...(await registerReads(needs, subject)), ...(await recipientReads(needs, subject))]);
  return compared(needs, rows);
}

/** Writes down that somebody is about to see a person's values, and why: a code in the log, the words sealed. */
export async function noteReading(
  needs: Needs,
  subject: SubjectRow,
  why: { actor: string; reason: ReadReason; note?: string | undefined },
): Promise<void> {
  const id = needs.newId();
  // after an erasure nothing new is kept about the person, not even sealed
  const note = why.note && subject.state !== 'erased' ? needs.vault.sealJson(`read-note:${id}`, why.note) : null;
  await inTransaction(needs.db, async () => {
    const at = await now(needs);
    await changes(
      needs.db,
      sql`INSERT INTO person_read (id, subject, actor, reason, sealed_note, at) VALUES (${id}, ${subject.id}, ${why.actor}, ${why.reason}, ${note}, ${at})`,
    );
    await tell(needs, { actor: why.actor, action: 'person.read', subject: whose(subject), reason: why.reason, code: id });
  });
}

const purposesOf = (needs: Needs, system: string) =>
  (needs.config.systems[system]?.recipient?.purposes ?? []).flatMap((name) => needs.config.purposes[name] ?? []);

async function registerReads(needs: Needs, subject: SubjectRow): Promise<Promise<ReadRow>[]> {
  const { register } = needs.connectors[subject.register] ?? {};
  const grant = rectifiable(Object.values(needs.config.purposes), subject.role);
  const found = (await registerRecords(needs.db, subject.id)).filter((row) => row.state !== 'erased');
  return found.map((row) =>
    guarded({ system: row.register, place: row.place, isRegister: true }, async () => {
      const ref = registerRef<RemoteRef>(needs.vault, row);
      if (!register || !ref) return { problem: 'no-locator' };
      const look = await register.look(ref, freeCall);
      if (look.kind === 'found') return { fields: allow(fieldsOf(look.record.person), grant) };
      return { problem: look.kind === 'hidden' ? 'hidden' : 'not-there' };
    }),
  );
}

const gone = new Set<RecordRow['state']>(['erased', 'absent', 'forgotten']);

async function recipientReads(needs: Needs, subject: SubjectRow): Promise<Promise<ReadRow>[]> {
  const known = new Set(recipientNames(needs.config));
  const found = (await linksOf(needs.db, subject.id)).filter((r) => known.has(r.recipient) && !gone.has(r.state));
  return found.map((record) =>
    guarded({ system: record.recipient, place: record.place, isRegister: false }, async () => {
      const connector = needs.connectors[record.recipient];
      if (connector?.manifest.human) return { problem: 'people' };
      if (connector?.recipient?.refFor) return { problem: 'not-readable' };
      if (!connector?.recipient || !record.sealed_ref) return { problem: 'no-locator' };
      const profile = await connector.recipient.read(
        unsealRef<RemoteRef>(needs.vault, record.recipient, record.sealed_ref),
        freeCall,
      );
      if (!profile) return { problem: 'not-there' };
      return { fields: allow(profile.fields, rectifiable(purposesOf(needs, record.recipient), subject.role)) };
    }),
  );
}

/** A system that fails or is silent says so in its own row; the others are shown all the same. */
async function guarded(
  of: Pick<ReadRow, 'system' | 'place' | 'isRegister'>,
  read: () => Promise<{ fields?: Fields; problem?: ReadRow['problem'] }>,
): Promise<ReadRow> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<{ problem: 'too-slow' }>((resolve) => {
    timer = setTimeout(() => resolve({ problem: 'too-slow' }), patienceMs);
  });
  const answer = await Promise.race([
    read().catch((error: unknown) => ({ problem: error instanceof Failure ? error.code : ('internal' as const) })),
    tooLate,
  ]);
  clearTimeout(timer);
  const { fields, problem } = answer as { fields?: Fields; problem?: NonNullable<ReadRow['problem']> };
  return { ...of, fields: fields ?? null, differs: [], ...(problem ? { problem } : {}) };
}

/** Marks what differs from the register's first row that was read. */
function compared(needs: Needs, rows: ReadRow[]): ReadRow[] {
  const master = rows.find((row) => row.isRegister && row.fields)?.fields;
  if (!master) return rows;
  return rows.map((row) => {
    if (row.isRegister || !row.fields) return row;
    const names = Object.keys(row.fields) as (keyof Fields)[];
    const asHeld = needs.connectors[row.system]?.recipient?.asHeld?.(master, row.place) ?? master;
    return { ...row, differs: names.filter((name) => !isSame(row.fields?.[name], asHeld[name])) };
  });
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
const sorted = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : (value ?? '');

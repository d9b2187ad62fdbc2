import { sql } from 'kysely';
import type { Scope } from '../core/scope.ts';
import { changes, type Db, json, row, rows, type Slice } from './database.ts';
import { within } from './scope.ts';

export type CaseType = 'access' | 'rectification' | 'erasure' | 'restriction' | 'objection' | 'portability';
export type CaseState = 'planned' | 'approved' | 'refused' | 'running' | 'closed';

/** What would happen at one system, as shown before anybody approves. */
export interface PlannedStep {
  system: string;
  step: string;
  fields?: string[];
  retained?: { fields: string[]; until: string; law: string };
  reason?: string;
}

export interface CaseRow {
  id: string;
  type: CaseType;
  state: CaseState;
  subject: string;
  source: string;
  channel: string | null;
  received_at: Date;
  plan: PlannedStep[];
  decision: { decision: string; by: string; at: string; reason?: string } | null;
  approve: 'person' | 'auto';
  undo_from: Date | null;
  register_by: Date | null;
  closed_at: Date | null;
  envelope_key: Buffer | null;
  envelope: Buffer | null;
  envelope_until: Date | null;
  clock: CaseClock;
  /** The last lawful day and the counted one, as counted when the clock last changed. */
  due: string | null;
  target: string | null;
  identity: CaseIdentity | null;
  sealed_request: Buffer | null;
  language: 'fi' | 'sv' | 'en' | null;
  first_approval: CaseRow['decision'];
  /** The person is restricted because of this case, until it is lifted. */
  restricts: boolean;
  lift: { toldOn: string; by: string; liftedAt?: string } | null;
  /** Of a correction: the version that the register showed it in. */
  corrected_version: number | null;
  hindered: { code: string; at: string } | null;
}

/** What moved a case's time limit. Days are the controller's. */
export interface CaseClock {
  extension?: { toldOn: string; sealedReasons: string };
  pauses?: { reason: 'identity' | 'clarification'; asked: string; answered: string | null }[];
}

/** How we know that the request is the person's own (Art. 12(6)): codes, never a document. */
export interface CaseIdentity {
  state: 'unproven' | 'proven' | 'doubted';
  how: string;
  by: string;
  at: string;
}

export const caseById = (db: Db, id: string): Promise<CaseRow | undefined> =>
  row(db, sql<CaseRow>`SELECT * FROM case_file WHERE id = ${id}`);

export const casesOf = (db: Db, subject: string): Promise<CaseRow[]> =>
  rows(db, sql<CaseRow>`SELECT * FROM case_file WHERE subject = ${subject} ORDER BY created_at`);

export const openErasure = (db: Db, subject: string): Promise<CaseRow | undefined> =>
  row(
    db,
    sql<CaseRow>`SELECT * FROM case_file WHERE subject = ${subject} AND type = 'erasure' AND state IN ('planned', 'approved', 'running')`,
  );

/**
 * The erasure that rules what becomes of somebody: the open one, else the last that was carried out of whom the register, by law, still keeps
 * something.
 */
export const erasureInForce = (db: Db, subject: string): Promise<CaseRow | undefined> =>
  row(
    db,
    sql<CaseRow>`
      SELECT c.* FROM case_file c JOIN subject s ON s.id = c.subject
      WHERE c.subject = ${subject} AND c.type = 'erasure' AND (c.state IN ('planned', 'approved', 'running') OR (c.state = 'closed' AND s.state = 'erasing'))
      ORDER BY c.state = 'closed', c.closed_at DESC LIMIT 1`,
  );

/** What is not decided or not ended first, each part newest first. */
export const allCases = (db: Db, scope: Scope, { limit, offset }: Slice, state: CaseState | null = null): Promise<CaseRow[]> =>
  rows(
    db,
    sql<CaseRow>`
      SELECT * FROM case_file WHERE ${within(scope, sql`case_file.subject`)} ${state === null ? sql`` : sql`AND state = ${state}`}
      ORDER BY state IN ('refused', 'closed'), created_at DESC, id LIMIT ${limit} OFFSET ${offset}`,
  );

/** What the machine has to go on with; access and portability go on when a person hands the answer over. */
export const runningCases = (db: Db): Promise<CaseRow[]> =>
  rows(
    db,
    sql<CaseRow>`
      SELECT * FROM case_file WHERE type IN ('erasure', 'rectification', 'restriction', 'objection') AND state IN ('approved', 'running')
      ORDER BY created_at LIMIT 1000`,
  );

/** The open case of this kind about somebody: a second request joins it. */
export const openCaseOf = (db: Db, subject: string, type: CaseType): Promise<CaseRow | undefined> =>
  row(
    db,
    sql<CaseRow>`SELECT * FROM case_file WHERE subject = ${subject} AND type = ${type} AND state IN ('planned', 'approved', 'running')`,
  );

/** The states of the cases that there are. */
export const caseStatesOf = async (db: Db, ids: readonly string[]): Promise<Map<string, CaseState>> =>
  new Map(
    (
      await rows(db, sql<{ id: string; state: CaseState }>`SELECT id, state FROM case_file WHERE id = ANY(${[...ids]}::uuid[])`)
    ).map(({ id, state }) => [id, state]),
  );

/** Whether any case still restricts the person (Art. 18). */
export const isRestrictedByCase = async (db: Db, subject: string): Promise<boolean> =>
  (await row(db, sql`SELECT 1 FROM case_file WHERE subject = ${subject} AND restricts LIMIT 1`)) !== undefined;

export const setRestricts = (db: Db, id: string, restricts: boolean, lift: CaseRow['lift']) =>
  changes(db, sql`UPDATE case_file SET restricts = ${restricts}, lift = ${lift === null ? null : json(lift)} WHERE id = ${id}`);

export const setIdentity = (db: Db, id: string, identity: CaseIdentity) =>
  changes(db, sql`UPDATE case_file SET identity = ${json(identity)} WHERE id = ${id}`);

export const setFirstApproval = (db: Db, id: string, first: NonNullable<CaseRow['first_approval']>) =>
  changes(db, sql`UPDATE case_file SET first_approval = ${json(first)} WHERE id = ${id}`);

export const noteCorrected = (db: Db, id: string, version: number) =>
  changes(db, sql`UPDATE case_file SET corrected_version = ${version}, hindered = NULL WHERE id = ${id}`);

export const noteHindered = (db: Db, id: string, hindered: { code: string; at: string }) =>
  changes(db, sql`UPDATE case_file SET hindered = ${json(hindered)} WHERE id = ${id}`);

export const insertCase = (
  db: Db,
  c: {
    id: string;
    type: CaseType;
    subject: string;
    source: string;
    channel: string | null;
    receivedAt: Date;
    plan: PlannedStep[];
    approve: 'person' | 'auto';
    sealedNote: Buffer | null;
    envelopeKey: Buffer;
    envelope: Buffer;
    due: string;
    target: string;
    identity?: CaseIdentity | null;
    sealedRequest?: Buffer | null;
    language?: CaseRow['language'];
  },
) =>
  changes(
    db,
    sql`INSERT INTO case_file (id, type, state, subject, source, channel, received_at, plan, approve, sealed_note, envelope_key, envelope, due, target,
          identity, sealed_request, language)
        VALUES (${c.id}, ${c.type}, 'planned', ${c.subject}, ${c.source}, ${c.channel}, ${c.receivedAt}, ${json(c.plan)}, ${c.approve}, ${c.sealedNote}, ${c.envelopeKey}, ${c.envelope},
          ${c.due}, ${c.target}, ${c.identity ? json(c.identity) : null}, ${c.sealedRequest ?? null}, ${c.language ?? null})`,
  );

/** Moves a case on; false when it was not in one of the states it may come from. */
export async function moveCase(
  db: Db,
  id: string,
  from: readonly CaseState[],
  to: CaseState,
  set: { decision?: CaseRow['decision']; undoFrom?: Date; registerBy?: Date; closedAt?: Date; envelopeUntil?: Date } = {},
): Promise<boolean> {
  return (
    (await changes(
      db,
      sql`UPDATE case_file SET state = ${to},
            decision = ${set.decision ? json(set.decision) : sql`decision`},
            undo_from = ${set.undoFrom ?? sql`undo_from`}, register_by = ${set.registerBy ?? sql`register_by`},
            closed_at = ${set.closedAt ?? sql`closed_at`}, envelope_until = ${set.envelopeUntil ?? sql`envelope_until`}
          WHERE id = ${id} AND state = ANY(${from}::text[])`,
    )) === 1
  );
}

/** Writes a clock that was moved, and the days counted from it. */
export const setClock = (db: Db, id: string, clock: CaseClock, counted: { due: string; target: string }) =>
  changes(
    db,
    sql`UPDATE case_file SET clock = ${json(clock)}, due = ${counted.due}, target = ${counted.target} WHERE id = ${id}`,
  );

/** Open cases, whose days may have to be counted again. */
export const openCases = (db: Db): Promise<CaseRow[]> =>
  rows(db, sql<CaseRow>`SELECT * FROM case_file WHERE state IN ('planned', 'approved', 'running') ORDER BY id`);

/** What is parked waits longer than its case was closed for: the locators stay until the last look after that day. */
export const keepEnvelopes = (db: Db, subject: string, until: Date) =>
  changes(
    db,
    sql`UPDATE case_file SET envelope_until = greatest(envelope_until, ${until})
        WHERE subject = ${subject} AND type = 'erasure' AND envelope IS NOT NULL AND envelope_until IS NOT NULL`,
  );

/** Envelopes whose end date has come lose their key and their content; so do the audit pseudonyms of people erased long ago. */
export async function dropEnvelopes(db: Db, now: Date): Promise<number> {
  const dropped = await rows(
    db,
    sql<{
      subject: string;
    }>`UPDATE case_file SET envelope = NULL, envelope_key = NULL WHERE envelope_until <= ${now} AND envelope IS NOT NULL RETURNING subject`,
  );
  for (const { subject } of dropped) {
    // whatever somebody wrote about them goes with the last envelope of an erased person
    const isOver = sql`EXISTS (SELECT 1 FROM subject WHERE id = ${subject} AND state = 'erased')
      AND NOT EXISTS (SELECT 1 FROM case_file WHERE subject = ${subject} AND envelope IS NOT NULL)`;
    await changes(db, sql`UPDATE task SET sealed_note = NULL, sealed_question = NULL WHERE subject = ${subject} AND ${isOver}`);
    await changes(db, sql`UPDATE case_file SET sealed_note = NULL WHERE subject = ${subject} AND ${isOver}`);
    // and that they were also somebody else here
    await changes(db, sql`DELETE FROM same_person WHERE ${subject} IN (a, b) AND ${isOver}`);
    await changes(
      db,
      sql`UPDATE subject SET audit_nonce = NULL WHERE id = ${subject} AND state = 'erased'
          AND NOT EXISTS (SELECT 1 FROM case_file WHERE subject = ${subject} AND envelope IS NOT NULL)`,
    );
  }
  return dropped.length;
}

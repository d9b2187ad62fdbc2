import { type RawBuilder, sql } from 'kysely';
import { type Scope, seesEverybody, staffRoles } from '../core/scope.ts';
import { type Db, rows } from './database.ts';

type Ref = RawBuilder<unknown>;

/** As literals, so that the index over the few of them is used. */
const staff = sql.join(staffRoles.map((role) => sql.lit(role)));

/**
 * The condition that a row is within a scope. `subject` is the column (or expression) that names the person, `system` the one that
 * names the system; without it only grants over all systems count. Every statement that lists rows about people carries one.
 */
export function within(scope: Scope, subject: Ref, system?: Ref): RawBuilder<boolean> {
  if (seesEverybody(scope)) return sql<boolean>`true`;
  const [only] = scope;
  // what nearly everybody sees, and much the cheapest: all but the few
  if (scope.length === 1 && only?.people === 'others' && only.systems === 'all')
    return sql<boolean>`NOT EXISTS (SELECT 1 FROM subject seen WHERE seen.id = ${subject} AND seen.role IN (${staff}))`;
  const seen = sql`seen.role IN (${staff})`;
  const grants = scope.flatMap((g) => {
    if (g.systems !== 'all' && !system) return [];
    const people =
      g.people === 'others' ? sql`NOT ${seen}` : g.people === 'staff' ? seen : sql`seen.id = ANY(${[...g.people]}::uuid[])`;
    return [g.systems === 'all' ? people : sql`(${people} AND ${system} = ANY(${[...g.systems]}::text[]))`];
  });
  if (grants.length === 0) return sql<boolean>`false`;
  return sql<boolean>`EXISTS (SELECT 1 FROM subject seen WHERE seen.id = ${subject} AND (${sql.join(grants, sql` OR `)}))`;
}

/** A hold is about a person, about several candidates (all must be seen), or about a row of somebody in a role. */
export function heldWithin(scope: Scope): RawBuilder<boolean> {
  if (seesEverybody(scope)) return sql<boolean>`true`;
  const whole = (people: 'others' | 'staff') =>
    sql.join(
      [
        sql`false`,
        ...scope
          .filter((g) => g.people === people)
          .map((g) => (g.systems === 'all' ? sql`true` : sql`held.system = ANY(${[...g.systems]}::text[])`)),
      ],
      sql` OR `,
    );
  return sql<boolean>`(CASE
    WHEN held.subject IS NOT NULL THEN ${within(scope, sql`held.subject`, sql`held.system`)}
    WHEN jsonb_array_length(coalesce(held.details -> 'candidates', '[]')) > 0 THEN NOT EXISTS (
      SELECT 1 FROM jsonb_array_elements_text(held.details -> 'candidates') candidate (id)
      WHERE NOT ${within(scope, sql`candidate.id::uuid`, sql`held.system`)})
    WHEN held.role IN (${staff}) THEN ${whole('staff')}
    ELSE ${whole('others')} END)`;
}

/** A request that came by the form is about whom its sender said they are; without a role, about no staff. */
export function intakeWithin(scope: Scope): RawBuilder<boolean> {
  if (seesEverybody(scope)) return sql<boolean>`true`;
  const whole = (people: 'others' | 'staff') => sql.lit(scope.some((g) => g.people === people && g.systems === 'all'));
  return sql<boolean>`(CASE WHEN intake.role IN (${staff}) THEN ${whole('staff')} ELSE ${whole('others')} END)`;
}

/** The condition that an entry of the log is about somebody outside the scope: by its case, its duty or its pseudonym. */
export const entryBeyond = (scope: Scope, caseFile: Ref, said: Ref): RawBuilder<boolean> =>
  seesEverybody(scope)
    ? sql<boolean>`false`
    : sql<boolean>`(
      EXISTS (SELECT 1 FROM case_file c WHERE c.id = ${caseFile} AND NOT ${within(scope, sql`c.subject`)})
      OR EXISTS (SELECT 1 FROM duty d WHERE d.id = (${said} ->> 'duty')::uuid AND NOT ${within(scope, sql`d.subject`, sql`d.recipient`)})
      OR coalesce(${said} ->> 'subject' IN (
        SELECT encode(sha256(s.audit_nonce || convert_to(s.id::text, 'UTF8')), 'hex') FROM subject s
        WHERE s.audit_nonce IS NOT NULL AND NOT ${within(scope, sql`s.id`)}), false))`;

/** Which of these ids name something about a person outside the scope: a subject, a case, a task, a duty, a link, a hold, a legal hold or a request of the form. */
export async function hiddenAmong(db: Db, scope: Scope, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0 || seesEverybody(scope)) return new Set();
  const found = await rows(
    db,
    sql<{ id: string }>`
      SELECT asked.id::text AS id FROM unnest(${[...ids]}::uuid[]) asked (id) CROSS JOIN LATERAL (
        SELECT s.id AS subject, NULL AS system FROM subject s WHERE s.id = asked.id
        UNION ALL SELECT c.subject, NULL FROM case_file c WHERE c.id = asked.id
        UNION ALL SELECT t.subject, t.system FROM task t WHERE t.id = asked.id
        UNION ALL SELECT d.subject, d.recipient FROM duty d WHERE d.id = asked.id
        UNION ALL SELECT r.subject, r.recipient FROM record r WHERE r.id = asked.id
        UNION ALL SELECT l.subject, NULL FROM legal_hold l WHERE l.id = asked.id
      ) thing WHERE NOT ${within(scope, sql`thing.subject`, sql`thing.system`)}
      UNION SELECT held.id::text FROM held WHERE held.id = ANY(${[...ids]}::uuid[]) AND NOT ${heldWithin(scope)}
      UNION SELECT intake.id::text FROM intake WHERE intake.id = ANY(${[...ids]}::uuid[]) AND NOT ${intakeWithin(scope)}`,
  );
  return new Set(found.map(({ id }) => id));
}

import { sql } from 'kysely';
import type { Scope } from '../core/scope.ts';
import { changes, type Db, row, rows } from './database.ts';
import { within } from './scope.ts';

/** Ties between subjects of different roles or registers that are one human being. A person confirms each; none is ever inferred. */

/** Somebody in another role, as whoever may see both is told. */
export interface OtherRole {
  id: string;
  role: string;
  register: string;
  state: 'active' | 'erasing' | 'erased';
}

const pair = (x: string, y: string) => (x < y ? { a: x, b: y } : { a: y, b: x });

/** False where the tie is there already. */
export async function putTie(db: Db, x: string, y: string, by: string): Promise<boolean> {
  const { a, b } = pair(x, y);
  return (
    (await changes(db, sql`INSERT INTO same_person (a, b, confirmed_by) VALUES (${a}, ${b}, ${by}) ON CONFLICT DO NOTHING`)) > 0
  );
}

/** False where there is no such tie. */
export async function cutTie(db: Db, x: string, y: string): Promise<boolean> {
  const { a, b } = pair(x, y);
  return (await changes(db, sql`DELETE FROM same_person WHERE a = ${a} AND b = ${b}`)) > 0;
}

export const areTied = async (db: Db, x: string, y: string): Promise<boolean> => {
  const { a, b } = pair(x, y);
  return (await row(db, sql`SELECT 1 AS tied FROM same_person WHERE a = ${a} AND b = ${b}`)) !== undefined;
};

/** Who is confirmed to be the same person, as far as the scope goes. */
export const otherRolesOf = (db: Db, subject: string, scope: Scope): Promise<OtherRole[]> =>
  rows(
    db,
    sql<OtherRole>`
      SELECT s.id, s.role, s.register, s.state FROM same_person t
      JOIN subject s ON s.id = CASE WHEN t.a = ${subject} THEN t.b ELSE t.a END
      WHERE ${subject} IN (t.a, t.b) AND ${within(scope, sql`s.id`)} ORDER BY s.role, s.id`,
  );

/** The roles of several people, each with those who are confirmed to be the same person, as far as the scope goes. */
export async function rolesOfMany(
  db: Db,
  subjects: readonly string[],
  scope: Scope,
): Promise<Map<string, { role: string; others: { id: string; role: string }[] }>> {
  const found = await rows(
    db,
    sql<{ subject: string; mine: string; id: string | null; role: string | null }>`
      SELECT me.id AS subject, me.role AS mine, s.id, s.role FROM subject me
      LEFT JOIN same_person t ON me.id IN (t.a, t.b)
      LEFT JOIN subject s ON s.id = CASE WHEN t.a = me.id THEN t.b ELSE t.a END AND ${within(scope, sql`s.id`)}
      WHERE me.id = ANY(${[...subjects]}::uuid[]) AND ${within(scope, sql`me.id`)} ORDER BY s.role, s.id`,
  );
  const people = new Map<string, { role: string; others: { id: string; role: string }[] }>();
  for (const { subject, mine, id, role } of found) {
    const one = people.get(subject) ?? { role: mine, others: [] };
    if (id !== null && role !== null) one.others.push({ id, role });
    people.set(subject, one);
  }
  return people;
}

/** Living people of another role or register who have an identifier in common, for a person to look at: it may be a family's. */
export const maybeSamePerson = (db: Db, subject: string, scope: Scope): Promise<OtherRole[]> =>
  rows(
    db,
    sql<OtherRole>`
      SELECT DISTINCT s.id, s.role, s.register, s.state FROM subject me
      JOIN identifier mine ON mine.subject = me.id AND mine.kind <> 'customerNumber'
      JOIN identifier theirs ON theirs.kind = mine.kind AND theirs.hash = mine.hash AND theirs.subject <> me.id
      JOIN subject s ON s.id = theirs.subject AND s.state <> 'erased' AND (s.role, s.register) <> (me.role, me.register)
      WHERE me.id = ${subject} AND ${within(scope, sql`s.id`)}
        AND NOT EXISTS (SELECT 1 FROM same_person t WHERE t.a = least(me.id, s.id) AND t.b = greatest(me.id, s.id))
      ORDER BY s.role, s.id LIMIT 10`,
  );

/** A merged subject's ties become those of the one that stays. */
export async function moveTies(db: Db, from: string, into: string): Promise<void> {
  await changes(
    db,
    sql`INSERT INTO same_person (a, b, confirmed_by, at)
        SELECT least(other, ${into}::uuid), greatest(other, ${into}::uuid), confirmed_by, at
        FROM (SELECT CASE WHEN a = ${from} THEN b ELSE a END AS other, confirmed_by, at FROM same_person WHERE ${from} IN (a, b)) moved
        WHERE other <> ${into} ON CONFLICT DO NOTHING`,
  );
  await forgetTies(db, from);
}

/** Whoever is erased and out of every case is nobody's other role any more. */
const forgetTies = (db: Db, subject: string): Promise<number> =>
  changes(db, sql`DELETE FROM same_person WHERE ${subject} IN (a, b)`);

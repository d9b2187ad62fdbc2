import { sql } from 'kysely';
import { subjectRef } from '../../src/core/audit-entry.ts';
import type { Needs } from '../../src/jobs/needs.ts';

/** How many of what a crowd is. */
export interface Crowd {
  subjects: number;
  cases: number;
}

/** One of the crowd who has everything: an erasure that runs, links, versions, a task and a history. */
export interface Somebody {
  subject: string;
  /** Their erasure; running. */
  found: string;
  /** Another's erasure; planned. */
  planned: string;
  task: string;
}

/**
 * Fills a fresh ledger by SQL, as it would look after a year: everybody with a register row, links, prints and settled duties, a
 * part of them in erasures of every state, with tasks, holds and dead steps among them. No values: nothing here can be unsealed,
 * and no page needs it.
 */
export async function seedCrowd(needs: Needs, { subjects, cases }: Crowd): Promise<Somebody> {
  const { db } = needs;
  const run = (text: string) => sql.raw(text).execute(db);
  // the form of a random uuid, made from a text: the pages take no other
  const uuid = (text: string) => `overlay(overlay(md5(${text}) placing '4' from 13) placing '8' from 17)::uuid`;
  const id = (kind: string, i = 'i') => uuid(`'${kind}' || ${i}`);
  const bytes = (kind: string) => `decode(md5('${kind}' || i) || md5('${kind}+' || i), 'hex')`;
  const ago = (days: string) => `now() - ${days} * interval '1 day'`;
  const prints = `jsonb_build_object('givenName', md5('g' || i), 'familyName', md5('f' || i), 'email', md5('e' || i), 'phone', md5('p' || i), 'customerNumber', md5('c' || i))`;
  const to = (n: number) => `generate_series(1, ${n}) AS i`;

  await run(`INSERT INTO subject (id, role, register, state, restricted, version, wrapped_key, audit_nonce, created_at)
    SELECT ${id('s')}, 'customer', 'crm', CASE WHEN i <= ${cases} THEN CASE WHEN i % 4 = 0 THEN 'erased' ELSE 'erasing' END ELSE 'active' END,
      i <= ${cases}, 3, ${bytes('k')}, decode(md5('n' || i), 'hex'), ${ago('i % 365')} FROM ${to(subjects)}`);
  await run(`INSERT INTO register_record (register, place, remote_hash, subject, sealed_ref)
    SELECT 'crm', 'contact', ${bytes('rr')}, ${id('s')}, ${bytes('ref')} FROM ${to(subjects)}`);
  await run(`INSERT INTO identifier (subject, kind, hash, key_id, normaliser)
    SELECT ${id('s')}, kind, decode(md5(kind || i), 'hex'), 'k', 1 FROM ${to(subjects)}, unnest(ARRAY['email', 'phone', 'customerNumber']) AS kind`);
  await run(`INSERT INTO version (subject, version, kind, source, fingerprints)
    SELECT ${id('s')}, v, 'rectification', 'crm', ${prints} FROM ${to(subjects)}, generate_series(1, 3) AS v`);
  await run(`INSERT INTO record (id, subject, recipient, place, remote_hash, sealed_ref, state, linked_how, fingerprints, evidence, written_version, observed_at)
    SELECT ${uuid('r || i')}, ${id('s')}, r, CASE r WHEN 'partner' THEN 'people' ELSE 'all' END, decode(md5(r || i), 'hex'), ${bytes('ref')}, 'linked',
      'exact-email', ${prints}, 'observed', 3, now() FROM ${to(subjects)}, unnest(ARRAY['newsletter', 'partner']) AS r`);
  await run(`INSERT INTO disclosure (subject, recipient, purpose, fields, first_at, last_at)
    SELECT ${id('s')}, r, 'invoicing', ARRAY['givenName', 'familyName', 'email'], ${ago('200')}, ${ago('2')} FROM ${to(subjects)}, unnest(ARRAY['newsletter', 'partner']) AS r`);
  await run(`INSERT INTO duty (id, subject, recipient, wanted, satisfied, state, outcome, evidence, reason, since, retained, asked_whom, asked_due, not_before)
    SELECT ${uuid("'d' || r || i")}, ${id('s')}, r, 3, 3, state,
      CASE state WHEN 'settled' THEN CASE WHEN i <= ${cases} THEN 'erased' ELSE 'unchanged' END WHEN 'waiting' THEN 'retained' END,
      CASE state WHEN 'settled' THEN 'observed' WHEN 'asked' THEN 'asked' ELSE 'accepted' END,
      CASE state WHEN 'dead' THEN 'recipient-refused' WHEN 'held' THEN 'vanished' END, ${ago('(i % 30)')},
      CASE state WHEN 'waiting' THEN '{"fields":["givenName","familyName","customerNumber"],"until":"2031-12-31","law":"Accounting Act 1336/1997, chapter 2 section 10"}'::jsonb END,
      CASE state WHEN 'asked' THEN 'finance' END, CASE state WHEN 'asked' THEN now() + (i % 20 - 10) * interval '1 day' END, NULL
    FROM (SELECT i, r, CASE WHEN i > ${cases} THEN CASE WHEN i % 500 = 0 AND r = 'newsletter' THEN 'dead' WHEN i % 700 = 0 THEN 'unknown' ELSE 'settled' END
        WHEN i % 4 = 0 THEN 'settled' WHEN r = 'partner' THEN 'asked' WHEN i % 5 = 0 THEN 'waiting' WHEN i % 7 = 0 THEN 'open' ELSE 'settled' END AS state
      FROM ${to(subjects)}, unnest(ARRAY['crm', 'newsletter', 'partner']) AS r) AS all_of_them`);
  const plan = `[{"system":"newsletter","step":"erase","fields":["givenName","familyName","email"]},{"system":"partner","step":"ask"},{"system":"crm","step":"erase","reason":"last"}]`;
  await run(`INSERT INTO case_file (id, type, state, subject, source, channel, received_at, plan, decision, closed_at, created_at)
    SELECT ${id('c')}, 'erasure', state, ${id('s')}, 'api', 'mail', ${ago('(i % 60)')}, '${plan}'::jsonb,
      CASE WHEN state <> 'planned' THEN jsonb_build_object('decision', 'approved', 'by', 'os:test', 'at', now()) END,
      CASE WHEN state = 'closed' THEN now() END, ${ago('(i % 60)')}
    FROM (SELECT i, CASE i % 4 WHEN 0 THEN 'closed' WHEN 1 THEN 'planned' ELSE 'running' END AS state FROM ${to(cases)}) AS them`);
  await run(`INSERT INTO task (id, duty, system, subject, case_file, ask, version, due, created_at, answered_at, outcome)
    SELECT ${id('t')}, ${uuid("'dpartner' || i")}, 'partner', ${id('s')}, ${id('c')}, 'erase', 3, now() + (i % 20 - 10) * interval '1 day', ${ago('14')},
      CASE WHEN i % 4 = 0 THEN now() END, CASE WHEN i % 4 = 0 THEN 'erased' END FROM ${to(cases)}`);
  await run(`INSERT INTO held (id, kind, system, subject, about, reason, created_at)
    SELECT ${id('h')}, CASE i % 3 WHEN 0 THEN 'rearrival' ELSE 'vanished' END, 'crm', CASE WHEN i % 3 <> 0 THEN ${id('s', `(${cases} + i)`)} END, ${bytes('h')},
      CASE i % 3 WHEN 0 THEN 'tombstone' ELSE 'not-in-register' END, ${ago('(i % 40)')} FROM ${to(Math.min(cases, Math.max(1, subjects - cases)))}`);

  // everybody's first entry, and a long history of one; their pseudonym is made as the ledger makes it
  const who = (
    await sql<{ id: string; nonce: Buffer }>`SELECT ${sql.raw(id('s', '2'))} AS id, decode(md5('n2'), 'hex') AS nonce`.execute(db)
  ).rows[0];
  if (!who) throw new Error('nobody is in the crowd');
  const ref = subjectRef(who.nonce, who.id);
  const line = (subject: string) =>
    `'{"action":"duty.moved","actor":"kaiku","evidence":"observed","from":"sending","id":"' || ${id('a')} || '","outcome":"updated","subject":"' || ${subject} || '","system":"newsletter","time":"2026-11-24T10:00:00.000Z","to":"settled","v":1}'`;
  await run(
    `INSERT INTO audit_entry (id, line) SELECT ${id('a')}, ${line(`md5('x' || i) || md5('y' || i)`)} FROM ${to(subjects)}`,
  );
  await run(`INSERT INTO audit_entry (id, case_file, line)
    SELECT ${id('b')}, CASE WHEN i < 5 THEN ${id('c', '2')} END, ${line(`'${ref}'`)} FROM ${to(500)}`);
  await run(`UPDATE system_state SET linked_at = now(), last_answer_at = now()`);
  // what a ledger of this age has behind it
  await run('VACUUM (ANALYZE)');
  const found = (
    await sql<Somebody>`SELECT ${sql.raw(id('s', '2'))} AS subject, ${sql.raw(id('c', '2'))} AS found, ${sql.raw(id('c', '1'))} AS planned, ${sql.raw(id('t', '2'))} AS task`.execute(
      db,
    )
  ).rows[0];
  if (!found) throw new Error('nobody is in the crowd');
  return found;
}

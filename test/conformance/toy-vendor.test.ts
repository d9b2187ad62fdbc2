import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Profile, Written } from '../../src/connectors/connector.ts';
import { Failure } from '../../src/core/failure.ts';
import { catchesBreakages } from './breakages.ts';
import { checksFor, keepsTheContract, runCheck } from './keeps-the-contract.ts';
import { type Breakage, toySubject } from './toy-connector.ts';
import { given } from './world.ts';

keepsTheContract('the toy vendor', toySubject());
catchesBreakages('the toy vendor', toySubject());

/** Whether the check of that name fails on a broken connector. */
async function isCaught(broken: Breakage, name: string): Promise<boolean> {
  const subject = toySubject(broken);
  const check = checksFor(subject).find((c) => c.name.replace(/ \(\d+\)$/, '') === name);
  if (!check) throw new Error(`no check is called "${name}"`);
  return runCheck(check, subject).then(
    () => false,
    () => true,
  );
}

const onLoss = (work: Promise<Written>, otherwise: Written) =>
  work.catch((error: unknown) => {
    if (error instanceof Failure && error.code === 'ANSWER_LOST') return otherwise;
    throw error;
  });

const profileOf = (id: string, email: string): Profile => ({
  ref: { place: 'people', id },
  fields: { email },
  standing: 'active',
  refused: false,
});

describe.concurrent('a connector is caught that', () => {
  it.each<[string, Breakage, string]>([
    [
      'archives instead of erasing',
      (_good, { ask }) => ({
        erase: async (ref, call) =>
          (await ask('DELETE', `/people/${ref.id}`, call)).status === 404 ? { kind: 'not-found' } : { kind: 'accepted', ref },
      }),
      'erases, which is more than archiving',
    ],
    [
      'drops a new address',
      (good) => ({
        rectify: (ref, { email: _, ...fields }, blanked, call) => good.rectify(ref, given(fields), blanked, call),
      }),
      'changes an address and keeps the row: one row, the same id, nobody at the old address',
    ],
    [
      'makes a second row for a new address',
      (good) => ({
        async rectify(ref, fields, blanked, call) {
          const now = await good.read(ref, call);
          if (now && fields.email && fields.email !== now.fields.email) return good.create(fields, ref.place, call);
          return good.rectify(ref, fields, blanked, call);
        },
      }),
      'changes an address and keeps the row: one row, the same id, nobody at the old address',
    ],
    [
      'claims success for a lost write',
      (good) => ({ erase: (ref, call) => onLoss(good.erase(ref, call), { kind: 'accepted', ref }) }),
      'says of a lost answer that it was lost, and not that it was done (erase)',
    ],
    [
      'upserts when it rectifies',
      (good) => ({
        async rectify(ref, fields, blanked, call) {
          const said = await good.rectify(ref, fields, blanked, call);
          return said.kind === 'not-found' ? good.create(fields, ref.place, call) : said;
        },
      }),
      'brings nobody into being by a rectification',
    ],
    [
      'creates again when an answer was lost',
      (good) => ({
        create: async (fields, place, call) =>
          onLoss(good.create(fields, place, call), { kind: 'exists' }).then((said) =>
            said.kind === 'exists' ? good.create(fields, place, call) : said,
          ),
      }),
      'says of a lost answer that it was lost, and not that it was done (create)',
    ],
    [
      'turns a row on again when it rectifies',
      (good, { ask }) => ({
        async rectify(ref, fields, blanked, call) {
          const said = await good.rectify(ref, fields, blanked, call);
          if (said.kind === 'accepted') await ask('PATCH', `/people/${ref.id}`, call, { state: 'on' });
          return said;
        },
      }),
      'keeps a restricted row restricted when it is rectified',
    ],
    [
      'turns a frozen row on by restricting it',
      (_good, { ask }) => ({
        restrict: async (ref, _permissions, call) =>
          (await ask('PATCH', `/people/${ref.id}`, call, { state: 'on' })).status === 404
            ? { kind: 'not-found' }
            : { kind: 'accepted', ref },
      }),
      'never makes a row usable by restricting it',
    ],
    [
      'leaves a blanked field as it was',
      (good) => ({ rectify: (ref, fields, _blanked, call) => good.rectify(ref, fields, [], call) }),
      'blanks the fields it is told to blank, and no other',
    ],
    [
      'takes the letters beyond ASCII away',
      (good) => ({
        rectify: (ref, fields, blanked, call) =>
          good.rectify(ref, given({ ...fields, givenName: String(fields.givenName).replace(/[^ -~]/g, '?') }), blanked, call),
      }),
      'keeps å, ä and ö as they are, or refuses them: never another letter',
    ],
    [
      'reads "nobody is there" out of anything it does not understand',
      (good) => ({ read: (ref, call) => good.read(ref, call).catch(() => null) }),
      'does not take garbage-200 for "nobody is there"',
    ],
    [
      'lists the first page only',
      (good) => ({
        async *list(call) {
          for await (const page of good.list(call)) return yield page;
        },
      }),
      'lists every row once, of more than a page',
    ],
    [
      'ends a list at a page that failed',
      (good) => ({
        async *list(call) {
          try {
            yield* good.list(call);
          } catch {
            // as if that had been all
          }
        },
      }),
      'does not end a list in the middle as if it were whole',
    ],
    [
      'believes a status and not the answer',
      (_good, { ask }) => ({
        restrict: async (ref, _permissions, call) =>
          (await ask('POST', `/people/${ref.id}/stop`, call)).status === 404 ? { kind: 'not-found' } : { kind: 'accepted', ref },
      }),
      'takes garbage-200 for no success, and says to read first (restrict)',
    ],
    [
      'writes a second time by itself',
      (good) => ({ erase: (ref, call) => good.erase(ref, call).catch(() => good.erase(ref, call)) }),
      'sends a throttled write no second time (erase)',
    ],
    [
      'puts the person into the failure',
      (good) => ({
        find: (fields, place, call): Promise<Profile[]> =>
          good.find(fields, place, call).catch((cause: unknown) => {
            if (cause instanceof Failure) throw new Failure(cause.code, { cause: new Error(`looking for ${fields.email}`) });
            throw cause;
          }),
      }),
      'keeps the person and the credentials out of every failure',
    ],
    [
      'asks without its lease',
      (good) => ({
        erase: (ref) => good.erase(ref, { beforeWire: async () => Number.POSITIVE_INFINITY }),
      }),
      'sends nothing more once the lease is lost, and says so',
    ],
    [
      'crashes on an answer of another form',
      (_good, { ask }) => ({
        find: async (fields, place, call) => {
          const answer = await ask('GET', `/people?email=${encodeURIComponent(String(fields.email))}`, call);
          const rows = answer.json() as { id: string; email: string; first: string; last: string; state: string }[];
          return rows.map((row) => ({
            ref: { place, id: row.id.trim() },
            fields: { email: row.email, givenName: row.first, familyName: row.last },
            standing: row.state === 'on' ? 'active' : row.state === 'off' ? 'restricted' : 'inert',
            refused: false,
          }));
        },
      }),
      'makes nothing of spoilt answers but failures',
    ],
    [
      'takes a standing that it does not understand for "not in use"',
      (good, { ask }) => ({
        async restrict(ref, permissions, call) {
          const answer = await ask('GET', `/people/${ref.id}`, call);
          const row = z.looseObject({ state: z.unknown() }).safeParse(answer.status === 404 ? null : answer.json()).data;
          if (row && row.state !== 'on') return { kind: 'accepted', ref };
          return good.restrict(ref, permissions, call);
        },
      }),
      'makes nothing of spoilt answers but failures',
    ],
    [
      'follows a redirect',
      (good, { origin }) => ({
        read: async (ref, call) => {
          const answer = await fetch(`${origin}/people/${ref.id}`, { headers: { authorization: 'Bearer toy-secret' } });
          return answer.ok ? good.read({ ...ref, id: ((await answer.json()) as { id: string }).id }, call) : good.read(ref, call);
        },
      }),
      'follows no redirect, reading or writing',
    ],
    [
      'asks past its wire',
      (good, { origin }) => ({
        read: async (ref, call) => {
          await Promise.all(Array.from({ length: 3 }, () => fetch(`${origin}/people/${ref.id}`)));
          return good.read(ref, call);
        },
      }),
      'holds its limits where the vendor counts: connections at once, and requests in any second',
    ],
    [
      'reads whoever the answer is about',
      (_good, { ask }) => ({
        read: async (ref, call) => {
          const answer = await ask('GET', `/people/${ref.id}`, call);
          if (answer.status === 404) return null;
          const row = answer.json() as { id: string; email: string };
          return { ref: { ...ref, id: row.id }, fields: { email: row.email }, standing: 'active', refused: false };
        },
      }),
      "takes the answer about another row for no answer, and not for this person's",
    ],
    [
      'believes the answer about another row',
      (_good, { ask }) => ({
        restrict: async (ref, _permissions, call) => {
          const answer = await ask('POST', `/people/${ref.id}/stop`, call);
          if (answer.status === 404) return { kind: 'not-found' };
          const row = answer.json() as { id: string };
          return { kind: 'accepted', ref: { ...ref, id: row.id } };
        },
      }),
      'believes no write that is answered with another row (restrict)',
    ],
    [
      'takes a page of HTML for a row that is gone',
      (good) => ({
        read: (ref, call) =>
          good.read(ref, call).catch((error: unknown) => {
            if (error instanceof Failure && error.code === 'ANSWER_GARBLED') return null;
            throw error;
          }),
      }),
      'takes a page of HTML that calls itself JSON at 200 for no answer, reading and writing',
    ],
    [
      'takes any 200 for a write that was done',
      (_good, { ask }) => ({
        erase: async (ref, call) =>
          (await ask('DELETE', `/people/${ref.id}/for-good`, call)).status === 404
            ? { kind: 'not-found' }
            : { kind: 'accepted', ref },
      }),
      'takes a document of XML at 200 for no answer, reading and writing',
    ],
    [
      'takes null for nobody',
      (good, { ask }) => ({
        find: async (fields, place, call) => {
          const answer = await ask('GET', `/people?email=${encodeURIComponent(String(fields.email))}`, call);
          return answer.json() === null ? [] : good.find(fields, place, call);
        },
      }),
      'does not take null at 200 for "nobody is there"',
    ],
    [
      'takes an answer over the cap for an empty one',
      (good) => ({
        async *list(call) {
          try {
            yield* good.list(call);
          } catch {
            yield [];
          }
        },
      }),
      'takes an answer over the size cap for no answer, reading and writing',
    ],
    [
      'waits on a writing that drips for longer than its deadline',
      (good) => ({
        restrict: async (ref, permissions, call) => {
          const said = await good.restrict(ref, permissions, call).catch((error: unknown) => error);
          await new Promise((resolve) => setTimeout(resolve, 4000));
          if (said instanceof Error) throw said;
          return said as Written;
        },
      }),
      'ends a write at the deadline though its answer drips',
    ],
    [
      'pages by a number of rows',
      (_good, { ask }) => ({
        async *list(call) {
          for (let offset = 0; ; offset += 10) {
            const answer = await ask('GET', `/people?offset=${offset}`, call);
            const { rows, total } = answer.json() as { rows: { id: string; email: string }[]; total: number };
            yield rows.map(({ id, email }) => profileOf(id, email));
            if (offset + 10 >= total) return;
          }
        },
      }),
      'lists everybody who was there all the time, once, though rows go meanwhile',
    ],
    [
      'lists again what it listed, when somebody comes',
      (good) => ({
        async *list(call) {
          const count = async () => {
            const rows = [];
            for await (const page of good.list(call)) rows.push(...page);
            return rows;
          };
          const first = await count();
          yield first;
          const second = await count();
          if (second.length > first.length) yield second;
        },
      }),
      'lists everybody who was there all the time, once, though rows come meanwhile',
    ],
    [
      'lists again what has changed',
      (good) => ({
        async *list(call) {
          const seen = new Map<string, string>();
          for (let pass = 0; pass < 2; pass++)
            for await (const page of good.list(call)) {
              const fresh = page.filter((p) => seen.get(p.ref.id) !== String(p.fields.givenName));
              for (const p of fresh) seen.set(p.ref.id, String(p.fields.givenName));
              yield fresh;
            }
        },
      }),
      'lists everybody who was there all the time, once, though rows change meanwhile',
    ],
    [
      'lists every row that a page has',
      (_good, { ask }) => ({
        async *list(call) {
          const answer = await ask('GET', '/people', call);
          yield (answer.json() as { rows: { id: string; email: string }[] }).rows.map(({ id, email }) => profileOf(id, email));
        },
      }),
      'lists a row once that a page has twice',
    ],
    [
      'reads nobody at all once it has erased',
      (good) => {
        let erased = false;
        return {
          erase: async (ref, call) => {
            erased = true;
            return good.erase(ref, call);
          },
          read: async (ref, call) => (erased ? null : good.read(ref, call)),
        };
      },
      'reads nobody after an erasure by the route that reads another row just then',
    ],
    [
      'creates whom it is to restrict',
      (good) => ({
        async restrict(ref, permissions, call) {
          const said = await good.restrict(ref, permissions, call);
          return said.kind === 'not-found' ? good.create(given({ email: 'a@b.test', givenName: 'A' }), ref.place, call) : said;
        },
      }),
      'brings nobody into being at a ref that never was, by no verb',
    ],
    [
      'says of nobody that they were erased',
      (good) => ({
        erase: async (ref, call) => {
          const said = await good.erase(ref, call);
          return said.kind === 'not-found' ? { kind: 'accepted', ref } : said;
        },
      }),
      'brings nobody into being at a ref that never was, by no verb',
    ],
    [
      'takes a field that is absent for one to blank',
      (good) => ({
        rectify: (ref, fields, _blanked, call) =>
          good.rectify(ref, given({ ...fields, familyName: fields.familyName ?? '', email: fields.email ?? '' }), [], call),
      }),
      'blanks one field, changes another and leaves the third in one correction',
    ],
    [
      'writes a question mark for what its encoding has no place for',
      (good) => ({
        rectify: (ref, fields, blanked, call) =>
          good.rectify(ref, given({ ...fields, givenName: String(fields.givenName).replace(/[^ -ÿ€]/g, '?') }), blanked, call),
      }),
      'keeps emoji as they are, or refuses them: never another letter',
    ],
    [
      'creates in another encoding',
      (good) => ({
        create: (fields, place, call) =>
          good.create(given({ ...fields, givenName: Buffer.from(String(fields.givenName)).toString('latin1') }), place, call),
      }),
      'writes the letters of a new row as they are',
    ],
    [
      'thaws a frozen row when it rectifies',
      (good, { ask }) => ({
        async rectify(ref, fields, blanked, call) {
          await ask('PATCH', `/people/${ref.id}`, call, { state: 'off' });
          return good.rectify(ref, fields, blanked, call);
        },
      }),
      'leaves a frozen row as frozen as it was when it is rectified',
    ],
    [
      'switches to and fro where it is to restrict',
      (good, { ask }) => ({
        async restrict(ref, permissions, call) {
          if ((await good.read(ref, call))?.standing !== 'restricted') return good.restrict(ref, permissions, call);
          await ask('PATCH', `/people/${ref.id}`, call, { state: 'on' });
          return { kind: 'accepted', ref };
        },
      }),
      'keeps a row out of use through a restriction, a correction and another restriction',
    ],
    [
      'hides a verb that it has',
      () => ({ changes: async () => ({ profiles: [], cursor: '' }), rectifyMany: undefined }),
      'has a manifest that leaves nothing open',
    ],
    [
      'finds that nothing binds an invoiced row',
      () => ({ bound: async () => null }),
      'says what binds a row, and of another that nothing does',
    ],
    [
      'spoils a row that it may not erase',
      (good, { ask }) => ({
        async erase(ref, call) {
          await ask('PATCH', `/people/${ref.id}`, call, { first: '' });
          return good.erase(ref, call);
        },
      }),
      'does no harm where a bound row is to be erased: gone whole, or refused whole',
    ],
    [
      'leaves a name on a stripped row',
      (_good, { ask }) => ({
        strip: async (ref, _bound, call) => {
          await ask('PATCH', `/people/${ref.id}`, call, { email: '', state: 'off' });
          return { kind: 'accepted', ref };
        },
      }),
      'strips a bound row of everything but what is kept, ends its use, and touches no other',
    ],
    [
      'takes from a stripped row what is kept',
      (good) => ({
        strip: async (ref, _bound, call) => good.rectify(ref, given({ email: '' }), ['givenName', 'familyName'], call),
      }),
      'strips a bound row of everything but what is kept, ends its use, and touches no other',
    ],
    [
      'leaves a stripped row in use',
      (_good, { ask }) => ({
        strip: async (ref, _bound, call) => {
          await ask('PATCH', `/people/${ref.id}`, call, { email: '', first: '' });
          return { kind: 'accepted', ref };
        },
      }),
      'strips a bound row of everything but what is kept, ends its use, and touches no other',
    ],
    [
      'strips only once',
      (good) => {
        let done = false;
        return {
          strip: async (ref, bound, call) => {
            if (done) return { kind: 'refused', code: 'stripped-already' };
            done = true;
            return good.strip?.(ref, bound, call) ?? { kind: 'refused', code: 'none' };
          },
        };
      },
      'strips twice with the effect of once',
    ],
    [
      'claims to have erased a stripped row',
      (good) => ({
        erase: async (ref, call) => {
          const said = await good.erase(ref, call);
          return said.kind === 'refused' ? { kind: 'accepted', ref } : said;
        },
      }),
      'erases a stripped row, or is refused without harm',
    ],
    [
      'brings a stripped row into use when it rectifies',
      (good, { ask }) => ({
        async rectify(ref, fields, blanked, call) {
          await ask('PATCH', `/people/${ref.id}`, call, { state: 'on' });
          return good.rectify(ref, fields, blanked, call);
        },
      }),
      'brings a stripped row into use by no correction',
    ],
    [
      'claims that a lost strip was done',
      (good) => ({
        strip: (ref, bound, call) =>
          onLoss(good.strip?.(ref, bound, call) ?? Promise.reject(new Error('none')), { kind: 'accepted', ref }),
      }),
      'says of a strip whose answer was lost that it was lost, and can do it then (drop-before-commit)',
    ],
    [
      'leaves the person under neutral values',
      (good) => ({ neutralise: (ref, call) => good.rectify(ref, given({ givenName: 'neutral' }), [], call) }),
      'puts neutral values over a row, or refuses without harm',
    ],
    [
      'sinks all corrections over one',
      (good) => ({
        async rectifyMany(items, call) {
          const said: Written[] = [];
          for (const { ref, fields, blanked } of items) {
            if (said.some(({ kind }) => kind !== 'accepted')) said.push({ kind: 'refused', code: 'sunk' });
            else said.push(await good.rectify(ref, fields, blanked, call));
          }
          return said;
        },
      }),
      'corrects 40 rows at once, answers each in its place, and sinks none over another',
    ],
    [
      'answers many corrections out of order',
      (good) => ({
        rectifyMany: async (items, call) => ((await good.rectifyMany?.(items, call)) ?? []).reverse(),
      }),
      'corrects 40 rows at once, answers each in its place, and sinks none over another',
    ],
    [
      'claims of a lost batch that all of it was done',
      (good) => ({
        rectifyMany: async (items, call) => {
          const all = items.map(({ ref }): Written => ({ kind: 'accepted', ref }));
          return (await good.rectifyMany?.(items, call).catch(() => all)) ?? all;
        },
      }),
      'claims of many corrections only those that were made (drop-before-commit)',
    ],
  ])('%s', async (_what, broken, name) => {
    expect(await isCaught(broken, name)).toBe(true);
  });
});

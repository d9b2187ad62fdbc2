import { describe, expect, it } from 'vitest';
import type { Profile, Written } from '../../src/connectors/connector.ts';
import { Failure } from '../../src/core/failure.ts';
import { checksFor, keepsTheContract, runCheck } from './keeps-the-contract.ts';
import { type Breakage, toySubject } from './toy-vendor.ts';
import { given } from './world.ts';

keepsTheContract('the toy vendor', toySubject());

/** The names of the checks that a broken connector fails. */
async function failed(broken: Breakage): Promise<string[]> {
  const subject = toySubject(broken);
  const names: string[] = [];
  for (const check of checksFor(subject)) await runCheck(check, subject).catch(() => names.push(check.name));
  return names;
}

const onLoss = (work: Promise<Written>, otherwise: Written) =>
  work.catch((error: unknown) => {
    if (error instanceof Failure && error.code === 'ANSWER_LOST') return otherwise;
    throw error;
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
      'writes å, ä, ö, emoji and quotes as they are',
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
  ])('%s', async (_what, broken, name) => {
    expect((await failed(broken)).map((n) => n.replace(/ \(\d+\)$/, ''))).toContain(name);
  });
});

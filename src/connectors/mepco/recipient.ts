import { canonicalIdentityCode } from '../../core/identity-code.ts';
import { isStaff } from '../../core/scope.ts';
import type { Profile, Recipient, RemoteRef, Written } from '../connector.ts';
import type { Call } from '../http.ts';
import { type Exports, mustProve, type Snapshot, soundly } from './exports.ts';
import { place, toProfile } from './mapping.ts';
import type { Mapping } from './rows.ts';

/**
 * Nothing can be written to Mepco: people there correct and erase, and the newest whole export shows what they did. Every verb looks
 * there first, so that what is done already is not asked for.
 */
export function recipientOf(exports: Exports, mapping: Mapping): Recipient {
  async function known(call: Call): Promise<Snapshot> {
    const snapshot = soundly(await exports.snapshot(call));
    if (snapshot.whole === null) mustProve(snapshot);
    return snapshot;
  }
  const held = async (ref: RemoteRef, call: Call): Promise<Profile | null> => {
    const snapshot = await known(call);
    const row = snapshot.people.get(ref.id);
    if (row) return toProfile(row, mapping);
    mustProve(snapshot);
    return null;
  };

  return {
    places: [place],
    serves: isStaff,
    showsLater: true,
    byPeople: ['rectify', 'erase'],
    read: held,

    async find({ email, identityCode }, _place, call) {
      const code = typeof identityCode === 'string' ? canonicalIdentityCode(identityCode) : null;
      const address = typeof email === 'string' ? email.trim().toLowerCase() : null;
      const snapshot = await known(call);
      const found = [...snapshot.people.values()]
        .map((row) => toProfile(row, mapping))
        .filter(
          ({ fields }) =>
            (code !== null && fields.identityCode === code) ||
            (address !== null && typeof fields.email === 'string' && fields.email.toLowerCase() === address),
        );
      if (found.length === 0) mustProve(snapshot);
      return found;
    },

    create: async () => byPeople,

    async rectify(ref, fields, blanked, call): Promise<Written> {
      const profile = await held(ref, call);
      if (profile === null) return { kind: 'not-found' };
      const there: Record<string, unknown> = profile.fields;
      const isDone =
        Object.entries(fields).every(([name, value]) => isSame(there[name], value)) &&
        blanked.every((name) => there[name] === undefined);
      return isDone ? { kind: 'accepted', ref } : byPeople;
    },

    restrict: async () => ({ kind: 'refused', code: 'no-restriction' }),

    async erase(ref, call): Promise<Written> {
      return (await held(ref, call)) === null ? { kind: 'not-found' } : byPeople;
    },

    async *list(call, unread) {
      const { people, unnumbered, doubt } = await known(call);
      if (doubt !== null) unread?.(Math.max(1, unnumbered));
      if (people.size > 0) yield [...people.values()].map((row) => toProfile(row, mapping));
    },
  };
}

const isSame = (a: unknown, b: unknown) => JSON.stringify(a ?? '') === JSON.stringify(b ?? '');

const byPeople: Written = { kind: 'refused', code: 'done-by-people', ask: true };

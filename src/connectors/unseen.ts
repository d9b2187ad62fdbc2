import { Failure } from '../core/failure.ts';
import type { FieldName, Fields } from '../core/person.ts';
import type { Recipient, RemoteRef, Written } from './connector.ts';
import type { Call } from './http.ts';

/** What systems have in common that nobody can look into (`refFor` in the contract). */

/** Their looks: each fails, so that none is ever taken for "nobody is there". */
export const nobodyLooks: Pick<Recipient, 'read' | 'find' | 'list'> = {
  read: () => Promise.reject(new Failure('RECIPIENT_REFUSED')),
  find: () => Promise.reject(new Failure('RECIPIENT_REFUSED')),
  async *list() {
    yield* await Promise.reject<never[]>(new Failure('RECIPIENT_REFUSED'));
  },
};

/** A place that knows people by one field of theirs. */
interface KnownBy {
  field: FieldName;
}

/**
 * The verbs of a system that can only take people out, by one identifier in each place. A correction takes the old identifier out where
 * it changed or went, because nobody could name it later; it gives the system nobody.
 */
export function removalsOf<P extends KnownBy>(
  places: ReadonlyMap<string, P>,
  refIn: (place: P, fields: Fields) => RemoteRef | null,
  remove: (ref: RemoteRef, call: Call) => Promise<Written>,
): Omit<Recipient, 'restrict'> {
  const fieldsOf = (name: string): FieldName[] => {
    const place = places.get(name);
    return place ? [place.field] : [];
  };
  const refFor = (fields: Fields, name: string) => {
    const place = places.get(name);
    return place ? refIn(place, fields) : null;
  };
  return {
    ...nobodyLooks,
    places: [...places.keys()],
    carries: fieldsOf,
    refFor,
    create: async () => ({ kind: 'refused', code: 'cannot-add' }),
    async rectify(ref, fields, blanked, call) {
      const isGiven = fieldsOf(ref.place).some((name) => fields[name] !== undefined || blanked.includes(name));
      const next = isGiven ? refFor(fields, ref.place) : ref;
      if (next?.id === ref.id) return { kind: 'accepted', ref };
      const said = await remove(ref, call);
      return said.kind === 'accepted' && next ? { kind: 'accepted', ref: next } : said;
    },
    erase: remove,
  };
}

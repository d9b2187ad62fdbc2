import type { FieldName, Fields } from '../../core/person.ts';
import type { Profile, Recipient, RemoteRef, Written } from '../connector.ts';
import type { Call } from '../http.ts';
import { carriedBy, toCells, toFields, toFile } from './form.ts';
import type { Outbox } from './outbox.ts';
import type { Row } from './rows.ts';
import type { FilesSettings } from './settings.ts';
import type { ReadNewest } from './source.ts';
import { traceIn } from './traces.ts';

const place = 'row';

/**
 * Changes are left as files, and seen done in the other side's next export. Every verb reads the newest one first, so that what is
 * done is not left again.
 */
export function recipientOf(newest: ReadNewest, outbox: Outbox, settings: FilesSettings): Recipient {
  const profile = ({ key, fields }: Row): Profile => ({ ref: { place, id: key }, fields, standing: 'active', refused: false });
  const held = async (ref: RemoteRef, call: Call) => {
    const { rows, writtenMs } = await newest(call);
    return { row: rows.get(ref.id), writtenMs };
  };
  const carries = carriedBy(settings);
  const byValues = settings.erased.look === 'values';
  const asHeld = (fields: Fields): Fields => {
    const read = toFields(toCells(fields, settings), { ...settings, escapeFormulas: false }, { file: '', line: 0 });
    return Object.fromEntries(Object.keys(fields).map((name) => [name, read[name as FieldName]])) as Fields;
  };

  return {
    places: [place],
    showsLater: true,
    byPeople: [
      ...(settings.erasure === 'people' ? (['erase', 'restrict'] as const) : []),
      ...(settings.corrections === 'people' ? (['rectify'] as const) : []),
    ],
    ...(settings.unfound === 'not-identifiable' ? { unfound: settings.unfound } : {}),
    ...(byValues
      ? {
          async traces(fields: Fields, call: Call) {
            const traces = [...(await newest(call)).rows.values()].map((row) => traceIn(row.fields, fields));
            return traces.includes('theirs') ? 'theirs' : traces.includes('doubtful') ? 'doubtful' : 'none';
          },
        }
      : {}),
    carries,
    ...('name' in settings.map ? { together: ['givenName', 'familyName'] as const } : {}),
    asHeld,

    async read(ref, call) {
      const { row } = await held(ref, call);
      return row ? profile(row) : null;
    },

    async find(fields, _place, call) {
      // where other rows count, an address that a household shares is not yet the person
      const own = ['identityCode', 'customerNumber'] as const;
      const unique = (byValues ? own : (['email', ...own] as const)).filter((name) => carries.includes(name));
      const same = (a: unknown, b: unknown) =>
        typeof a === 'string' && typeof b === 'string' && a.trim() !== '' && a.trim().toLowerCase() === b.trim().toLowerCase();
      return [...(await newest(call)).rows.values()]
        .filter(
          (row) =>
            unique.some((name) => same(row.fields[name], fields[name])) || (byValues && traceIn(row.fields, fields) === 'theirs'),
        )
        .map(profile);
    },

    create: async () => ({ kind: 'refused', code: 'no-creation' }),

    async rectify(ref, fields, blanked, call): Promise<Written> {
      const { row, writtenMs } = await held(ref, call);
      if (!row) return { kind: 'not-found' };
      const wanted: Record<string, unknown> = { ...row.fields, ...fields };
      for (const name of blanked) delete wanted[name];
      const cells = toCells(wanted as Fields, settings);
      const isDone = [...cells].every(([column, value]) => value === (toCells(row.fields, settings).get(column) ?? ''));
      // what people did shows in their export alone: nothing of ours lies there
      if (settings.corrections === 'people')
        return isDone ? { kind: 'accepted', ref } : { kind: 'refused', code: 'done-by-people', ask: true };
      const file = toFile(row.key, cells, 'change', settings);
      // what their export still shows is not done where a change that was left since says otherwise
      if (isDone && (file === null || !(await outbox.isOvertaken(row.key, file, call)))) return { kind: 'accepted', ref };
      if (file === null) return { kind: 'refused', code: 'not-writable', ask: true };
      await outbox.leave(row.key, file, writtenMs, call);
      return { kind: 'accepted', ref };
    },

    restrict: async () => ({ kind: 'refused', code: 'no-restriction', ...(settings.erasure === 'people' ? { ask: true } : {}) }),

    async erase(ref, call): Promise<Written> {
      const { row, writtenMs } = await held(ref, call);
      if (!row) return { kind: 'not-found' };
      if (settings.erasure === 'people') return { kind: 'refused', code: 'done-by-people', ask: true };
      // whose row it is stands in its key alone: an erasure hands nothing over
      const file = toFile(row.key, new Map(), 'erase', settings);
      if (file === null) return { kind: 'refused', code: 'not-writable', ask: true };
      await outbox.leave(row.key, file, writtenMs, call);
      return { kind: 'accepted', ref };
    },

    async *list(call) {
      yield [...(await newest(call)).rows.values()].map(profile);
    },
  };
}

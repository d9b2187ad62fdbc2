import { Failure } from '../../core/failure.ts';
import type { Look, Register, Sweep } from '../connector.ts';
import type { Exchange } from '../exchange.ts';
import { readChanges } from './changes.ts';
import { type Exports, mustProve, soundly } from './exports.ts';
import { place, toRecord } from './mapping.ts';
import type { Mapping } from './rows.ts';

export function registerOf(exchange: Exchange, exports: Exports, mapping: Mapping): Register {
  return {
    objects: [place],

    async *changes(object, cursor, call) {
      must(object);
      yield* readChanges(cursor, { exchange, exports, mapping }, call);
    },

    async look(ref, call): Promise<Look> {
      must(ref.place);
      const snapshot = soundly(await exports.snapshot(call));
      const row = snapshot.people.get(ref.id);
      if (row) return { kind: 'found', record: toRecord(row, mapping) };
      // files of changes say nothing of whoever is not in them
      if (mapping.settings.full === undefined) return { kind: 'hidden' };
      mustProve(snapshot);
      return { kind: 'gone' };
    },

    async total(object, call) {
      must(object);
      return (await exports.snapshot(call)).whole?.rows ?? null;
    },

    /** Only a whole export, believed and without a row that is nobody's, says who is not there; a file of changes never does. */
    async sweep(object, call): Promise<Sweep> {
      must(object);
      try {
        const { people, doubt } = await exports.snapshot(call);
        const ids = new Set(people.keys());
        return doubt === null ? { ids, complete: true } : { ids, complete: false, why: doubt };
      } catch (error) {
        if (error instanceof Failure && (error.next === 'retry-later' || error.next === 'read-first'))
          return { ids: new Set(), complete: false, why: 'page-failed' };
        throw error;
      }
    },
  };
}

function must(object: string): void {
  if (object !== place) throw new Error('mepco: people are persons');
}

import { Failure } from '../../core/failure.ts';
import type { FieldIs, RemoteRef, Written } from '../connector.ts';
import type { Call } from '../http.ts';
import type { Client } from './client.ts';
import type { Definition, Definitions } from './definitions.ts';
import { kinds, type Place } from './objects.ts';
import { holds, type Row, type Scalar, scalarOf } from './row.ts';
import type { InsightlySettings } from './settings.ts';

/**
 * Sets the fields that say "refused" on a record, each in its own encoding, and takes nothing away from it. A PUT of custom
 * fields may replace the whole array (undocumented), so they go back whole and are compared afterwards.
 */
export function refuserOf(client: Client, definitions: Definitions, settings: InsightlySettings) {
  /** Seen to be true of this account by a write of ours. */
  let replacesArray = settings.customFieldWrites === 'whole';

  return async (
    ref: RemoteRef,
    place: Place,
    asked: readonly FieldIs[],
    held: (ref: RemoteRef, call: Call) => Promise<Row | null>,
    call: Call,
  ): Promise<Written> => {
    const row = await held(ref, call);
    if (row === null) return { kind: 'not-found' };
    const open = asked.filter((signal) => !holds(row, signal));
    if (open.length === 0) return { kind: 'accepted', ref };
    const [tags, fields] = [open.filter(isTag), open.filter((signal) => !isTag(signal))];
    const custom = fields.filter(({ field }) => !(field in row.standard));
    const known = custom.length > 0 ? await definitions(place, call) : [];
    const put = (whole: boolean) => client.put(kinds[place], bodyOf(row, place, fields, known, whole), call);

    const said = fields.length > 0 ? await put(replacesArray) : 'accepted';
    if (said === 'gone') return { kind: 'not-found' };
    // the call for one tag leaves the others alone; whether a PUT takes tags at all, document and description disagree
    for (const { equals } of said === 'accepted' ? tags : [])
      if ((await client.addTag(kinds[place], ref.id, String(equals), call)) === 'gone') return { kind: 'not-found' };
    let now = await held(ref, call);
    if (now === null) return { kind: 'not-found' };
    if (said === 'invalid') return { kind: 'refused', code: 'refusal-not-accepted' };
    if (custom.length > 0 && !replacesArray && lostOthers(row, now, custom)) {
      // the array was replaced: what stood there is still known, so it goes back at once, and whole from now on
      replacesArray = true;
      await put(true);
      now = await held(ref, call);
      if (now === null) return { kind: 'not-found' };
    }
    if (open.some((signal) => !holds(now, signal)) || lostOthers(row, now, custom)) throw new Failure('NOT_APPLIED');
    return { kind: 'accepted', ref };
  };
}

const isTag = ({ field }: FieldIs) => field === 'TAGS';

/** Only what changes, with the id in the body; the custom fields whole or the changed ones alone. */
function bodyOf(
  row: Row,
  place: Place,
  signals: readonly FieldIs[],
  known: readonly Definition[],
  whole: boolean,
): Record<string, unknown> {
  const body: Record<string, unknown> = { [kinds[place].idKey]: Number(row.id) };
  const custom = signals.filter(({ field }) => !(field in row.standard));
  for (const { field, equals } of signals) if (field in row.standard) body[field] = equals;
  if (custom.length === 0) return body;
  const definitionOf = (name: string) => known.find((definition) => definition.name === name);
  const kept = row.custom.filter(
    // a field that Insightly numbers or works out by itself is not ours to send
    ({ name }) => whole && !custom.some(({ field }) => field === name) && definitionOf(name)?.isEditable !== false,
  );
  body.CUSTOMFIELDS = [
    ...kept.map(({ name, value }) => ({ FIELD_NAME: name, FIELD_VALUE: value })),
    ...custom.map((signal) => ({
      FIELD_NAME: signal.field,
      FIELD_VALUE: encode(signal.equals, definitionOf(signal.field), scalarOf(row, signal.field)),
    })),
  ];
  return body;
}

/**
 * A value as the field's type wants it (recorded traffic, 2025): yes/no as JSON true or false, numbers as numbers, a multi-select
 * as one text joined by `;` with the options that were chosen before.
 */
export function encode(equals: FieldIs['equals'], definition: Definition | undefined, current: Scalar): Scalar {
  const text = String(equals).trim();
  switch (definition?.type) {
    case 'BIT':
      return /^(true|yes|1)$/i.test(text) ? true : /^(false|no|0)$/i.test(text) ? false : equals;
    case 'NUMERIC':
    case 'PERCENT':
      return text !== '' && Number.isFinite(Number(text)) ? Number(text) : equals;
    case 'MULTISELECT':
      return chosenToo(current, text);
    case undefined:
      return typeof equals === 'string' && String(current ?? '').includes(';') ? chosenToo(current, text) : equals;
    default:
      return text;
  }
}

const optionsIn = (value: Scalar) =>
  String(value ?? '')
    .split(';')
    .map((option) => option.trim())
    .filter((option) => option !== '');
const chosenToo = (current: Scalar, option: string) => [...new Set([...optionsIn(current), option])].join(';');

/** Whether a custom field, or an option of a multi-select, that we did not mean to touch lost its value. */
function lostOthers(before: Row, after: Row, ours: readonly FieldIs[]): boolean {
  return before.custom.some(({ name, value }) => {
    const left = after.custom.find((item) => item.name === name)?.value ?? null;
    if (ours.some(({ field }) => field === name))
      return (
        typeof value === 'string' && value.includes(';') && optionsIn(value).some((o) => !optionsIn(String(left)).includes(o))
      );
    return value !== null && left === null;
  });
}

import { countryCode } from '../../core/country.ts';
import { type Address, fieldsOf, type Person } from '../../core/person.ts';
import type { FieldIs, Profile, RegisterRecord } from '../connector.ts';
import { type NameOrder, readDay, splitName } from '../file-settings.ts';
import { refused } from '../text-file.ts';
import { cellOf, type Mapping, type Row } from './rows.ts';
import { readValue } from './values.ts';

/** The one kind of rows. */
export const place = 'person';

/** Throws the refusal of the row's file where a value is not what its column says. */
export function toRecord(row: Row, { settings, register }: Mapping): RegisterRecord {
  const values = new Map(
    Object.entries(settings.map).map(([field, header]) => [field, readValue(row, field, cellOf(row, header), settings)]),
  );
  const says = (is: FieldIs | undefined) => is !== undefined && holds(cellOf(row, is.field), is.equals);
  const said = (which: 'granted' | 'refused') =>
    Object.fromEntries(
      Object.entries(register?.permissions ?? {}).flatMap(([name, is]) => (is[which] ? [[name, says(is[which])]] : [])),
    );
  const events = Object.entries(register?.events ?? {}).flatMap(([trigger, header]) => {
    const text = cellOf(row, header);
    if (text === '') return [];
    const day = readDay(text, settings.dates);
    if (day === null) throw refused(row.file, row.line, `${trigger}: no date of the agreed form`);
    return [[trigger, day]];
  });
  return {
    ref: { place, id: row.id },
    role: register?.for ?? 'employee',
    person: personOf(values, settings.nameOrder),
    erase: says(register?.erasureSignal),
    granted: said('granted'),
    refused: said('refused'),
    ...(events.length > 0 ? { events: Object.fromEntries(events) } : {}),
    changedAt: new Date(row.modifiedMs),
  };
}

export const toProfile = (row: Row, mapping: Mapping): Profile => {
  const { ref, person } = toRecord(row, mapping);
  return { ref, fields: fieldsOf(person), standing: 'active', refused: false };
};

function personOf(values: ReadonlyMap<string, string | undefined>, nameOrder: NameOrder): Person {
  const person: Record<string, unknown> = {};
  const addresses: Record<string, Address> = {};
  const custom: Record<string, string> = {};
  for (const [field, value] of values) {
    if (value === undefined) continue;
    const [whole, part] = field.split('.', 2);
    if (field === 'name') Object.assign(person, splitName(value, nameOrder));
    else if (whole === 'custom' && part !== undefined) custom[part] = value;
    else if (whole !== undefined && part !== undefined)
      addresses[whole] = { ...addresses[whole], [part]: part === 'country' ? (countryCode(value) ?? value) : value };
    else person[field] = value;
  }
  return { ...person, ...addresses, ...(Object.keys(custom).length > 0 ? { custom } : {}) };
}

const yes = new Set(['true', '1', 'yes', 'kyllä', 'x', 'k', 'y']);
const no = new Set(['false', '0', 'no', 'ei', 'e', 'n']);

/** A blank equals nothing, not even false. */
function holds(text: string, equals: FieldIs['equals']): boolean {
  if (text === '') return false;
  if (typeof equals === 'boolean') return (equals ? yes : no).has(text.toLowerCase());
  if (typeof equals === 'number') return Number(text.replace(',', '.')) === equals;
  return text.toLowerCase() === equals.trim().toLowerCase();
}

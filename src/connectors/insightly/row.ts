import { z } from 'zod';
import { Failure } from '../../core/failure.ts';
import type { FieldIs } from '../connector.ts';
import { mustBe } from './client.ts';
import { parseUtc } from './dates.ts';
import type { ObjectKind } from './objects.ts';

/** One record as Insightly sends it, parsed once: the standard fields we know by name, the custom ones as a list. */
export interface Row {
  id: string;
  updatedAt: Date;
  standard: Readonly<Record<string, Scalar>>;
  custom: readonly { name: string; value: unknown }[];
  tags: readonly string[];
}
export type Scalar = string | number | boolean | null;

const Id = z.union([z.int().positive(), z.string().regex(/^\d+$/)]).transform(String);
const UtcText = z.string().transform((text, context) => {
  const date = parseUtc(text);
  if (date === null) context.addIssue({ code: 'custom', message: 'not a date-time of Insightly' });
  return date ?? z.NEVER;
});
// the live service adds CUSTOM_FIELD_ID with the same text; the item of an unset field may be missing, or null inside
const CustomItem = z
  .object({ FIELD_NAME: z.string().nullish(), CUSTOM_FIELD_ID: z.string().nullish(), FIELD_VALUE: z.unknown() })
  .transform((item) => ({ name: item.FIELD_NAME ?? item.CUSTOM_FIELD_ID ?? '', value: item.FIELD_VALUE ?? null }));

/** What every kind has, apart from its own fields. */
const Shared = z.object({
  DATE_CREATED_UTC: UtcText.nullish(),
  DATE_UPDATED_UTC: UtcText.nullish(),
  CUSTOMFIELDS: z.array(CustomItem).nullish(),
  TAGS: z.array(z.object({ TAG_NAME: z.string().nullish() })).nullish(),
});

const Shape = z.looseObject({
  DATE_CREATED_UTC: UtcText.nullish(),
  DATE_UPDATED_UTC: UtcText.nullish(),
  CUSTOMFIELDS: z.array(CustomItem).nullish(),
  TAGS: z.array(z.object({ TAG_NAME: z.string().nullish() })).nullish(),
});

export function parseRow(kind: ObjectKind, value: unknown): Row {
  const row = mustBe(Shape, value);
  const updatedAt = row.DATE_UPDATED_UTC ?? row.DATE_CREATED_UTC;
  if (!updatedAt) throw new Failure('ANSWER_GARBLED', { cause: new Error('no date of the last change') });
  return {
    id: parseId(kind, value),
    updatedAt,
    standard: Object.fromEntries(Object.keys(kind.fields).map((name) => [name, scalar(row[name])])),
    custom: (row.CUSTOMFIELDS ?? []).filter((item) => item.name !== ''),
    tags: (row.TAGS ?? []).flatMap((tag) => tag.TAG_NAME ?? []),
  };
}

/** The id alone, of a `brief` row. */
export const parseId = (kind: ObjectKind, value: unknown): string => mustBe(z.object({ [kind.idKey]: Id }), value)[kind.idKey] ?? '';

const scalar = (value: unknown): Scalar => (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null);

/** A standard or custom field's value; null where it is unset, absent or no plain value. */
export function valueOf(row: Row, field: string): Scalar {
  const standard = row.standard[field];
  if (standard !== undefined) return standard;
  return scalar(row.custom.find((item) => item.name === field)?.value);
}

/** A field's text, trimmed; undefined when there is none. A lead's unset e-mail is `""`, a contact's null (recorded traffic, 2025). */
export function textOf(row: Row, field: string): string | undefined {
  const value = valueOf(row, field);
  const text = value === null ? '' : String(value).trim();
  return text === '' ? undefined : text;
}

const yes = new Set(['true', '1', 'yes']);
const no = new Set(['false', '0', 'no']);

/**
 * Whether a configured signal is set on the row. A yes/no field is JSON true or false on the wire, "True" or "False" in some of the
 * vendor's texts; a multi-select is one text joined by `;`; `TAGS` asks for a tag. An unset field equals nothing, not even false.
 */
export function holds(row: Row, { field, equals }: FieldIs): boolean {
  if (field === 'TAGS') return row.tags.some((tag) => tag.trim() === String(equals).trim());
  const value = valueOf(row, field);
  if (value === null) return false;
  const text = String(value).trim();
  if (typeof equals === 'boolean') return (equals ? yes : no).has(text.toLowerCase());
  if (typeof equals === 'number') return text !== '' && Number(text) === equals;
  if (typeof value === 'boolean') return text === equals.trim().toLowerCase();
  return text === equals.trim() || text.split(';').some((option) => option.trim() === equals.trim());
}

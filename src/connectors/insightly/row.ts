import { z } from 'zod';
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
const Standard = z.union([z.string(), z.number(), z.boolean(), z.null()]).optional();
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

const schemas = new Map<ObjectKind, z.ZodType<Row>>();

function schemaOf(kind: ObjectKind): z.ZodType<Row> {
  const known = schemas.get(kind);
  if (known) return known;
  const names = Object.keys(kind.fields);
  const Own = z.object({ ...Object.fromEntries(names.map((name) => [name, Standard])), [kind.idKey]: Id });
  const made = z
    .intersection(
      Own.transform((own) => ({ own })),
      Shared.transform((shared) => ({ shared })),
    )
    .transform(({ own, shared }, context): Row => {
      const fields: Record<string, unknown> = own;
      const updatedAt = shared.DATE_UPDATED_UTC ?? shared.DATE_CREATED_UTC;
      if (!updatedAt) {
        context.addIssue({ code: 'custom', message: 'no date of the last change', path: ['DATE_UPDATED_UTC'] });
        return z.NEVER;
      }
      return {
        id: String(fields[kind.idKey]),
        updatedAt,
        standard: Object.fromEntries(names.map((name) => [name, scalar(fields[name])])),
        custom: (shared.CUSTOMFIELDS ?? []).filter((item) => item.name !== ''),
        tags: (shared.TAGS ?? []).flatMap((tag) => tag.TAG_NAME ?? []),
      };
    });
  schemas.set(kind, made);
  return made;
}

export const parseRow = (kind: ObjectKind, value: unknown): Row => mustBe(schemaOf(kind), value);

/** The id alone, of a `brief` row. */
export const parseId = (kind: ObjectKind, value: unknown): string =>
  mustBe(z.object({ [kind.idKey]: Id }), value)[kind.idKey] ?? '';

const scalar = (value: unknown): Scalar =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;

/** A standard or custom field's value; null where it is unset, absent or no plain value. */
export function scalarOf(row: Row, field: string): Scalar {
  const standard = row.standard[field];
  if (standard !== undefined) return standard;
  return scalar(row.custom.find((item) => item.name === field)?.value);
}

/** A field's text, trimmed; undefined when there is none. A lead's unset e-mail is `""`, a contact's null (recorded traffic, 2025). */
export function textOf(row: Row, field: string): string | undefined {
  const value = scalarOf(row, field);
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
  const value = scalarOf(row, field);
  if (value === null) return false;
  const text = String(value).trim();
  if (typeof equals === 'boolean') return (equals ? yes : no).has(text.toLowerCase());
  if (typeof equals === 'number') return text !== '' && Number(text) === equals;
  if (typeof value === 'boolean') return text === equals.trim().toLowerCase();
  return text === equals.trim() || text.split(';').some((option) => option.trim() === equals.trim());
}

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
  /** Ids of organisations that the record is linked to, beside its own field. */
  linkedOrganisations: readonly string[];
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
  .transform((item) => ({ name: item.FIELD_NAME ?? item.CUSTOM_FIELD_ID ?? '', value: plain(item.FIELD_VALUE) }));
// typed "object" in the vendor's description; recorded are plain values, a multi-select as one text joined by `;`
const plain = (value: unknown): unknown => (Array.isArray(value) ? value.map(String).join(';') : (value ?? null));

const side = z.string().nullish();
const Link = z.object({ OBJECT_NAME: side, OBJECT_ID: Id.nullish(), LINK_OBJECT_NAME: side, LINK_OBJECT_ID: Id.nullish() });

/** What every kind has, apart from its own fields. */
const Shared = z.object({
  DATE_CREATED_UTC: UtcText.nullish(),
  DATE_UPDATED_UTC: UtcText.nullish(),
  CUSTOMFIELDS: z.array(CustomItem).nullish(),
  TAGS: z.array(z.object({ TAG_NAME: z.string().nullish() })).nullish(),
  LINKS: z.array(Link).nullish().catch([]),
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
        linkedOrganisations: [...new Set((shared.LINKS ?? []).flatMap(organisationIn))],
      };
    });
  schemas.set(kind, made);
  return made;
}

export const parseRow = (kind: ObjectKind, value: unknown): Row => mustBe(schemaOf(kind), value);

/** A link is told from one side or the other (`IS_FORWARD`); the organisation may stand on either. */
function organisationIn(link: z.infer<typeof Link>): string[] {
  const isOne = (name: string | null | undefined) => /^organi[sz]ations?$/i.test(name ?? '');
  if (isOne(link.LINK_OBJECT_NAME)) return link.LINK_OBJECT_ID ? [link.LINK_OBJECT_ID] : [];
  return isOne(link.OBJECT_NAME) && link.OBJECT_ID ? [link.OBJECT_ID] : [];
}

/** The organisation a contact acts for: its own field, else the one it is linked to. Of several links none says which. */
export function organisationIdOf(row: Row): string | undefined {
  const own = textOf(row, 'ORGANISATION_ID');
  if (own !== undefined && own !== '0') return own;
  return row.linkedOrganisations.length === 1 ? row.linkedOrganisations[0] : undefined;
}

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
  if (typeof equals === 'number') return text !== '' && Number(typeof value === 'boolean' ? value : text) === equals;
  if (typeof value === 'boolean') return text === equals.trim().toLowerCase();
  return text === equals.trim() || text.split(';').some((option) => option.trim() === equals.trim());
}

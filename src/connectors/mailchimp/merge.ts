import { z } from 'zod';
import type { Address, FieldName, FieldValue, OrganisationName } from '../../core/person.ts';
import type { Form, MailchimpSettings } from './settings.ts';

/** Merge fields: how each type wants a value of ours, and how that value reads back. */

/** One merge tag, and what stands there. */
export interface Slot {
  tag: string;
  field: FieldName;
  as: Form;
  /** Of an `address` whose member has no state yet. */
  state: string;
}

export const slotsOf = ({ map }: Pick<MailchimpSettings, 'map'>): Slot[] =>
  Object.entries(map).map(([tag, given]) =>
    typeof given === 'string'
      ? { tag, field: given, as: 'text', state: '' }
      : { tag, field: given.field, as: given.as, state: given.state ?? '' },
  );

/** Merge fields are read as texts, whatever their type: the form that `held` gives our own values too. */
export function fromMerge(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  const parsed = MergeAddress.safeParse(value);
  if (!parsed.success) return '';
  const { addr1, addr2, zip, city, country } = parsed.data;
  return joinAddress({ street: [addr1, addr2].filter(Boolean).join(' '), postcode: zip, city, country });
}

const part = z.string().default('');
const MergeAddress = z.looseObject({ addr1: part, addr2: part, city: part, state: part, zip: part, country: part });

/** How a value of ours reads in a field of this type after it was written. */
export function held(value: FieldValue, as: Form = 'text'): string {
  const text = spell(value);
  switch (as) {
    case 'number':
      return isNumber(text) ? String(Number(text)) : text;
    case 'date':
      return /^\d{4}-\d\d-\d\d/.exec(text)?.[0] ?? text;
    case 'birthday':
      return text.replace(/^(?:\d{4}-)?(\d\d)-(\d\d)(?:[T ].*)?$/, '$1/$2');
    case 'zip':
      return isAddress(value) ? (value.postcode ?? '') : text;
    case 'address':
      return isAddress(value) ? joinAddress(value) : text;
    default:
      return text;
  }
}

/**
 * What is sent. A field of type address takes an object, and only with street, city, state and postcode. A Finnish address has no
 * state: the member's own is kept, else the configured one stands there, and without either it goes as one text. Booleans go as texts.
 */
export function toMerge(value: FieldValue, { as, state }: Pick<Slot, 'as' | 'state'>, current: unknown): unknown {
  const there = typeof current === 'object' ? MergeAddress.safeParse(current) : undefined;
  if (isAddress(value) && (as === 'address' || (as === 'text' && there?.success))) {
    const { street, postcode, city, country } = value;
    const kept = there?.data?.state || state;
    if (street && postcode && city && kept)
      return { addr1: street, addr2: '', city, state: kept, zip: postcode, country: country ?? there?.data?.country ?? '' };
  }
  const text = held(value, as);
  if (as === 'number') return isNumber(text) ? Number(text) : text;
  return typeof value === 'number' && as === 'text' ? value : text;
}

const isNumber = (text: string) => text.trim() !== '' && Number.isFinite(Number(text));
const isOrganisation = (value: Address | OrganisationName): value is OrganisationName => 'name' in value || 'businessId' in value;
const isAddress = (value: FieldValue): value is Address => typeof value === 'object' && !isOrganisation(value);

export function spell(value: FieldValue): string {
  if (typeof value !== 'object') return cut(String(value));
  return cut(isOrganisation(value) ? (value.name ?? value.businessId ?? '') : joinAddress(value));
}

const joinAddress = (a: Address) =>
  [a.street, [a.postcode, a.city].filter(Boolean).join(' '), a.country].filter(Boolean).join(', ');

const characters = new Intl.Segmenter('und', { granularity: 'grapheme' });

/**
 * Mailchimp cuts a text merge field at 255 bytes of UTF-8; we cut first, between characters as people see them, so that no letter
 * loses its accent and the read-back shows what was sent.
 */
export function cut(text: string, bytes = 255): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  let size = 0;
  let kept = '';
  for (const { segment } of characters.segment(text)) {
    size += Buffer.byteLength(segment);
    if (size > bytes) break;
    kept += segment;
  }
  return kept.trimEnd();
}

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Address, FieldName, Fields, FieldValue, OrganisationName } from '../../core/person.ts';
import type { Profile, RemoteRef, Standing } from '../connector.ts';
import type { TagMap } from './settings.ts';

/** The path key of a member: MD5 of the trimmed address in lower case, Unicode-aware (vendor documentation). */
export const hashOf = (address: string) => createHash('md5').update(spellAddress(address), 'utf8').digest('hex');

/** Mailchimp tells no two members apart by case, so neither do we when we compare. */
export const spellAddress = (address: string) => address.trim().toLowerCase();

/** The few fields of a member that we read. Most of the others are personal too (IP addresses, location, notes): not asked for. */
export const Member = z.looseObject({
  /** The hash; changes with the address. */
  id: z.string().min(1),
  /** Stays when the address changes (recorded traffic, 2021). */
  contact_id: z.string().min(1),
  email_address: z.string().min(1),
  status: z.string().min(1),
  merge_fields: z.record(z.string(), z.unknown()).optional(),
  /** ISO 8601 in whole seconds; empty when unset. */
  last_changed: z.string().optional(),
});
export type Member = z.infer<typeof Member>;
export const memberFields = ['id', 'contact_id', 'email_address', 'status', 'merge_fields', 'last_changed'];

/** A word we do not know freezes the row: only an erasure may touch it. */
const standings: Record<string, Standing> = {
  subscribed: 'active',
  pending: 'active',
  transactional: 'active',
  unsubscribed: 'restricted',
  cleaned: 'inert',
  archived: 'inert',
};
export const standingOf = (member: Member): Standing => standings[member.status] ?? 'inert';

export const refOf = (place: string, member: Member): RemoteRef => ({ place, id: member.contact_id, key: member.id });

export function toProfile(place: string, member: Member, map: TagMap): Profile {
  const fields: Fields = {};
  for (const [tag, field] of Object.entries(map)) {
    const value = fromMerge(member.merge_fields?.[tag]);
    if (value !== '') fields[field] = value;
  }
  fields.email = spellAddress(member.email_address);
  // an unsubscription counts as the person's own: who set it cannot be read, and permissions only tighten
  return { ref: refOf(place, member), fields, standing: standingOf(member), refused: member.status === 'unsubscribed' };
}

/** Merge fields are read as texts, whatever their type: the form that `asHeld` gives our own values too. */
function fromMerge(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  const parsed = MergeAddress.safeParse(value);
  if (!parsed.success) return '';
  const { addr1, addr2, zip, city, country } = parsed.data;
  return joinAddress({ street: [addr1, addr2].filter(Boolean).join(' '), postcode: zip, city, country });
}

const part = z.string().default('');
const MergeAddress = z.looseObject({ addr1: part, addr2: part, city: part, state: part, zip: part, country: part });

/** How our values read after they were written here: texts of 255 bytes, addresses joined, the e-mail address in lower case. */
export function asHeld(fields: Fields): Fields {
  const held: Fields = {};
  for (const [name, value] of Object.entries(fields) as [FieldName, FieldValue | undefined][]) {
    if (value !== undefined) held[name] = name === 'email' ? spellAddress(String(value)) : spell(value);
  }
  return held;
}

/**
 * The merge fields of a write. Mailchimp clears a field with '' (not null) and ignores a missing one, so a blanked field is
 * written out. `current` is what the member has now.
 */
export function toMergeFields(
  fields: Fields,
  blanked: readonly string[],
  map: TagMap,
  current: Member['merge_fields'] = {},
): Record<string, unknown> {
  const merge: Record<string, unknown> = {};
  for (const [tag, field] of Object.entries(map)) {
    const value = fields[field];
    if (value !== undefined) merge[tag] = toMerge(value, current[tag]);
    else if (blanked.includes(field)) merge[tag] = '';
  }
  return merge;
}

/** The fields among `merge` that the member does not show yet. */
export function differing(merge: Record<string, unknown>, current: Member['merge_fields'] = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(merge).filter(([tag, value]) => fromMerge(value) !== fromMerge(current[tag])));
}

/**
 * A field of type address takes an object, and only with street, city, state and postcode. A Finnish address has no state, so it
 * goes as one text, unless the member's own address has a state that the new one can keep. Booleans go as texts.
 */
function toMerge(value: FieldValue, current: unknown): unknown {
  if (typeof value === 'number') return value;
  const held = typeof current === 'object' ? MergeAddress.safeParse(current) : undefined;
  if (held?.success && isAddress(value)) {
    const { street, postcode, city, country } = value;
    if (street && postcode && city && held.data.state) {
      return { addr1: street, addr2: '', city, state: held.data.state, zip: postcode, country: country ?? held.data.country };
    }
  }
  return spell(value);
}

const isOrganisation = (value: Address | OrganisationName): value is OrganisationName => 'name' in value || 'businessId' in value;
const isAddress = (value: FieldValue): value is Address => typeof value === 'object' && !isOrganisation(value);

function spell(value: FieldValue): string {
  if (typeof value !== 'object') return cut(String(value));
  return cut(isOrganisation(value) ? (value.name ?? value.businessId ?? '') : joinAddress(value));
}

const joinAddress = (a: Address) =>
  [a.street, [a.postcode, a.city].filter(Boolean).join(' '), a.country].filter(Boolean).join(', ');

/** Mailchimp cuts a text merge field at 255 bytes; we cut first, between characters, so that the read-back shows what was sent. */
export function cut(text: string, bytes = 255): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  let size = 0;
  let kept = '';
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > bytes) break;
    kept += character;
  }
  return kept.trimEnd();
}

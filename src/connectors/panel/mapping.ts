import { z } from 'zod';
import type { FieldName, Fields } from '../../core/person.ts';
import type { Profile } from '../connector.ts';
import type { PanelSettings } from './settings.ts';

/** The one place of a panel. */
export const place = 'contacts';

/** A contact's id stands in a path: letters, digits, hyphen and underscore, and nothing of a person. */
export const ContactId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);

/** A contact of the panel, as the contract in the README describes it. What else a panel sends is not read. */
export const Contact = z.looseObject({
  id: ContactId,
  email: z.string().min(1),
  givenName: z.string().nullable(),
  familyName: z.string().nullable(),
  phone: z.string().nullable(),
  customerNumber: z.string().nullable(),
  restricted: z.boolean(),
  /** The keys whose present value was written with Kaiku's token. */
  fromKaiku: z.array(z.string()),
});
export type Contact = z.infer<typeof Contact>;

/** What a correction may hold: a key that is left out leaves the value, `null` clears it. Neither id, customer nor standing. */
export type Correction = Partial<Pick<Contact, 'email' | 'givenName' | 'familyName' | 'phone'>>;

/** How the panel tells addresses apart, and so how one reads back. */
export const spell = (email: unknown): string => String(email).trim().toLowerCase();

/** The fields that can be corrected here. The customer number is the panel's own: it is read to find people, and never written. */
export const carriedBy = ({ phone }: PanelSettings): FieldName[] => ['email', 'givenName', 'familyName', phone];

const namesIn = ({ phone }: PanelSettings) =>
  ({ email: 'email', givenName: 'givenName', familyName: 'familyName', phone, customerNumber: 'customerNumber' }) as const;

export function toProfile(contact: Contact, settings: PanelSettings): Profile {
  const fields: Fields = {};
  for (const [key, name] of Object.entries(namesIn(settings)) as [keyof ReturnType<typeof namesIn>, FieldName][]) {
    const value = contact[key];
    if (value !== null && value.trim() !== '') fields[name] = value;
  }
  fields.email = spell(contact.email);
  return {
    ref: { place, id: contact.id },
    fields,
    standing: contact.restricted ? 'restricted' : 'active',
    // a contact cannot object in the panel: that is said to people, or to the register
    refused: false,
  };
}

/** The contact as news: a value that Kaiku wrote itself is none, whoever changed the contact, and whatever the register says by now. */
export function toNews(contact: Contact, settings: PanelSettings): Profile {
  const profile = toProfile(contact, settings);
  const own = Object.entries(namesIn(settings)).flatMap(([key, name]): string[] =>
    contact.fromKaiku.includes(key) ? [name] : [],
  );
  return { ...profile, fields: Object.fromEntries(Object.entries(profile.fields).filter(([name]) => !own.includes(name))) };
}

/** An address is never cleared: a contact without one cannot sign in. */
export function toCorrection(fields: Fields, blanked: readonly string[], settings: PanelSettings): Correction {
  const text = (name: FieldName) => {
    const value = fields[name];
    if (value !== undefined) return String(value);
    return blanked.includes(name) ? null : undefined;
  };
  const body = {
    email: fields.email === undefined ? undefined : spell(fields.email),
    givenName: text('givenName'),
    familyName: text('familyName'),
    phone: text(settings.phone),
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

/** How our values read after they were written here. */
export const asHeld = (fields: Fields): Fields =>
  fields.email === undefined ? fields : { ...fields, email: spell(fields.email) };

import { createHash } from 'node:crypto';
import type { Change } from './contacts.ts';
import { type Contact, type Correction, spell } from './mapping.ts';

/** What a panel keeps: contacts, the sites that they own, and who changed whom, in order. */
export class PanelStore {
  readonly contacts = new Map<string, Contact>();
  /** By site, the ids of its owners. A site outlives its contacts, and its domain with it. */
  readonly sites = new Map<string, Set<string>>();
  readonly changes: Change[] = [];
  readonly #onChange: (change: Change) => void;
  #made = 0;
  /** How many of the oldest changes the panel has forgotten. */
  #forgotten = 0;

  constructor(onChange: (change: Change) => void) {
    this.#onChange = onChange;
  }

  add(given: Partial<Contact> & { email: string }, sites: readonly string[] = []): Contact {
    const empty = { givenName: null, familyName: null, phone: null, customerNumber: null, restricted: false, fromKaiku: [] };
    const contact: Contact = { ...empty, ...given, id: String(1000 + ++this.#made) };
    this.contacts.set(contact.id, contact);
    for (const site of sites) this.sites.set(site, (this.sites.get(site) ?? new Set()).add(contact.id));
    this.#changed(contact.id, 'staff');
    return contact;
  }

  holderOf(email: string): Contact | undefined {
    return [...this.contacts.values()].find((contact) => spell(contact.email) === spell(email));
  }

  correct(contact: Contact, correction: Correction, by: Change['by']): Contact {
    const others = contact.fromKaiku.filter((key) => !(key in correction));
    Object.assign(contact, correction, { fromKaiku: by === 'kaiku' ? [...others, ...Object.keys(correction)] : others });
    this.#changed(contact.id, by);
    return contact;
  }

  restrict(contact: Contact): Contact {
    contact.restricted = true;
    this.#changed(contact.id, 'kaiku');
    return contact;
  }

  /** False where a site would be left without an owner; nothing is done then. */
  remove(contact: Contact, by: Change['by']): boolean {
    const owned = [...this.sites.values()].filter((owners) => owners.has(contact.id));
    if (owned.some((owners) => owners.size === 1)) return false;
    for (const owners of owned) owners.delete(contact.id);
    this.contacts.delete(contact.id);
    this.#changed(contact.id, by);
    return true;
  }

  forgetChanges(): void {
    this.#forgotten = this.changes.length;
  }

  /** Whether there is a place in the order of changes that a cursor for `position` may still point at. */
  remembers(position: number): boolean {
    return position >= this.#forgotten && position <= this.changes.length;
  }

  #changed(contact: string, by: Change['by']): void {
    const change = { contact, by };
    this.changes.push(change);
    this.#onChange(change);
  }
}

/** A cursor proves itself: one that was damaged on its way is refused, and not taken for another. */
export const cursorOf = (of: 'contacts' | 'changes', position: number): string => `${position}-${proof(of, position)}`;

/** The position in a cursor of that list; null for any other text. */
export function positionIn(of: 'contacts' | 'changes', cursor: string): number | null {
  const [position = '', given] = cursor.split('-');
  return /^\d{1,9}$/.test(position) && given === proof(of, Number(position)) ? Number(position) : null;
}

const proof = (of: string, position: number) => createHash('sha256').update(`${of} ${position}`).digest('hex').slice(0, 12);

import { z } from 'zod';
import { Failure } from '../../core/failure.ts';
import type { Call } from '../http.ts';
import { type PanelClient, parse, type Word, wordIn } from './client.ts';
import { Contact, ContactId, type Correction } from './mapping.ts';

/** The calls of the contract, parsed. */
export interface Contacts {
  /** Null for the panel's own "not found". */
  get(id: string, call: Call): Promise<Contact | null>;
  search(what: { email: string } | { customerNumber: string }, call: Call): Promise<Contact[]>;
  correct(id: string, correction: Correction, call: Call): Promise<Contact | Word>;
  restrict(id: string, call: Call): Promise<Contact | Word>;
  remove(id: string, call: Call): Promise<'removed' | Word>;
  /** Every contact once, in pages. */
  pages(call: Call): AsyncIterable<Contact[]>;
  /** What changed behind `cursor`, to the newest; without one: nothing, and where now is. Null: the panel does not know it any more. */
  changes(cursor: string | null, call: Call): Promise<{ changes: Change[]; cursor: string } | null>;
  about(call: Call): Promise<About>;
}

/** Who made a change: the contact, people of the company, or Kaiku with its token. */
export const By = z.enum(['contact', 'staff', 'kaiku']);

const Change = z.looseObject({ contact: ContactId, by: By });
export type Change = z.infer<typeof Change>;
const Cursor = z.string().min(1).max(1000);
const Found = z.looseObject({ contacts: z.array(Contact) });
const Page = z.looseObject({ contacts: z.array(Contact), next: Cursor.nullable() });
const Changes = z.looseObject({ changes: z.array(Change), cursor: Cursor, more: z.boolean() });
const About = z.looseObject({ contract: z.string(), rights: z.array(z.string()) });
export type About = z.infer<typeof About>;

export function contactsOf(client: PanelClient): Contacts {
  const path = (id: string) => `/contacts/${encodeURIComponent(id)}`;
  const behind = (base: string, cursor: string | null) =>
    cursor === null ? base : `${base}?cursor=${encodeURIComponent(cursor)}`;

  return {
    async get(id, call) {
      const answer = await client.get(path(id), call);
      return wordIn(answer) === 'not-found' ? null : theSame(id, parse(Contact, answer));
    },

    search: async (what, call) => parse(Found, await client.search('/contacts/search', what, call)).contacts,

    async correct(id, correction, call) {
      const answer = await client.write('PATCH', path(id), call, correction);
      return wordIn(answer) ?? theSame(id, parse(Contact, answer));
    },

    async restrict(id, call) {
      const answer = await client.write('POST', `${path(id)}/restrict`, call, {});
      return wordIn(answer) ?? theSame(id, parse(Contact, answer));
    },

    async remove(id, call) {
      const answer = await client.write('DELETE', path(id), call);
      const word = wordIn(answer);
      if (word) return word;
      // the one call whose success has no body; anything else is not in the contract
      if (answer.status !== 204) throw new Failure('ANSWER_GARBLED', { status: answer.status });
      return 'removed';
    },

    async *pages(call) {
      const seen = new Set<string>();
      const asked = new Set<string | null>();
      for (let cursor: string | null = null; ; ) {
        asked.add(cursor);
        const { contacts, next }: z.infer<typeof Page> = parse(Page, await client.get(behind('/contacts', cursor), call));
        const fresh = contacts.filter(({ id }) => !seen.has(id) && seen.add(id));
        if (fresh.length > 0) yield fresh;
        if (next === null) return;
        if (asked.has(next)) throw new Failure('ANSWER_GARBLED');
        cursor = next;
      }
    },

    async changes(cursor, call) {
      const changes: Change[] = [];
      const asked = new Set<string | null>();
      for (let at = cursor; ; ) {
        asked.add(at);
        const answer = await client.get(behind('/changes', at), call);
        if (wordIn(answer) === 'cursor-gone') return null;
        const page = parse(Changes, answer);
        changes.push(...page.changes);
        if (!page.more) return { changes, cursor: page.cursor };
        if (asked.has(page.cursor)) throw new Failure('ANSWER_GARBLED');
        at = page.cursor;
      }
    },

    about: async (call) => parse(About, await client.get('/about', call)),
  };
}

/** An answer about another contact is no answer. */
function theSame(id: string, contact: Contact): Contact {
  if (contact.id !== id) throw new Failure('ANSWER_GARBLED');
  return contact;
}

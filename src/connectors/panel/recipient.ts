import { Failure } from '../../core/failure.ts';
import { likeness, type Name } from '../../core/likeness.ts';
import type { Recipient, Written } from '../connector.ts';
import { changesSince } from './changes.ts';
import type { Word } from './client.ts';
import type { Contacts } from './contacts.ts';
import { asHeld, type Contact, carriedBy, place, spell, toCorrection, toProfile } from './mapping.ts';
import type { PanelSettings } from './settings.ts';

/** The verbs on the contacts of a panel. Nobody is added: who gets an account there is decided by an order, not by a register. */
export function recipientOf(contacts: Contacts, settings: PanelSettings): Recipient {
  const profile = (contact: Contact) => toProfile(contact, settings);

  return {
    places: [place],
    carries: carriedBy(settings),
    asHeld,
    placesFor: () => [],

    async read({ id }, call) {
      const found = await contacts.get(id, call);
      return found && profile(found);
    },

    async find({ email, customerNumber, ...name }, _place, call) {
      if (typeof email === 'string') {
        const address = spell(email);
        const found = await contacts.search({ email: address }, call);
        // a search that answers with others finds nobody, and proves of nobody that they are not there
        if (found.some((one) => spell(one.email) !== address)) throw new Failure('ANSWER_GARBLED');
        if (found.length > 0) return found.map(profile);
      }
      if (typeof customerNumber !== 'string') return [];
      const found = await contacts.search({ customerNumber }, call);
      if (found.some((one) => one.customerNumber !== customerNumber)) throw new Failure('ANSWER_GARBLED');
      // the number is the firm's: its other contacts are other people
      return found.map(profile).filter(({ fields }) => likeness(name as Name, fields as Name) !== 'different');
    },

    create: async () => refused('cannot-add'),

    async rectify(ref, fields, blanked, call) {
      if (blanked.includes('email')) return refused('address-needed');
      const correction = toCorrection(fields, blanked, settings);
      const isNothing = Object.keys(correction).length === 0;
      const said = isNothing
        ? ((await contacts.get(ref.id, call)) ?? 'not-found')
        : await contacts.correct(ref.id, correction, call);
      return typeof said === 'string' ? unwritten(said, corrections) : { kind: 'accepted', ref };
    },

    async restrict(ref, _permissions, call) {
      const said = await contacts.restrict(ref.id, call);
      if (typeof said === 'string') return unwritten(said, {});
      if (!said.restricted) throw new Failure('NOT_APPLIED');
      return { kind: 'accepted', ref };
    },

    async erase(ref, call) {
      const said = await contacts.remove(ref.id, call);
      if (said === 'removed') return { kind: 'accepted', ref };
      // a site without an owner would be nobody's to renew: people hand it over or close it, and erase then
      return unwritten(said, { 'last-owner': { ...refused('last-owner'), ask: true } });
    },

    async *list(call) {
      for await (const page of contacts.pages(call)) yield page.map(profile);
    },

    changes: (cursor, call) => changesSince(contacts, settings, cursor, call),
  };
}

const refused = (code: string): Extract<Written, { kind: 'refused' }> => ({ kind: 'refused', code });

/** What a correction can be refused for. */
const corrections: Partial<Record<Word, Written>> = {
  'email-taken': refused('address-taken'),
  invalid: refused('field-invalid'),
};

/** The panel's words for a write that it did not take; one that the contract has elsewhere is no answer to this call. */
function unwritten(word: Word, refusals: Partial<Record<Word, Written>>): Written {
  const said = word === 'not-found' ? ({ kind: 'not-found' } as const) : refusals[word];
  if (!said) throw new Failure('ANSWER_GARBLED');
  return said;
}

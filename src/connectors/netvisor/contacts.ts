import type { Fields } from '../../core/person.ts';
import type { RemoteRef, Written } from '../connector.ts';
import type { Call } from '../http.ts';
import type { Card, ContactPerson, Customers } from './customers.ts';
import type { CardValues } from './elements.ts';
import { type Finding, isOrganisation } from './finding.ts';
import { contactProfile, differing, emailText, hasBlock, isTooLong, mended, namesOf, phoneText, touches } from './mapping.ts';
import { compose, type Names, split } from './names.ts';
import { accepted, forPeople, notFound, refused, refusedBy } from './said.ts';
import type { NetvisorSettings } from './settings.ts';
import { blankedTraces, correctedTraces, emptyBlock, type Named, shownInTexts } from './traces.ts';
import { isRefused, type Writes } from './writes.ts';

/** The two ways a card names somebody who is not the customer: a contact person of its own, and the block of free text. */

export interface ContactNeeds {
  customers: Customers;
  finding: Finding;
  writes: Writes;
  settings: NetvisorSettings;
}

/** What a contact person must have, both of them, each time something is written. */
const isWhole = ({ givenName, familyName }: Names) => Boolean(givenName) && Boolean(familyName);

export function contactVerbs({ customers, finding, writes, settings }: ContactNeeds) {
  async function look(ref: RemoteRef, call: Call): Promise<{ card: Card; person: ContactPerson } | null> {
    const [cardKey = '', personId = ''] = ref.id.split('/');
    const card = await customers.get(cardKey, call);
    const person = card?.persons.find(({ id }) => id === personId);
    return card && person ? { card, person } : null;
  }

  return {
    look,

    async create(fields: Fields, call: Call): Promise<Written> {
      const { organisation } = fields;
      if (typeof organisation !== 'object' || !isOrganisation(organisation)) return refused('organisation-missing');
      const [firm, ...others] = await finding.firms(organisation, call);
      if (!firm) return refused('organisation-missing');
      if (others.length > 0) return refused('organisation-ambiguous');
      if ((await finding.contacts(fields, call)).length > 0) return { kind: 'exists' };
      const { givenName = '', familyName = '' } = namesOf(fields);
      if (!isWhole({ givenName, familyName })) return refused('name-needed');
      if (isTooLong(fields)) return refused('email-too-long');
      const person = {
        firstName: givenName,
        lastName: familyName,
        phone: phoneText(fields.phone),
        email: emailText(fields.email),
      };
      const said = await writes.addPerson(firm.key, person, call);
      return isRefused(said) ? refusedBy(said) : accepted({ place: 'contact', id: `${firm.key}/${said}` });
    },

    async rectify(ref: RemoteRef, fields: Fields, blanked: readonly string[], call: Call): Promise<Written> {
      const found = await look(ref, call);
      if (!found) return notFound;
      const { card, person } = found;
      const touched = touches(fields, blanked);
      const { nameOrder } = settings;
      const current = { givenName: person.firstName, familyName: person.lastName };
      // a name that reads the same stays as it is divided there
      const shown = split(compose(current, nameOrder), nameOrder);
      const meant = mended(shown, fields, blanked, nameOrder);
      const isSameName = compose(meant, nameOrder) === compose(current, nameOrder);
      // a name that would be left with one half stays, and what else is to be corrected is corrected
      const isNameRefused = !isSameName && !isWhole(meant);
      const kept = isWhole(current) || !isWhole(shown) ? current : shown;
      const names = isSameName || isNameRefused ? kept : meant;
      if (isTooLong(fields)) return refused('email-too-long');
      const fresh: ContactPerson = {
        id: person.id,
        firstName: names.givenName ?? '',
        lastName: names.familyName ?? '',
        phone: touched('phone') ? phoneText(fields.phone) : person.phone,
        email: touched('email') ? emailText(fields.email) : person.email,
      };
      const isNewName = !isSameName && !isNameRefused;
      // the card first: a run that breaks off between the two finds the person as they were, and does both again
      const traces = correctedTraces(card, person, {
        ...(isNewName ? { name: compose(names, nameOrder) } : {}),
        ...(fresh.email === person.email ? {} : { email: fresh.email }),
        ...(fresh.phone === person.phone ? {} : { phone: fresh.phone }),
      });
      if (Object.keys(traces).length > 0) {
        const said = await writes.editCard(card.key, traces, call);
        if (isRefused(said)) return refusedBy(said);
      }
      const done = isNameRefused ? refused('name-needed') : accepted(ref);
      const { id, firstName, lastName } = fresh;
      const changed = {
        ...(fresh.phone === person.phone ? {} : { phone: fresh.phone }),
        ...(fresh.email === person.email ? {} : { email: fresh.email }),
      };
      if (Object.keys(changed).length === 0 && !isNewName) return done;
      const said = await writes.editPerson(card.key, { id, firstName, lastName, ...changed }, call);
      if (!isRefused(said)) return done;
      if (said.refusal !== 'invalid') return refusedBy(said);
      if ((await look(ref, call)) === null) return notFound;
      return isWhole(names) ? refusedBy(said) : refused('name-needed');
    },

    async erase(ref: RemoteRef, call: Call): Promise<Written> {
      const found = await look(ref, call);
      if (!found) return notFound;
      const { card, person } = found;
      const blanked = blankedTraces(card, person);
      if (Object.keys(blanked).length > 0) {
        const said = await writes.editCard(card.key, blanked, call);
        if (isRefused(said)) return refusedBy(said);
      }
      const shown = shownInTexts(card, person, blanked);
      if (shown) {
        // the row is what the texts are compared with next time: it keeps what they show, and the name that it cannot lack
        const { id, firstName, lastName } = person;
        const less = {
          ...(person.phone === '' || shown.phone ? {} : { phone: '' }),
          ...(person.email === '' || shown.email ? {} : { email: '' }),
        };
        if (Object.keys(less).length > 0) await writes.editPerson(card.key, { id, firstName, lastName, ...less }, call);
        return forPeople('named-in-text');
      }
      const said = await writes.deletePerson(card.key, person, call);
      if (!isRefused(said)) return accepted(ref);
      return said.refusal === 'invalid' && (await look(ref, call)) === null ? notFound : refusedBy(said);
    },

    profiles: async (fields: Fields, call: Call) =>
      (await finding.contacts(fields, call)).map(({ card, person }) => contactProfile(card, person, settings)),
  };
}

export function blockVerbs({ customers, writes, settings }: ContactNeeds) {
  async function look(ref: RemoteRef, call: Call): Promise<Card | null> {
    const card = await customers.get(ref.id, call);
    return card && hasBlock(card) ? card : null;
  }
  const personIn = ({ values }: Card): Named => {
    const { givenName = '', familyName = '' } = split(values.ContactPerson ?? '', settings.nameOrder);
    const { ContactPersonEmail: email = '', ContactPersonPhone: phone = '' } = values;
    return { firstName: givenName, lastName: familyName, email, phone };
  };
  async function write(ref: RemoteRef, fresh: CardValues, call: Call): Promise<Written> {
    const said = await writes.editCard(ref.id, fresh, call);
    if (!isRefused(said)) return accepted(ref);
    return said.refusal === 'invalid' && (await look(ref, call)) === null ? notFound : refusedBy(said);
  }
  return {
    look,

    async rectify(ref: RemoteRef, fields: Fields, blanked: readonly string[], call: Call): Promise<Written> {
      const card = await look(ref, call);
      if (!card) return notFound;
      const touched = touches(fields, blanked);
      const { nameOrder } = settings;
      const current = card.values.ContactPerson ?? '';
      const name =
        touched('givenName') || touched('familyName')
          ? compose(mended(split(current, nameOrder), fields, blanked, nameOrder), nameOrder)
          : current;
      if (name === '' && current !== '') return refused('name-needed');
      if (isTooLong(fields)) return refused('email-too-long');
      const own: CardValues = {
        ...(name === current ? {} : { ContactPerson: name }),
        ...(touched('email') ? { ContactPersonEmail: emailText(fields.email) } : {}),
        ...(touched('phone') ? { ContactPersonPhone: phoneText(fields.phone) } : {}),
      };
      const { ContactPerson, ContactPersonEmail: email, ContactPersonPhone: phone } = differing(own, card);
      const traces = correctedTraces(card, personIn(card), {
        ...(ContactPerson === undefined ? {} : { name: ContactPerson }),
        ...(email === undefined ? {} : { email }),
        ...(phone === undefined ? {} : { phone }),
      });
      const fresh = differing({ ...traces, ...own }, card);
      return Object.keys(fresh).length === 0 ? accepted(ref) : write(ref, fresh, call);
    },

    async erase(ref: RemoteRef, call: Call): Promise<Written> {
      const card = await look(ref, call);
      if (!card) return notFound;
      const person = personIn(card);
      const blanked = { ...blankedTraces(card, person), ...emptyBlock };
      const shown = shownInTexts(card, person, blanked);
      if (!shown) return write(ref, blanked, call);
      // what the texts are compared with next time
      const { ContactPerson, ContactPersonEmail, ContactPersonPhone, ...less } = blanked;
      const said = await write(
        ref,
        {
          ...less,
          ...(shown.name ? {} : { ContactPerson }),
          ...(shown.email ? {} : { ContactPersonEmail }),
          ...(shown.phone ? {} : { ContactPersonPhone }),
        },
        call,
      );
      return said.kind === 'accepted' ? forPeople('named-in-text') : said;
    },
  };
}

import type { Fields } from '../../core/person.ts';
import type { RemoteRef, Written } from '../connector.ts';
import type { Call } from '../http.ts';
import type { Card, ContactPerson, Customers } from './customers.ts';
import type { CardValues } from './elements.ts';
import { type Finding, isOrganisation, isSame } from './finding.ts';
import { contactProfile, differing, emailText, hasBlock, isTooLong, mended, namesOf, phoneText, touches } from './mapping.ts';
import { compose, sameName, split } from './names.ts';
import { accepted, notFound, refused, refusedBy } from './said.ts';
import type { NetvisorSettings } from './settings.ts';
import { isRefused, type Writes } from './writes.ts';

/** The two ways a card names somebody who is not the customer: a contact person of its own, and the block of free text. */

export interface ContactNeeds {
  customers: Customers;
  finding: Finding;
  writes: Writes;
  settings: NetvisorSettings;
}

/** What the block shows after what stands in it of a person was replaced; nothing where it names somebody else. */
function blockAfter(card: Card, person: ContactPerson, fresh: Partial<Record<'name' | 'email' | 'phone', string>>): CardValues {
  const { values } = card;
  const named = [`${person.firstName} ${person.lastName}`, `${person.lastName} ${person.firstName}`];
  const hasName = named.some((name) => sameName(values.ContactPerson ?? '', name));
  const hasEmail = isSame('email', values.ContactPersonEmail, person.email);
  if (!hasName && !hasEmail) return {};
  const hasPhone = isSame('phone', values.ContactPersonPhone, person.phone);
  return {
    ...(fresh.name !== undefined && hasName ? { ContactPerson: fresh.name } : {}),
    ...(fresh.email !== undefined && hasEmail ? { ContactPersonEmail: fresh.email } : {}),
    ...(fresh.phone !== undefined && hasPhone ? { ContactPersonPhone: fresh.phone } : {}),
  };
}

const emptyBlock: CardValues = { ContactName: '', ContactPerson: '', ContactPersonEmail: '', ContactPersonPhone: '' };

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
      if (compose({ givenName, familyName }, settings.nameOrder) === '') return refused('name-needed');
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
      const names = isSameName ? current : meant;
      if (compose(names, nameOrder) === '') return refused('name-needed');
      if (isTooLong(fields)) return refused('email-too-long');
      const fresh: ContactPerson = {
        id: person.id,
        firstName: names.givenName ?? '',
        lastName: names.familyName ?? '',
        phone: touched('phone') ? phoneText(fields.phone) : person.phone,
        email: touched('email') ? emailText(fields.email) : person.email,
      };
      // the block first: a run that breaks off between the two finds the person as they were, and does both again
      const block = differing(
        blockAfter(card, person, { name: compose(names, nameOrder), email: fresh.email, phone: fresh.phone }),
        card,
      );
      if (Object.keys(block).length > 0) {
        const said = await writes.editCard(card.key, block, call);
        if (isRefused(said)) return refusedBy(said);
      }
      const { id, firstName, lastName } = fresh;
      const changed = {
        ...(fresh.phone === person.phone ? {} : { phone: fresh.phone }),
        ...(fresh.email === person.email ? {} : { email: fresh.email }),
      };
      if (Object.keys(changed).length === 0 && firstName === person.firstName && lastName === person.lastName)
        return accepted(ref);
      const said = await writes.editPerson(card.key, { id, firstName, lastName, ...changed }, call);
      if (!isRefused(said)) return accepted(ref);
      return said.refusal === 'invalid' && (await look(ref, call)) === null ? notFound : refusedBy(said);
    },

    async erase(ref: RemoteRef, call: Call): Promise<Written> {
      const found = await look(ref, call);
      if (!found) return notFound;
      const { card, person } = found;
      const block = blockAfter(card, person, { name: '', email: '', phone: '' });
      if (Object.keys(block).length > 0) {
        const said = await writes.editCard(card.key, emptyBlock, call);
        if (isRefused(said)) return refusedBy(said);
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
      const fresh = differing(
        {
          ContactPerson: name,
          ...(touched('email') ? { ContactPersonEmail: emailText(fields.email) } : {}),
          ...(touched('phone') ? { ContactPersonPhone: phoneText(fields.phone) } : {}),
        },
        card,
      );
      return Object.keys(fresh).length === 0 ? accepted(ref) : write(ref, fresh, call);
    },

    async erase(ref: RemoteRef, call: Call): Promise<Written> {
      return (await look(ref, call)) ? write(ref, emptyBlock, call) : notFound;
    },
  };
}

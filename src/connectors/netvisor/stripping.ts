import { Failure } from '../../core/failure.ts';
import type { FieldName } from '../../core/person.ts';
import type { Bound, Written } from '../connector.ts';
import type { Call } from '../http.ts';
import type { Card, Customers } from './customers.ts';
import type { CardField, CardValues } from './elements.ts';
import type { Invoices } from './invoices.ts';
import { businessIdOf, identityCodeOn, isInactive, isPersonCard, isSoleTraderCard } from './mapping.ts';
import { accepted, notFound, refused, refusedBy } from './said.ts';
import type { NetvisorSettings } from './settings.ts';
import { isRefused, type Writes } from './writes.ts';

/** What no invoice needs: goes at once, whatever a law keeps. */
const personal: readonly CardField[] = [
  'NameExtension',
  'PhoneNumber',
  'FaxNumber',
  'Email',
  'HomePageUri',
  'EmailInvoicingAddress',
  'DeliveryName',
  'DeliveryStreetAddress',
  'DeliveryCity',
  'DeliveryPostNumber',
  'DeliveryCountry',
  'ContactName',
  'ContactPerson',
  'ContactPersonEmail',
  'ContactPersonPhone',
  'Comment',
  'CustomerAgreementIdentifier',
  'ReferenceNumber',
  'YourDefaultReference',
  'DefaultTextBeforeInvoiceLines',
  'DefaultTextAfterInvoiceLines',
];
/** What an open claim still needs: where the e-invoice goes. */
const claim: readonly CardField[] = ['FinvoiceAddress', 'FinvoiceRouterCode'];
/** What is left for the books, and goes when the law releases it. */
const books: readonly CardField[] = [
  'InternalIdentifier',
  'ExternalIdentifier',
  'OrganizationUnitNumber',
  'StreetAddress',
  'AdditionalStreetAddress',
  'City',
  'PostNumber',
  'Country',
];

export interface StrippingNeeds {
  customers: Customers;
  invoices: Invoices;
  writes: Writes;
  settings: NetvisorSettings;
}

/** A card that invoices hang on cannot be deleted; it is emptied as far as the law allows. */
export function strippingOf({ customers, invoices, writes, settings }: StrippingNeeds) {
  async function empty(card: Card, blank: readonly CardField[], fresh: CardValues, call: Call): Promise<Written> {
    for (const person of card.persons) {
      const said = await writes.deletePerson(card.key, person, call);
      // one that is gone by now is what was wanted; the card is read again at the end
      if (isRefused(said) && said.refusal !== 'invalid') return refusedBy(said);
    }
    const blanks: CardValues = Object.fromEntries(blank.map((field) => [field, '']));
    const said = await writes.editCard(card.key, { ...blanks, ...fresh, IsActive: '0' }, call);
    if (isRefused(said)) return refusedBy(said);
    const back = await customers.get(card.key, call);
    if (!back) return notFound;
    const isLeft = blank.some((field) => (back.values[field] ?? '') !== '');
    const isOther = Object.entries(fresh).some(([field, value]) => back.values[field as CardField] !== value);
    if (isLeft || isOther || back.persons.length > 0 || !isInactive(back)) throw new Failure('NOT_APPLIED');
    return accepted({ place: 'customer', id: card.key });
  }

  return {
    async bound(key: string, call: Call): Promise<Bound | null> {
      const card = await customers.get(key, call);
      if (!card || !isPersonCard(card)) return null;
      const hanging = await invoices.of(key, call);
      if (!hanging) return null;
      const { pending, ...invoiced } = hanging;
      const keeps: FieldName[] = ['givenName', 'familyName', settings.address, 'customerNumber'];
      if (isSoleTraderCard(card)) keeps.push('organisation');
      if (invoiced.open) keeps.push('identityCode');
      return { ...(pending ? { pending: 'has-orders' } : {}), ...invoiced, keeps };
    },

    async strip(key: string, bound: Bound, call: Call): Promise<Written> {
      const card = await customers.get(key, call);
      if (!card) return notFound;
      if (!isPersonCard(card)) return refused('firm-card');
      // a business id belongs to the invoices, whether the name shows the trader or not; an identity code does not
      const isBusiness = isSoleTraderCard(card) || /^\d{7}-\d$/.test(businessIdOf(card.values.ExternalIdentifier ?? ''));
      const keepsIdentifier = bound.open || (isBusiness && identityCodeOn(card) === '');
      const blank = [...personal, ...(bound.open ? [] : claim), ...(keepsIdentifier ? [] : (['ExternalIdentifier'] as const))];
      return empty(card, blank, {}, call);
    },

    async neutralise(key: string, call: Call): Promise<Written> {
      if (!settings.neutral) return refused('no-neutral-values');
      const card = await customers.get(key, call);
      if (!card) return notFound;
      if (!isPersonCard(card)) return refused('firm-card');
      return empty(card, [...personal, ...claim, ...books], { Name: settings.neutral.name }, call);
    },
  };
}

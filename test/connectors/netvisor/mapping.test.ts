import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Card } from '../../../src/connectors/netvisor/customers.ts';
import { customerElement } from '../../../src/connectors/netvisor/elements.ts';
import { asHeld, cardProfile, correctedCard, together } from '../../../src/connectors/netvisor/mapping.ts';
import { compose, split } from '../../../src/connectors/netvisor/names.ts';
import { type Element, parseXml, toXml } from '../../../src/connectors/netvisor/xml.ts';
import { countryCode } from '../../../src/core/country.ts';
import type { FieldName, Fields } from '../../../src/core/person.ts';
import { settingsOf } from './setup.ts';

describe('a name', () => {
  it.each([
    ['given-first', 'Anna Maria Virtanen', { givenName: 'Anna Maria', familyName: 'Virtanen' }],
    ['family-first', 'Virtanen Anna Maria', { givenName: 'Anna Maria', familyName: 'Virtanen' }],
    ['given-first', 'Aino', { givenName: 'Aino' }],
    ['family-first', 'Virtanen', { familyName: 'Virtanen' }],
    ['given-first', '  ', {}],
  ] as const)('is split in %s order: %s', (order, name, names) => {
    expect(split(name, order)).toEqual(names);
    expect(compose(names, order)).toBe(name.trim());
  });
});

it.each([
  ['FI', 'FI'],
  ['se', 'SE'],
  ['Suomi', 'FI'],
  ['FINLAND', 'FI'],
  ['Ruotsi', 'SE'],
  ['Sverige', 'SE'],
  ['Viro', 'EE'],
  ['Saksa', 'DE'],
  ['Tyskland', 'DE'],
  ['Nowhere', undefined],
  ['', undefined],
])('knows the country %s', (name, code) => {
  expect(countryCode(name)).toBe(code);
});

const word = fc.oneof(
  fc.constantFrom('Aino', 'Åsa-Märta', "O'Neill", 'af', 'Oy', 'von', 'Šárka', '🦉', 'Leipä', '<b>', '&amp;'),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const words = fc.array(word, { maxLength: 14 }).map((list) => list.join(' '));
const some = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const person: fc.Arbitrary<Fields> = fc
  .record({
    givenName: words,
    familyName: words,
    email: fc.constantFrom('', 'a@b.test', ' Ä@Ö.test ', 'x\u0000@y.test'),
    phone: fc.oneof(fc.constantFrom('', '040 1', ' +358 '), fc.string({ maxLength: 120 })),
    customerNumber: fc.oneof(fc.constantFrom('', 'A1'), fc.string({ unit: 'binary', maxLength: 70 })),
    identityCode: fc.constantFrom('', '010190-900P', '010190-900p', '010190A900P'),
    organisation: fc.record(
      {
        name: fc.oneof(
          words,
          words.map((text) => `Tmi ${text}`),
          fc.constantFrom('Tmi Aino Virtanen', 'Ainon Leipä T:mi', 'Putki Oy'),
        ),
        businessId: fc.constantFrom('2607385-7', 'FI01120389', ''),
      },
      { requiredKeys: ['name'] },
    ),
    billingAddress: fc.record(
      {
        street: fc.oneof(words, fc.string({ maxLength: 200 })),
        postcode: word,
        city: words,
        country: fc.constantFrom('FI', 'Ruotsi', 'Nowhere'),
      },
      { requiredKeys: [] },
    ),
  })
  .chain((whole) => fc.record(Object.fromEntries(Object.entries(whole).map(([name, value]) => [name, some(fc.constant(value))]))))
  .map(
    (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== '')) as Fields,
  );

/** The card after an edit, over the wire: what is written is what is read, by other names. */
function written(card: Card, fresh: Card['values']): Card {
  const parsed = parseXml(Buffer.from(toXml(customerElement(fresh))));
  const values: Record<string, string> = { ...card.values };
  const flat = (of: Element): Element[] => (of.children.length === 0 ? [of] : of.children.flatMap(flat));
  const names = Object.keys(fresh);
  for (const [i, leaf] of flat(parsed).entries()) {
    // schema order and the order of `fresh` differ: found by its element alone
    const single = names.find(
      (name) =>
        toXml(customerElement({ [name]: '' })).includes(`<${leaf.name}>`) ||
        toXml(customerElement({ [name]: '' })).includes(`<${leaf.name} `),
    );
    if (!single) throw new Error(`element ${i} was not asked for`);
    values[single] = leaf.text.trim();
  }
  return { ...card, values: Object.fromEntries(Object.entries(values).filter(([, value]) => value !== '')) };
}

it.each([{}, { nameOrder: 'family-first' }])('reads every correction back as it says it would (%o)', (own) => {
  const settings = settingsOf(own);
  const shows = (card: Card, sent: Fields) => {
    const there = cardProfile(card, settings).fields;
    for (const [name, value] of Object.entries(asHeld(sent, 'customer', settings)))
      expect(JSON.stringify(there[name as FieldName]), name).toBe(JSON.stringify(value));
  };
  fc.assert(
    fc.property(person, person, fc.infiniteStream(fc.boolean()), (before, after, coins) => {
      const empty: Card = { key: '1', values: {}, persons: [] };
      const made = correctedCard(empty, before, [], settings);
      fc.pre(typeof made === 'object' && Boolean(made.Name));
      if (typeof made === 'string') return;
      const card = written(empty, made);
      shows(card, before);
      // as the planner hands over: changed fields, those that stand in one text together, and what was seen or sent and is no more
      const changed = Object.keys(after).filter((name) => coins.next().value || together.includes(name as FieldName));
      const sent = Object.fromEntries(changed.map((name) => [name, after[name as FieldName]])) as Fields;
      const known = { ...cardProfile(card, settings).fields, ...before };
      const blanked = Object.keys(known).filter((name) => after[name as FieldName] === undefined);
      const mended = correctedCard(card, sent, blanked, settings);
      if (typeof mended === 'string') return;
      const fresh = written(card, mended);
      shows(fresh, sent);
      // and a second time there is nothing left to write
      const again = correctedCard(fresh, sent, blanked, settings);
      expect(typeof again === 'object' && written(fresh, again).values).toEqual(fresh.values);
    }),
    { numRuns: 1000 },
  );
});

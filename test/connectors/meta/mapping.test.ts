import { describe, expect, it } from 'vitest';
import { meta } from '../../../src/connectors/meta/connector.ts';
import { normalEmail, payloadOf, placesOf, refIn, sha256 } from '../../../src/connectors/meta/mapping.ts';
import type { Fields } from '../../../src/core/person.ts';
import { matti } from './setup.ts';

const settings = meta.settings.parse({
  adAccounts: ['act_1', 'act_2'],
  identifiers: { email: ['email', 'custom.formerEmail'], externId: ['customerNumber'] },
});
const comparedAs = (name: string, fields: Fields) => {
  const place = placesOf(settings).get(name);
  if (!place) throw new Error(`no place is called ${name}`);
  return refIn(place, fields, settings.countryCode)?.id ?? null;
};

describe('places', () => {
  it('are each field that names people, in each ad account', () => {
    const each = ['EMAIL:email', 'EMAIL:custom.formerEmail', 'PHONE:phone', 'PHONE:mobile', 'EXTERN_ID:customerNumber'];
    expect([...placesOf(settings).keys()]).toEqual(
      ['act_1', 'act_2'].flatMap((account) => each.map((one) => `${account}/${one}`)),
    );
  });
});

describe('an address', () => {
  // SHA-256 of the trimmed address in lower case, as UTF-8: Meta's page, and the vectors of its clients
  it.each([
    [matti.email, matti.hash],
    [` ${matti.email.toUpperCase()}\n`, matti.hash],
    [' Äiti.Öö@Example.FI ', '494f4332d50280c192248f06128e025e79fe6ce1753ffc8ac70faad083824e6a'],
  ])('%s is hashed as Meta compares it', (text, hash) => {
    expect(comparedAs('act_1/EMAIL:email', { email: text })).toBe(hash);
  });

  it('keeps its dots and what follows a plus, unlike with others', () => {
    expect(normalEmail('Aino.V+uutiset@Gmail.com')).toBe('aino.v+uutiset@gmail.com');
  });

  it('that is none names nobody', () => {
    for (const email of ['', ' ', 'aino', 'aino@sahko.test, eino@sahko.test', '@'])
      expect(comparedAs('act_1/EMAIL:email', { email })).toBeNull();
    expect(comparedAs('act_1/EMAIL:email', {})).toBeNull();
  });
});

describe('a telephone number', () => {
  it.each(['040 123 4567', '+358 40 123 4567', '00358 40-1234567', '358401234567'])(
    '%s is its digits with the country',
    (phone) => {
      expect(comparedAs('act_1/PHONE:phone', { phone })).toBe(sha256('358401234567'));
    },
  );

  it('that is none names nobody', () => {
    expect(comparedAs('act_1/PHONE:mobile', { mobile: 'kysy vaihteesta' })).toBeNull();
  });
});

it('sends the company’s own number as it is', () => {
  expect(comparedAs('act_2/EXTERN_ID:customerNumber', { customerNumber: 'A-17' })).toBe('A-17');
});

it('names one person by one key', () => {
  expect(payloadOf('EMAIL', matti.hash)).toEqual({ schema: ['EMAIL'], data: [[matti.hash]] });
});

describe('settings', () => {
  it.each([
    [{ adAccounts: ['1000'] }, 'act_'],
    [{ adAccounts: ['act_1'], version: '25' }, 'v25.0'],
    [{ adAccounts: ['act_1'], identifiers: { email: [], phone: [] } }, 'at least one field'],
    [{ adAccounts: ['act_1'], identifiers: { email: ['mail'] } }, 'must be one of'],
  ])('%j are refused', (given, why) => {
    expect(() => meta.settings.parse(given)).toThrow(why);
  });
});

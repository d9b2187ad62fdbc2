import { describe, expect, it } from 'vitest';
import { ga4 } from '../../../src/connectors/ga4/connector.ts';
import { clientIdOf, placesOf, providedEmail, refIn, requestFor } from '../../../src/connectors/ga4/mapping.ts';
import type { Fields } from '../../../src/core/person.ts';

const settingsOf = (given: Record<string, unknown>) => ga4.settings.parse({ properties: ['123'], ...given });
const settings = settingsOf({
  properties: ['123', '456'],
  identifiers: { clientId: 'custom.gaClientId', userId: 'customerNumber', userProvidedData: ['email', 'phone'] },
});
const refOf = (name: string, fields: Fields) => {
  const place = placesOf(settings).get(name);
  if (!place) throw new Error(`no place is called ${name}`);
  return refIn(place, fields, settings.countryCode);
};

describe('places', () => {
  it('are each identifier in each property', () => {
    const each = ['clientId', 'userId', 'userProvidedData:email', 'userProvidedData:phone'];
    expect([...placesOf(settings).keys()]).toEqual([...each.map((k) => `123/${k}`), ...each.map((k) => `456/${k}`)]);
  });
});

describe('an identifier', () => {
  it.each([
    ['1234567890.1700000000', '1234567890.1700000000'],
    ['GA1.1.1234567890.1700000000', '1234567890.1700000000'],
    ['GA1.2-2.1234567890.1700000000', '1234567890.1700000000'],
    ['made-by-the-site', 'made-by-the-site'],
  ])('of the cookie %s is %s', (cookie, id) => {
    expect(clientIdOf(cookie)).toBe(id);
  });

  it('is nothing where the field is empty, missing, or a client id that lost its digits as a number', () => {
    for (const fields of [
      {},
      { 'custom.gaClientId': ' ' },
      { 'custom.gaClientId': 1234567890.17 },
      { 'custom.gaClientId': true },
    ])
      expect(refOf('123/clientId', fields)).toBeNull();
    expect(refOf('123/userProvidedData:phone', { phone: 'ask at the desk' })).toBeNull();
    expect(refOf('123/userProvidedData:email', { email: 'no address' })).toBeNull();
  });

  it('is a number where the site gives its visitors one', () => {
    expect(refOf('123/userId', { customerNumber: '1001' })).toEqual({ place: '123/userId', id: '1001' });
  });

  // developers.google.com, properties.submitUserDeletion: lower case, no blanks, no dots before the @ of Gmail
  it.each([
    [' Aino.Virtanen@Example.FI ', 'aino.virtanen@example.fi'],
    ['Aino . Virtanen@gmail.com', 'ainovirtanen@gmail.com'],
    ['a.i.n.o@googlemail.com', 'aino@googlemail.com'],
    ['a@b@c', null],
  ])('of the address %s is sent unhashed as %s', (text, spelled) => {
    expect(providedEmail(text)).toBe(spelled);
  });

  it('of a telephone has a plus and its country', () => {
    expect(refOf('123/userProvidedData:phone', { phone: '040 123 4567' })?.id).toBe('+358401234567');
  });
});

describe('a request', () => {
  it('names exactly one identifier, in the form of either API', () => {
    const place = { property: '123', kind: 'clientId' as const };
    expect(requestFor({ api: 'admin', version: 'v1beta' }, place, '1.2')).toEqual({
      path: '/v1beta/properties/123:submitUserDeletion',
      body: { clientId: '1.2' },
    });
    expect(requestFor({ api: 'v3', version: 'v1alpha' }, place, '1.2')).toEqual({
      path: '/analytics/v3/userDeletion/userDeletionRequests:upsert',
      body: { kind: 'analytics#userDeletionRequest', id: { type: 'CLIENT_ID', userId: '1.2' }, propertyId: '123' },
    });
  });
});

describe('settings', () => {
  it.each([
    [{ identifiers: {} }, 'at least one field'],
    [{ identifiers: { clientId: 'gaClientId' } }, 'must be one of'],
    [{ properties: ['G-ABC123'], identifiers: { clientId: 'custom.id' } }, 'not the number of a property'],
    [{ identifiers: { clientId: 'custom.id' }, tokenUrl: 'http://tokens.test' }, 'https, or http to loopback'],
    [{ identifiers: { userProvidedData: ['email'] }, api: 'v3' }, 'user-provided data'],
  ])('%j are refused', (given, why) => {
    expect(() => settingsOf(given)).toThrow(why);
  });
});

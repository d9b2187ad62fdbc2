import { expect, it } from 'vitest';
import { isSoleTrader, withoutSoleTraderWord } from '../../src/core/organisation.ts';

it.each([
  'Tmi Aino Virtanen',
  'Aino Virtanen Tmi',
  'T:mi Aino Virtanen',
  'Toiminimi Aino Virtanen',
  'F:ma Åke Öhman',
  'Enskild firma Åke Öhman',
  'ENSKILD  FIRMA Åke Öhman',
  'Ainon Leipä, tmi',
  'Nuohous (tmi) Virtanen',
])('takes %s for a sole trader', (name) => {
  expect(isSoleTrader(name)).toBe(true);
});

it.each([
  '',
  'Aino Virtanen',
  'Sahkotmi Oy',
  'Tmiina Virtanen',
  'Tmi-palvelut Virtanen',
  'Entinen Tmi Virtanen Oy',
  'F:ma Öhman Ab',
  'Enskild Öhman firma',
  'Virtanen & Pojat Ky',
  'ÄTmi',
])('takes %s for no sole trader', (name) => {
  expect(isSoleTrader(name)).toBe(false);
});

it.each([
  ['Tmi Aino Virtanen', 'Aino Virtanen'],
  ['Aino Virtanen, Tmi', 'Aino Virtanen'],
  ['Ainon Leipä Tmi Lahti', 'Ainon Leipä Lahti'],
  ['Enskild Firma Åke Öhman', 'Åke Öhman'],
  ['Aino Virtanen', 'Aino Virtanen'],
])('leaves of %s the name without the word', (name, left) => {
  expect(withoutSoleTraderWord(name)).toBe(left);
});

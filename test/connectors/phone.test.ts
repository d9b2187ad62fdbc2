import { expect, it } from 'vitest';
import { internationalDigits } from '../../src/connectors/phone.ts';

it.each([
  ['040 123 4567', '358401234567'],
  ['+358 40 123 4567', '358401234567'],
  ['+358 (0)40 123 4567', '358401234567'],
  ['00358401234567', '358401234567'],
  ['358401234567', '358401234567'],
  ['+46 70-123 45 67', '46701234567'],
  ['0', null],
  ['call the office', null],
  ['+358', null],
  ['+3584012345678901', null],
])('knows %s in international digits', (text, digits) => {
  expect(internationalDigits(text, '358')).toBe(digits);
});

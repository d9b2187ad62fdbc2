import { FinnishSSN } from 'finnish-ssn';

/**
 * Finnish personal identity codes (henkilötunnus) in free text. Data Protection Act 1050/2018 29 §: never entered needlessly in
 * a document. Since Act 690/2022 the separator distinguishes people, so it belongs to the code.
 */

export interface Found {
  /** UTF-16 position, as `String.slice` counts. */
  index: number;
  length: number;
}

const dash = '\\-\u2010\u2011\u2012\u2013\u2212';
// a letter run before the digits is let through ("hetu010190-…"), unless it hangs on a digit: that is the inside of an id or a hash
const pattern = new RegExp(
  `(?<!\\p{N})\\d{6}(?<!\\p{N}\\p{L}{1,20}\\d{6})[ \\u00a0]?[${dash}+A-FU-Y][ \\u00a0]?\\d{3}[0-9A-FHJ-NPR-Y](?![\\p{L}\\p{N}])`,
  'giu',
);

/** The code as the registrar writes it: upper case, a plain hyphen, no blanks. Null when the date or the check character is wrong. */
export function canonicalIdentityCode(text: string): string | null {
  const code = text
    .replace(/\s/gu, '')
    .replace(new RegExp(`[${dash}]`, 'gu'), '-')
    .toUpperCase();
  return FinnishSSN.validate(code) ? code : null;
}

/** Every valid code in a text, lower case and odd dashes included. A number with a wrong check character is no code. */
export function findIdentityCodes(text: string): Found[] {
  return [...text.matchAll(pattern)]
    .filter((match) => canonicalIdentityCode(match[0]) !== null)
    .map((match) => ({ index: match.index, length: match[0].length }));
}

/** The text with each code hidden whole: the birth date in it is personal data too. */
export function maskIdentityCodes(text: string): string {
  let masked = text;
  for (const { index, length } of findIdentityCodes(text).reverse()) {
    masked = `${masked.slice(0, index)}******-****${masked.slice(index + length)}`;
  }
  return masked;
}

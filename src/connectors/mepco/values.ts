import { canonicalIdentityCode, findIdentityCodes } from '../../core/identity-code.ts';
import { readDay } from '../file-settings.ts';
import { refused } from '../text-file.ts';
import type { MepcoSettings } from './settings.ts';

/**
 * Single values of a cell. Columns that changed places look alike to a table, so each value must be what its column says; a refusal
 * names file, line and reason, and never the value.
 */

/** A number of a person or a company is text: leading zeros stay. */
export function readNumber(file: string, line: number, text: string, of: 'person' | 'company'): string {
  if (text === '' || /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,39}$/u.test(text)) {
    if (findIdentityCodes(text).length > 0) throw refused(file, line, `an identity code stands for the number of the ${of}`);
    return text;
  }
  throw refused(file, line, `what stands for the number of the ${of} is no number`);
}

const forms: Record<string, [RegExp, string]> = {
  email: [/^[^\s@<>()",:;]+@[^\s@<>()",:;]+\.[^\s@<>()",:;]+$/, 'no e-mail address'],
  phone: [/^\+?[\d\s()./-]{5,30}$/, 'no telephone number'],
  mobile: [/^\+?[\d\s()./-]{5,30}$/, 'no telephone number'],
  name: [/^[^@\d]*$/, 'no name'],
  givenName: [/^[^@\d]*$/, 'no name'],
  familyName: [/^[^@\d]*$/, 'no name'],
};

/** No value of a person is longer; and no form is held against what a hostile file may hold. */
const mostLetters = 1000;

/** The value of a canonical field, or undefined for a blank. */
export function readValue(
  at: { file: string; line: number },
  field: string,
  text: string,
  settings: MepcoSettings,
): string | undefined {
  if (text === '') return undefined;
  const no = (reason: string) => refused(at.file, at.line, `${field}: ${reason}`);
  if (text.length > mostLetters) throw no(`more than ${mostLetters} letters`);
  if (/^([=@]|[+-](?!\d)|\|)/.test(text) && !(field === 'phone' || field === 'mobile'))
    throw no('a value that begins like a formula');
  const [form, reason] = forms[field] ?? [];
  if (form && !form.test(text)) throw no(reason ?? '');
  switch (field) {
    case 'identityCode': {
      const code = canonicalIdentityCode(text);
      if (code === null) throw no('no identity code, or its check character is wrong');
      return code;
    }
    case 'birthDate': {
      const day = readDay(text, settings.dates);
      if (day === null) throw no('no date of the agreed form');
      return day;
    }
    case 'language': {
      const tag = languages[text.toLowerCase()] ?? (/^[a-z]{2}(-[A-Za-z]{2})?$/.test(text) ? text.toLowerCase() : undefined);
      if (tag === undefined) throw no('no language that is known');
      return tag;
    }
    default:
      return text;
  }
}

const languages: Record<string, string> = {
  finnish: 'fi',
  swedish: 'sv',
  english: 'en',
  suomi: 'fi',
  svenska: 'sv',
  ruotsi: 'sv',
  englanti: 'en',
};

import { z } from 'zod';
import { lastOfMonth } from '../core/day.ts';
import { fieldNames } from '../core/person.ts';
import { encodings } from './text-file.ts';

/** What every exchange of files leaves open, and so is set per system: where, how spelled, which column is which field. */

const parts = ['street', 'postcode', 'city', 'country'] as const;
const mappable = new Set<string>([
  'name',
  ...fieldNames.filter((name) => name !== 'address' && name !== 'billingAddress' && name !== 'organisation'),
  ...(['address', 'billingAddress'] as const).flatMap((name) => parts.map((part) => `${name}.${part}`)),
]);

/** A canonical field, `name` for a whole name in one column, or `custom.<name>`. */
export const MapKey = z.string().refine((name) => mappable.has(name) || /^custom\.\S+$/.test(name), {
  error: `not a canonical field; known are ${[...mappable].join(', ')} and custom.<name>`,
});

/** `*` for any letters, `?` for one. */
export const Pattern = z
  .string()
  .regex(/^[^/\\]+$/, { error: 'a name of a file, with * and ? as wildcards; the folder is a setting of its own' });
export const Folder = z.string().regex(/^(?!\/)(?!.*\.\.)[^\\]*$/, { error: 'a folder below that of baseUrl' });
export const Fingerprint = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, {
  error: 'a fingerprint as ssh-keygen -lf prints it: SHA256: and 43 characters',
});

/** How the text of a file is made up. */
export const formSettings = {
  encoding: z.enum(encodings).default('utf-8'),
  delimiter: z
    .string()
    .length(1)
    .regex(/[^"\r\n\w]/)
    .default(';'),
  quotes: z.enum(['none', 'double']).default('none'),
  finalLineBreak: z.boolean().default(true),
};

/** What the refusal of an export that was not believed names. */
export const Agreed = z
  .array(z.string().regex(/^[0-9a-f]{16}$/, { error: 'the 16 characters that the refusal names' }))
  .default([]);

export type Dates = 'any' | 'd.m.yyyy' | 'yyyy-mm-dd';

/** `d.m.yyyy`, `dd.mm.yyyy` or `yyyy-mm-dd` as `YYYY-MM-DD`; null for what is no such date. */
export function readDay(text: string, dates: Dates): string | null {
  const finnish = dates === 'yyyy-mm-dd' ? null : /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(text);
  const iso = dates === 'd.m.yyyy' ? null : /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  const [year, month, date] = (finnish ? [finnish[3], finnish[2], finnish[1]] : iso ? iso.slice(1) : []).map(Number);
  if (!year || !month || !date || month > 12 || year < 1850 || date > lastOfMonth(year, month)) return null;
  return `${year}-${String(month).padStart(2, '0')}-${String(date).padStart(2, '0')}`;
}

export type NameOrder = 'given-first' | 'family-first';

/** Where the family name stands at the end it is the last word, else the first; a single word is a family name. */
export function splitName(name: string, order: NameOrder): { givenName?: string; familyName?: string } {
  const words = name.split(/[\s,]+/).filter((word) => word !== '');
  if (words.length < 2) return { familyName: words.join('') };
  if (order === 'family-first') return { familyName: words[0] ?? '', givenName: words.slice(1).join(' ') };
  return { givenName: words.slice(0, -1).join(' '), familyName: words.at(-1) ?? '' };
}

export const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'i',
  );

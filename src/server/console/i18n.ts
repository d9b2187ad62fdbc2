import { readdirSync, readFileSync } from 'node:fs';
import IntlMessageFormatModule from 'intl-messageformat';
import type { Config } from '../../core/configuration.ts';
import { daysOfOwnPeriod } from '../../core/own-period.ts';
import { titleIn } from '../../core/title.ts';

/**
 * The console's words in three languages: one folder a language, one JSON file an area, ICU messages inside. A key is
 * `<area>.<key>`. The catalogues are read once, from the sources, whichever of `src/` and `dist/` runs.
 */
export const languages = ['fi', 'sv', 'en'] as const;
export type Language = (typeof languages)[number];

export const isLanguage = (value: unknown): value is Language => (languages as readonly unknown[]).includes(value);

type Values = Record<string, string | number | Date | null | undefined>;

/** Texts and dates in one language. A key that no catalogue has is shown as `⟦key⟧`, and a test finds it. */
export interface Translator {
  readonly lang: Language;
  (key: string, values?: Values): string;
  /** The text of a word of the ledger, or the word itself where the catalogue has none (a code that is new). */
  word(kind: string, value: string): string;
  /** A law as the rules cite it (several with `; ` between), in this language; what a person wrote stands as it is. */
  law(cited: string): string;
  /** A country by its ISO 3166 code. */
  country(code: string): string;
  /** A moment, to the minute, in Finland's time. */
  time(at: Date | string): string;
  /** A calendar day. */
  day(at: Date | string): string;
  number(n: number): string;
}

const folder = new URL('../../../src/server/console/messages/', import.meta.url);

function catalogueOf(lang: Language): ReadonlyMap<string, string> {
  const all = new Map<string, string>();
  for (const file of readdirSync(new URL(`${lang}/`, folder)).sort()) {
    const area = file.replace(/\.json$/, '');
    const texts = JSON.parse(readFileSync(new URL(`${lang}/${file}`, folder), 'utf8')) as Record<string, string>;
    for (const [key, text] of Object.entries(texts)) all.set(`${area}.${key}`, text);
  }
  return all;
}

const zone = 'Europe/Helsinki';
const made = new Map<Language, Translator>();

/** The texts of one language; made once. */
export function translator(lang: Language): Translator {
  const known = made.get(lang);
  if (known) return known;
  const IntlMessageFormat = IntlMessageFormatModule;
  const texts = catalogueOf(lang);
  const formats = new Map<string, InstanceType<typeof IntlMessageFormat>>();
  const locale = { fi: 'fi-FI', sv: 'sv-FI', en: 'en-GB' }[lang];
  const times = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: zone });
  const days = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: zone });
  const countries = new Intl.DisplayNames([locale], { type: 'region', fallback: 'code' });
  const numbers = new Intl.NumberFormat(locale);
  const say = (key: string, values?: Values): string => {
    const text = texts.get(key);
    if (text === undefined) return `⟦${key}⟧`;
    if (!text.includes('{') && !text.includes("'")) return text;
    let format = formats.get(key);
    if (!format) {
      format = new IntlMessageFormat(text, locale, { date: { short: { dateStyle: 'medium' } } } as never, { ignoreTag: true });
      formats.set(key, format);
    }
    return String(format.format(values as Record<string, string>));
  };
  const translate: Translator = Object.assign(say, {
    lang,
    word: (kind: string, value: string) => (texts.has(`words.${kind}.${value}`) ? say(`words.${kind}.${value}`) : value),
    law: (cited: string) =>
      cited
        .split('; ')
        .map((one) => {
          const days = daysOfOwnPeriod(one);
          return days === null ? (texts.get(`laws.${one}`) ?? one) : say('words.ownPeriod', { days });
        })
        .join('; '),
    country: (code: string) => countries.of(code) ?? code,
    time: (at: Date | string) => times.format(new Date(at)),
    // a day without a time is that day everywhere
    day: (at: Date | string) =>
      days.format(typeof at === 'string' && at.length === 10 ? new Date(`${at}T12:00:00Z`) : new Date(at)),
    number: (n: number) => numbers.format(n),
  });
  made.set(lang, translate);
  return translate;
}

const own = new WeakMap<object, Map<Language, Translator>>();

/** The same, where the company's own fields are called what its configuration says; made once for each configuration. */
export function translatorFor(config: Pick<Config, 'fieldTitles'>, lang: Language): Translator {
  const { fieldTitles } = config;
  const plain = translator(lang);
  if (!fieldTitles) return plain;
  const known = own.get(fieldTitles) ?? new Map<Language, Translator>();
  own.set(fieldTitles, known);
  const words: Translator =
    known.get(lang) ??
    Object.assign((key: string, values?: Values) => plain(key, values), plain, {
      word: (kind: string, value: string) =>
        (kind === 'field' ? titleIn(fieldTitles[value], lang) : undefined) ?? plain.word(kind, value),
    });
  known.set(lang, words);
  return words;
}

/** Every key of a language with its text: for the test that compares the three. */
export const allTexts = catalogueOf;

/** The language of a request: the one chosen, else what the browser asks for, else the controller's first. */
export function languageOf(chosen: string | undefined, accepts: string | undefined, fallback: string | undefined): Language {
  if (isLanguage(chosen)) return chosen;
  for (const part of (accepts ?? '').split(',')) {
    const tag = part.trim().slice(0, 2).toLowerCase();
    if (isLanguage(tag)) return tag;
  }
  return isLanguage(fallback) ? fallback : 'en';
}

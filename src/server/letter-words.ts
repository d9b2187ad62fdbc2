import type { Letter, Sentence } from '../core/letter.ts';
import type { Translator } from './console/i18n.ts';

/** A letter in one language: the title, and each sentence's words beside the sentence that they say. */
export interface LetterWords {
  title: string;
  paragraphs: string[][];
}

/** The words of a letter. Days, fields, rights and laws are told in the letter's language; names and quotations as they stand. */
export function letterWords(t: Translator, letter: Letter): LetterWords {
  return {
    title: t(`letters.title.${letter.kind}${letter.result ? `.${letter.result}` : ''}`),
    paragraphs: letter.paragraphs.map((sentences) => sentences.map((sentence) => wordsOf(t, sentence))),
  };
}

const days = new Set(['received', 'due', 'decided', 'until', 'by', 'first', 'last', 'from', 'on', 'since']);

function wordsOf(t: Translator, { code, params }: Sentence): string {
  const values = Object.entries(params).map(([name, value]) => {
    if (typeof value === 'object') return [name, value.map((field) => t.word('field', field)).join(', ')];
    if (name === 'law' && typeof value === 'string') return [name, t.law(value)];
    return [name, days.has(name) && typeof value === 'string' ? t.day(value) : value];
  });
  return t(`letters.${code}`, Object.fromEntries(values));
}

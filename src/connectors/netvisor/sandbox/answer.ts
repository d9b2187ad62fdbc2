import type { SandboxAnswer } from '../../sandbox.ts';
import type { NetvisorFailure } from './failure.ts';

/** An element of an answer: a text, or elements; empty ones are written `<Email />`. */
export interface Element {
  name: string;
  content: string | Element[];
  attributes: Record<string, string>;
}

export const element = (name: string, content: string | number | Element[] = '', attributes: Record<string, string> = {}) => ({
  name,
  content: typeof content === 'number' ? String(content) : content,
  attributes,
});

// what XML 1.0 has no way to write
const unwritable = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
export const isUnwritable = (text: string) => text.replace(unwritable, '') !== text;

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
const escaped = (text: string) => text.replace(unwritable, '').replace(/[&<>"']/g, (found) => entities[found] ?? found);

function written({ name, content, attributes }: Element, depth: number): string {
  const indent = '    '.repeat(depth);
  const head = [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${escaped(value)}"`)].join(' ');
  if (content.length === 0) return `${indent}<${head} />`;
  if (typeof content === 'string') return `${indent}<${head}>${escaped(content)}</${name}>`;
  return [`${indent}<${head}>`, ...content.map((child) => written(child, depth + 1)), `${indent}</${name}>`].join('\r\n');
}

const finnish = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/Helsinki',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** The parts of an instant on a Finnish clock. */
export function finnishParts(at: Date): Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', number> {
  const parts = Object.fromEntries(finnish.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const part = (name: string) => parts[name] ?? 0;
  return {
    year: part('year'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
    second: part('second'),
  };
}

const two = (value: number) => String(value).padStart(2, '0');

/** `5.6.2023 16:12:09`: Finnish time, no leading zeros on day and month. */
export function timestamp(at: Date): string {
  const { year, month, day, hour, minute, second } = finnishParts(at);
  return `${day}.${month}.${year} ${two(hour)}:${two(minute)}:${two(second)}`;
}

/** `2023-06-05T16:12:09`, on a Finnish clock. */
export function finnishIso(at: Date): string {
  const { year, month, day, hour, minute, second } = finnishParts(at);
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
}

/** Sums stand with a decimal comma, without zeros behind it (`200,3`). */
export const comma = (value: number) => String(Math.round(value * 100) / 100).replace('.', ',');

function envelope(status: number, statuses: readonly string[], at: Date, more: Element[]): SandboxAnswer {
  const said = [...statuses.map((text) => element('Status', text)), element('TimeStamp', timestamp(at))];
  const root = element('Root', [element('ResponseStatus', said), ...more]);
  return {
    status,
    headers: { 'content-type': 'text/xml; charset=utf-8' },
    body: `<?xml version="1.0" encoding="utf-8" standalone="yes"?>\r\n${written(root, 0)}`,
  };
}

export const succeeded = (at: Date, more: Element[] = []) => envelope(200, ['OK'], at, more);

export const inserted = (at: Date, key: number) => succeeded(at, [element('Replies', [element('InsertedDataIdentifier', key)])]);

/** Two `Status` elements: the word, then code and text. */
export const failed = (status: number, failure: NetvisorFailure, at: Date) =>
  envelope(status, ['FAILED', failure.code === '' ? failure.message : `${failure.code} :: ${failure.message}`], at, []);

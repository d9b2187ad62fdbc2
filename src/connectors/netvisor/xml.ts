import { XMLParser, XMLValidator } from 'fast-xml-parser';
import iconv from 'iconv-lite';
import { Failure } from '../../core/failure.ts';

/** Netvisor's XML in both directions: read by its own declaration, written in the company's encoding without one. */

export interface Element {
  name: string;
  attributes: Record<string, string>;
  /** Its own text, decoded; '' for none. */
  text: string;
  children: Element[];
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  // own decoding below: no entity of the document's may grow
  processEntities: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  cdataPropName: '#cdata',
});

/** The answer's root. `ANSWER_GARBLED` for anything but one whole document without a DOCTYPE; its cause quotes nothing. */
export function parseXml(body: Buffer): Element {
  const text = decode(body);
  if (/<!(?!--|\[CDATA\[)/.test(text)) throw garbled('a document type');
  // the parser passes over a text behind the root
  if (XMLValidator.validate(text) !== true || !text.trimEnd().endsWith('>')) throw garbled('not well-formed');
  let nodes: unknown;
  try {
    nodes = parser.parse(text);
  } catch {
    throw garbled('not well-formed');
  }
  const { children, text: between } = contentOf(nodes);
  const [root, ...others] = children;
  if (!root || others.length > 0 || between.trim() !== '') throw garbled('not one document');
  return root;
}

const garbled = (why: string) => new Failure('ANSWER_GARBLED', { cause: new Error(why) });

const declaration = /^\s*<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']/;
const singleByte = new Set(['iso-8859-1', 'iso-8859-15', 'windows-1252']);

function decode(body: Buffer): string {
  const bare = body.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? body.subarray(3) : body;
  const named = (declaration.exec(bare.subarray(0, 200).toString('latin1'))?.[1] ?? 'utf-8').toLowerCase();
  if (singleByte.has(named)) return iconv.decode(bare, named);
  if (named !== 'utf-8' && named !== 'utf8') throw garbled('an encoding of another kind');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bare);
  } catch {
    throw garbled('not UTF-8');
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The parser's list of `{ name: [...], ':@': { attribute: value } }`, `{ '#text': … }` and `{ '#cdata': […] }`. */
function contentOf(nodes: unknown): { children: Element[]; text: string } {
  const children: Element[] = [];
  let text = '';
  for (const node of Array.isArray(nodes) ? nodes : []) {
    if (!isRecord(node)) continue;
    for (const [name, value] of Object.entries(node)) {
      if (name === ':@') continue;
      if (name === '#text') text += unescapeXml(String(value));
      else if (name === '#cdata')
        text += (Array.isArray(value) ? value : []).map((v) => (isRecord(v) ? v['#text'] : '')).join('');
      else {
        const attributes = isRecord(node[':@']) ? node[':@'] : {};
        children.push({
          name,
          attributes: Object.fromEntries(Object.entries(attributes).map(([key, v]) => [key, unescapeXml(String(v))])),
          ...contentOf(value),
        });
      }
    }
  }
  return { children, text };
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&([^;&]*);?/g, (whole, name: string) => {
    const known = Object.hasOwn(entities, name) ? entities[name] : undefined;
    if (known !== undefined && whole.endsWith(';')) return known;
    const number = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(name);
    const code = number ? Number.parseInt(number[1] ?? number[2] ?? '', number[1] ? 16 : 10) : Number.NaN;
    if (!whole.endsWith(';') || !(code > 0 && code <= 0x10ffff)) throw garbled('an entity of another kind');
    return String.fromCodePoint(code);
  });
}

/** Letter case does not count: Netvisor's articles and its recorded answers spell the same element in two ways. */
const isNamed = (element: Element, name: string) =>
  element.name === name || (element.name.length === name.length && element.name.toLowerCase() === name.toLowerCase());
export const childrenOf = (of: Element, name: string): Element[] => of.children.filter((child) => isNamed(child, name));
export const childOf = (of: Element, name: string): Element | undefined => of.children.find((child) => isNamed(child, name));

/** An element to be written; `[]` and `''` are the empty element, which blanks a field. */
export interface Written {
  name: string;
  attributes?: Record<string, string>;
  content: string | Written[];
}
export const element = (name: string, content: string | Written[], attributes?: Record<string, string>): Written => ({
  name,
  content,
  ...(attributes ? { attributes } : {}),
});

/** XML 1.0 has no place for the others, not even as references. */
export const xmlText = (text: string): string =>
  text.toWellFormed().replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '');

const escapeXml = (text: string) =>
  xmlText(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/\r/g, '&#13;');

export function toXml({ name, attributes = {}, content }: Written): string {
  const said = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  return `<${name}${said.join('')}>${typeof content === 'string' ? escapeXml(content) : content.map(toXml).join('')}</${name}>`;
}

/** The bytes of a body; null where the encoding lacks a character: a `?` in its place would be a wrong name in the books. */
export function encode(text: string, encoding: 'utf-8' | 'iso-8859-15'): Buffer | null {
  const bytes = iconv.encode(text, encoding);
  return iconv.decode(bytes, encoding) === text ? bytes : null;
}

/** For a query: ISO-8859-1, percent-encoded; null where it lacks a character. Commas and colons stay, as in the vendor's examples. */
export function encodeQuery(text: string): string | null {
  if (/[^\0-\xff]/.test(text)) return null;
  const kept = /[A-Za-z0-9\-_.~,:]/;
  return [...text].map((c) => (kept.test(c) ? c : `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)).join('');
}

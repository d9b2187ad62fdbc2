import { XMLParser, XMLValidator } from 'fast-xml-parser';
import iconv from 'iconv-lite';
import { Failure } from '../../core/failure.ts';

/** Netvisor's XML, both ways. Answers are taken apart without repair: what is not well-formed is a spoilt answer. */

export interface Node {
  [name: string]: string | Node | (string | Node)[];
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  ignoreDeclaration: true,
});

/** The root's content; throws `ANSWER_GARBLED` for anything but one well-formed `Root`. */
export function readRoot(body: Buffer): Node {
  const text = decode(body);
  if (/<!(DOCTYPE|ENTITY)/i.test(text) || XMLValidator.validate(text) !== true) throw new Failure('ANSWER_GARBLED');
  let parsed: Record<string, unknown>;
  try {
    parsed = parser.parse(text) as Record<string, unknown>;
  } catch {
    // its message quotes the answer
    throw new Failure('ANSWER_GARBLED');
  }
  const root = parsed['Root'];
  if (Object.keys(parsed).length !== 1 || typeof root !== 'object' || root === null || Array.isArray(root))
    throw new Failure('ANSWER_GARBLED');
  return root as Node;
}

/** By the encoding that the answer itself declares; UTF-8 where it declares none. */
function decode(body: Buffer): string {
  const declared = /^\s*<\?xml[^>]*encoding=["']([\w-]+)["']/i.exec(body.subarray(0, 200).toString('latin1'))?.[1] ?? 'utf-8';
  if (!iconv.encodingExists(declared)) throw new Failure('ANSWER_GARBLED');
  return iconv.decode(body, declared);
}

/** Every element of this name: one hit is a list too. */
export function all(node: Node | string | undefined, name: string): (Node | string)[] {
  const found = typeof node === 'object' ? node[name] : undefined;
  return found === undefined ? [] : Array.isArray(found) ? found : [found];
}

export const child = (node: Node | string | undefined, name: string): Node | string | undefined => all(node, name)[0];

/** The trimmed text of a child; empty where there is none. */
export function text(node: Node | string | undefined, name: string): string {
  return textOf(child(node, name));
}

export function textOf(found: Node | string | undefined): string {
  const raw = typeof found === 'object' ? found['#text'] : found;
  return typeof raw === 'string' ? unescapeXml(raw).trim() : '';
}

export const attribute = (node: Node | string | undefined, name: string): string => {
  const raw = typeof node === 'object' ? node[`@${name}`] : undefined;
  return typeof raw === 'string' ? unescapeXml(raw) : '';
};

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const unescapeXml = (raw: string) =>
  raw.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi, (whole, hex: string, decimal: string, named: string) => {
    if (named) return entities[named] ?? whole;
    const code = hex ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });

/** An element in the order it is to be sent. A text of nothing blanks a field; what is not to change is not in the list. */
export type Element = readonly [name: string, value: string | readonly Element[], attributes?: Readonly<Record<string, string>>];

/** The document from `<root>` on, without a declaration (all of the vendor's pages agree on that). */
export const document = (content: readonly Element[]): string => write(['root', content]);

const write = ([name, value, attributes = {}]: Element): string => {
  const given = Object.entries(attributes).map(([key, said]) => ` ${key}="${escapeXml(said)}"`);
  return `<${name}${given.join('')}>${typeof value === 'string' ? escapeXml(value) : value.map(write).join('')}</${name}>`;
};

const escapeXml = (value: string) =>
  value.replace(/[&<>"']/g, (sign) => `&${Object.keys(entities).find((name) => entities[name] === sign)};`);

/** Null: a character that the encoding, or XML itself, has no place for. Nothing is ever turned into a question mark. */
export function encode(text: string, encoding: 'utf-8' | 'iso-8859-15'): Buffer | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 forbids just these
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/u.test(text) || !text.isWellFormed()) return null;
  const bytes = iconv.encode(text, encoding);
  return iconv.decode(bytes, encoding) === text ? bytes : null;
}

/** A query value: Scandinavian letters as ISO-8859-1 (`ä` → `%E4`). Null for what that set lacks. */
export function queryValue(value: string): string | null {
  const bytes = iconv.encode(value, 'iso-8859-1');
  if (iconv.decode(bytes, 'iso-8859-1') !== value) return null;
  return [...bytes]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return /[A-Za-z0-9._~-]/.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

import { XMLParser, XMLValidator } from 'fast-xml-parser';
import iconv from 'iconv-lite';
import { isUnwritable } from './answer.ts';
import { invalid } from './failure.ts';

/** An element of a request, its children in order. */
export interface Read {
  name: string;
  attributes: Record<string, string>;
  children: Read[];
  text: string;
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  cdataPropName: '#cdata',
});

/** The document element of a body. No declaration: the document starts straight at its root (Netvisor help 766841). */
export function documentOf(body: Buffer, encoding: 'utf-8' | 'iso-8859-15'): Read {
  const text = iconv.decode(body, encoding, { stripBOM: false });
  if (!text.startsWith('<')) throw invalid('The document does not start at its root element');
  if (text.startsWith('<?')) throw invalid('An XML declaration is not allowed');
  if (/<!DOCTYPE/i.test(text)) throw invalid('A document type is not allowed');
  const problem = XMLValidator.validate(text);
  if (problem !== true) throw invalid(`The XML is not well-formed: ${problem.err.msg}`);
  const elements = nodesOf(parsed(text)).filter(({ name }) => !name.startsWith('#'));
  const [root] = elements;
  if (!root || elements.length !== 1) throw invalid('The document has no single root element');
  return root;
}

/** The parser has limits of its own (depth, names of JavaScript's); beyond them a document is refused as any other. */
function parsed(text: string): unknown {
  try {
    return parser.parse(text);
  } catch {
    throw invalid('The XML cannot be read');
  }
}

/** The parser's rows (`{ name: [children], ':@': attributes }`) as elements; texts are elements named `#text`. */
function nodesOf(raw: unknown, isLiteral = false): Read[] {
  if (!Array.isArray(raw)) return [];
  return raw.flatMap((row: Record<string, unknown>) => {
    const name = Object.keys(row).find((key) => key !== ':@');
    if (name === undefined) return [];
    if (name === '#text') return [textNode(isLiteral ? String(row[name]) : decoded(String(row[name])))];
    if (name === '#cdata') return [textNode(textsOf(nodesOf(row[name], true)))];
    const inside = nodesOf(row[name]);
    const attributes = Object.entries((row[':@'] ?? {}) as Record<string, unknown>);
    return [
      {
        name,
        attributes: Object.fromEntries(attributes.map(([key, value]) => [key, decoded(String(value))])),
        children: inside.filter((child) => child.name !== '#text'),
        text: textsOf(inside),
      },
    ];
  });
}

const textNode = (text: string): Read => ({ name: '#text', attributes: {}, children: [], text });
const textsOf = (nodes: Read[]) =>
  nodes
    .filter(({ name }) => name === '#text')
    .map(({ text }) => text)
    .join('');

const entities = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** The five entities of XML and numbers; nothing else is defined without a document type. */
const decoded = (text: string) =>
  text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi, (_, hex?: string, decimal?: string, name?: string) => {
    const code = hex ? Number.parseInt(hex, 16) : decimal ? Number(decimal) : undefined;
    const found = code === undefined ? entities.get(name ?? '') : code <= 0x10ffff ? String.fromCodePoint(code) : '';
    if (!found || isUnwritable(found)) throw invalid('The XML uses an entity that is not defined');
    return found;
  });

/** A query by its raw text: percent escapes are bytes of `encoding`, which is ISO-8859-1 for Netvisor. */
export function queryOf(url: string, encoding: 'iso-8859-1' | 'utf-8'): Map<string, string> {
  const from = url.indexOf('?');
  const text = (raw: string) =>
    iconv.decode(
      Buffer.from(
        raw.replaceAll('+', ' ').replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
        'latin1',
      ),
      encoding,
    );
  const pairs = from < 0 ? [] : url.slice(from + 1).split('&');
  return new Map(
    pairs
      .filter((pair) => pair !== '')
      .map((pair) => {
        const at = pair.indexOf('=');
        return at < 0 ? [text(pair), ''] : [text(pair.slice(0, at)), text(pair.slice(at + 1))];
      }),
  );
}

import iconv from 'iconv-lite';
import { Failure } from '../core/failure.ts';

/**
 * Bytes of a file to text, strictly: a file that is not what was agreed is refused whole, by file, line and reason. Never with a value:
 * the hint of the failure is logged.
 */
export const refused = (file: string, line: number, reason: string): Failure =>
  new Failure('ANSWER_GARBLED', { hint: `${file}, line ${line}: ${reason}; nothing of this file was taken` });

export const encodings = ['utf-8', 'iso-8859-1', 'iso-8859-15', 'windows-1252'] as const;
export type Encoding = (typeof encodings)[number];

const [lineFeed, carriageReturn] = [0x0a, 0x0d];

/** The line on which a byte stands, counted from 1; a CR LF is one line end. */
function lineAt(bytes: Buffer, offset: number): number {
  let line = 1;
  for (let i = 0; i < offset; i++)
    if (bytes[i] === carriageReturn || (bytes[i] === lineFeed && bytes[i - 1] !== carriageReturn)) line++;
  return line;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
const isUtf8 = (bytes: Buffer): boolean => {
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
};

/** The first byte that makes it no UTF-8: no part up to it decodes. */
function badByte(bytes: Buffer): number {
  let start = 0;
  for (let i = 0; i <= bytes.length; i++) {
    if (i < bytes.length && bytes[i] !== lineFeed && bytes[i] !== carriageReturn) continue;
    if (!isUtf8(bytes.subarray(start, i))) return start;
    start = i + 1;
  }
  return start;
}

/** Letters that were encoded twice on their way: Ã¤ for ä, Â before a sign. */
const twice = /[ÃÂ][\u0080-\u00bf]/;
/** What no text of a person holds: controls beside line ends and the tab, and the sign for a letter that was lost before. */
const unfit = /(?![\t\r\n])\p{Cc}|[\ufffd\ufffe\uffff]/u;

/** The text without its byte order mark. */
export function decode(file: string, bytes: Buffer, encoding: Encoding): string {
  if (bytes.length === 0) throw refused(file, 1, 'the file is empty');
  if (encoding === 'utf-8' && !isUtf8(bytes)) throw refused(file, lineAt(bytes, badByte(bytes)), 'these bytes are not UTF-8');
  // letters of another encoding practically never make up valid UTF-8
  const first = bytes.findIndex((byte) => byte > 0x7f);
  if (encoding !== 'utf-8' && first >= 0 && isUtf8(bytes))
    throw refused(file, lineAt(bytes, first), `this reads as UTF-8, not as ${encoding}: å, ä and ö would be spoilt`);
  const text = encoding === 'utf-8' ? utf8.decode(bytes) : iconv.decode(bytes, encoding);
  const lineOf = (at: number) => text.slice(0, at).split(/\r\n|\r|\n/).length;
  const [spoilt, wrong] = [twice.exec(text)?.index, unfit.exec(text)?.index];
  if (spoilt !== undefined && (wrong === undefined || spoilt < wrong))
    throw refused(file, lineOf(spoilt), 'letters were encoded twice');
  if (wrong !== undefined)
    throw refused(file, lineOf(wrong), 'a character that no text holds: another encoding, or a broken file');
  return text;
}

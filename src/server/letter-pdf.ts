import PDFDocument from 'pdfkit';
import type { LetterBody } from '../jobs/letters.ts';
import type { LetterRow } from '../store/letters.ts';
import { translator } from './console/i18n.ts';

/** What the standard fonts can write (WinAnsi) beside Latin-1. */
const beyondLatin = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ';
const isWritable = (char: string) => {
  const code = char.codePointAt(0) ?? 0;
  return (code >= 32 && code < 127) || (code >= 160 && code <= 255) || char === '\n' || beyondLatin.includes(char);
};

/**
 * The text as the standard fonts can write it: a letter outside them stands without its mark (ć: c), else as a question mark. The
 * page then says so; the web page shows what the person's name is.
 */
function writable(text: string): string {
  return [
    ...text
      .normalize('NFC')
      .replace(/\r\n?/g, '\n')
      .replace(/[\u2000-\u200a\u202f\t]/g, ' '),
  ]
    .map((char) => {
      if (isWritable(char)) return char;
      const bare = char.normalize('NFD').replace(/\p{M}/gu, '');
      return bare !== '' && [...bare].every(isWritable) ? bare : '?';
    })
    .join('');
}

/** A letter as a tagged PDF with its language and title (ISO 14289): a screen reader reads it as it stands. */
export function letterPdf(row: Pick<LetterRow, 'language' | 'made_at'>, body: LetterBody): Promise<Buffer> {
  const t = translator(row.language);
  const pdf = new PDFDocument({
    size: 'A4',
    margins: { top: 70, bottom: 70, left: 72, right: 72 },
    pdfVersion: '1.7',
    tagged: true,
    lang: row.language,
    displayTitle: true,
    info: { Title: writable(body.title), Author: writable(body.from), CreationDate: row.made_at },
  });
  const parts: Buffer[] = [];
  const whole = new Promise<Buffer>((resolve, reject) => {
    pdf.on('data', (part: Buffer) => parts.push(part));
    pdf.on('end', () => resolve(Buffer.concat(parts)));
    pdf.on('error', reject);
  });
  const root = pdf.struct('Document');
  pdf.addStructure(root);
  let isSimplified = false;
  const write = (
    tag: 'H1' | 'P' | 'BlockQuote',
    text: string,
    options: { font?: string; size?: number; indent?: number } = {},
  ) => {
    const written = writable(text);
    isSimplified ||= lostIn(text) !== '';
    root.add(
      pdf.struct(tag, {}, () => {
        pdf.font(options.font ?? 'Helvetica').fontSize(options.size ?? 11);
        pdf.text(written, 72 + (options.indent ?? 0), undefined, {
          width: pdf.page.width - 144 - (options.indent ?? 0),
          lineGap: 2,
        });
        pdf.moveDown(0.7);
      }),
    );
  };
  write('P', `${body.from}\n${t.day(body.on)}`);
  if (body.to.length > 0) write('P', body.to.join('\n'));
  pdf.moveDown(1);
  write('H1', body.title, { font: 'Helvetica-Bold', size: 15 });
  body.letter.paragraphs.forEach((sentences, p) => {
    const text = (body.paragraphs[p] ?? []).join(' ');
    if (sentences.some((s) => s.isQuoted)) write('BlockQuote', text, { font: 'Helvetica-Oblique', indent: 16 });
    else write('P', text);
  });
  if (isSimplified) write('P', t('letters.simplified'), { size: 9 });
  root.end();
  pdf.end();
  return whole;
}

/** The characters of a text that the fonts lack; spaces of other widths are no loss. */
const lostIn = (text: string): string =>
  [...text.normalize('NFC')].filter((char) => !isWritable(char) && !/\s/u.test(char)).join('');

import PDFDocument from 'pdfkit';

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
export function writable(text: string): string {
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

/** Whether a text loses characters that the fonts lack; spaces of other widths are no loss. */
export const losesIn = (text: string): boolean =>
  [...text.normalize('NFC')].some((char) => !isWritable(char) && !/\s/u.test(char));

/** Left and right margin, in points. */
export const margin = 72;

/** A tagged A4 document with its language and title (ISO 14289): a screen reader reads it as it stands. */
export function openPdf(of: { title: string; author: string; lang: string; madeAt: Date }): {
  pdf: PDFKit.PDFDocument;
  /** The structure that every part of the text is added to. */
  root: PDFKit.PDFStructureElement;
  /** Ends the document and answers its bytes. */
  whole(): Promise<Buffer>;
} {
  const pdf = new PDFDocument({
    size: 'A4',
    margins: { top: 70, bottom: 70, left: margin, right: margin },
    pdfVersion: '1.7',
    tagged: true,
    lang: of.lang,
    displayTitle: true,
    info: { Title: writable(of.title), Author: writable(of.author), CreationDate: of.madeAt },
  });
  const parts: Buffer[] = [];
  const bytes = new Promise<Buffer>((resolve, reject) => {
    pdf.on('data', (part: Buffer) => parts.push(part));
    pdf.on('end', () => resolve(Buffer.concat(parts)));
    pdf.on('error', reject);
  });
  const root = pdf.struct('Document');
  pdf.addStructure(root);
  return {
    pdf,
    root,
    whole() {
      root.end();
      pdf.end();
      return bytes;
    },
  };
}

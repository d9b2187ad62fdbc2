import type { LetterBody } from '../jobs/letters.ts';
import type { LetterRow } from '../store/letters.ts';
import { translator } from './console/i18n.ts';
import { losesIn, margin, openPdf, writable } from './pdf.ts';

/** A letter as a tagged PDF. */
export function letterPdf(row: Pick<LetterRow, 'language' | 'made_at'>, body: LetterBody): Promise<Buffer> {
  const t = translator(row.language);
  const { pdf, root, whole } = openPdf({ title: body.title, author: body.from, lang: row.language, madeAt: row.made_at });
  let isSimplified = false;
  const write = (
    tag: 'H1' | 'P' | 'BlockQuote',
    text: string,
    options: { font?: string; size?: number; indent?: number } = {},
  ) => {
    const written = writable(text);
    isSimplified ||= losesIn(text);
    root.add(
      pdf.struct(tag, {}, () => {
        pdf.font(options.font ?? 'Helvetica').fontSize(options.size ?? 11);
        pdf.text(written, margin + (options.indent ?? 0), undefined, {
          width: pdf.page.width - 2 * margin - (options.indent ?? 0),
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
  return whole();
}

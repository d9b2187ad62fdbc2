import { rightsToTell } from '../core/published-notice.ts';
import type { Needs } from '../jobs/needs.ts';
import type { Translator } from './console/i18n.ts';
import { margin, openPdf, writable } from './pdf.ts';

/** The form on paper, for who writes no mail: to print, fill in by hand and bring or send. Nothing of it is an identity code. */
export function requestFormPdf({ config }: Pick<Needs, 'config'>, t: Translator, madeAt: Date): Promise<Buffer> {
  const { name, businessId, privacyContact } = config.controller;
  const { pdf, root, whole } = openPdf({
    title: t('request.paper.title', { controller: name }),
    author: name,
    lang: t.lang,
    madeAt,
  });
  const width = pdf.page.width - 2 * margin;
  const write = (tag: 'H1' | 'H2' | 'P', text: string, font = 'Helvetica', size = 10.5) =>
    root.add(
      pdf.struct(tag, {}, () => {
        pdf.font(font).fontSize(size).text(writable(text), margin, undefined, { width, lineGap: 1.5 });
        pdf.moveDown(0.5);
      }),
    );
  /** A line to write on, under what it is for. Rules and boxes are ornament: a screen reader is told the label. */
  const line = (label: string, lines = 1) => {
    root.add(
      pdf.struct('P', {}, () => void pdf.font('Helvetica').fontSize(9.5).text(writable(label), margin, undefined, { width })),
    );
    for (let n = 0; n < lines; n++) {
      pdf.moveDown(2.1);
      pdf.markContent('Artifact', { type: 'Layout' });
      pdf
        .lineWidth(0.6)
        .moveTo(margin, pdf.y)
        .lineTo(margin + width, pdf.y)
        .stroke();
      pdf.endMarkedContent();
    }
    pdf.moveDown(0.7);
  };
  const box = (text: string) => {
    const { y } = pdf;
    pdf.markContent('Artifact', { type: 'Layout' });
    pdf.lineWidth(0.8).rect(margin, y, 9, 9).stroke();
    pdf.endMarkedContent();
    root.add(
      pdf.struct('P', {}, () => {
        pdf
          .font('Helvetica')
          .fontSize(10.5)
          .text(writable(text), margin + 18, y, { width: width - 18 });
        pdf.moveDown(0.35);
      }),
    );
  };
  write('P', [name, businessId, privacyContact].filter(Boolean).join(', '), 'Helvetica', 9.5);
  write('H1', t('request.paper.title', { controller: name }), 'Helvetica-Bold', 15);
  write('H2', t('request.paper.ask'), 'Helvetica-Bold', 11);
  for (const type of rightsToTell) box(t(`request.right.${type}`));
  pdf.moveDown(0.4);
  line(t('request.paper.what'), 4);
  write('H2', t('request.paper.who'), 'Helvetica-Bold', 11);
  line(t('request.name'));
  line(t('request.paper.reach'));
  line(t('request.paper.known'));
  write('P', t('request.noCode'), 'Helvetica-Oblique', 9.5);
  line(t('request.paper.signature'));
  write('P', t('request.paper.then', { contact: privacyContact ?? name }), 'Helvetica', 9.5);
  return whole();
}

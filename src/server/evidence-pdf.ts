import type { Translator } from './console/i18n.ts';
import type { EvidencePack } from './evidence-shape.ts';
import { margin, openPdf, writable } from './pdf.ts';

/** The pack for people, as a tagged PDF: what each system did, how it is known, and how anybody checks it. */
export function evidencePdf(t: Translator, pack: EvidencePack): Promise<Buffer> {
  const title = t('evidence.title');
  const { pdf, root, whole } = openPdf({ title, author: pack.controller, lang: t.lang, madeAt: new Date(pack.madeAt) });
  const write = (tag: 'H1' | 'H2' | 'P', text: string) =>
    root.add(
      pdf.struct(tag, {}, () => {
        pdf
          .font(tag === 'P' ? 'Helvetica' : 'Helvetica-Bold')
          .fontSize(tag === 'H1' ? 15 : tag === 'H2' ? 12 : 10)
          .text(writable(text), margin, undefined, { width: pdf.page.width - 2 * margin, lineGap: 2 });
        pdf.moveDown(tag === 'P' ? 0.5 : 0.7);
      }),
    );
  const { case: of } = pack;
  write('P', pack.controller);
  write('H1', title);
  write(
    'P',
    t('evidence.about', {
      type: t.word('caseType', of.type),
      id: of.id,
      received: t.day(of.receivedAt),
      made: t.time(pack.madeAt),
    }),
  );
  if (of.decision)
    write(
      'P',
      t('evidence.decision', {
        decision: t.word('caseState', of.decision.decision),
        day: t.day(of.decision.at),
        who: of.decision.by,
      }),
    );
  write('H2', t('evidence.systems'));
  for (const duty of pack.duties) {
    const outcome = duty.outcome ? t.word('outcome', duty.outcome) : t.word('state', duty.state);
    const since = t.time(duty.since);
    write(
      'P',
      duty.by
        ? t('evidence.stated', { system: duty.title, outcome, who: duty.by, since: t.time(duty.statedAt ?? duty.since) })
        : t('evidence.known', { system: duty.title, outcome, evidence: t.word('evidence', duty.evidence), since }),
    );
    if (duty.cap) write('P', t('evidence.cap', { system: duty.title, cap: t.word('evidence', duty.cap) }));
    if (duty.retained)
      write(
        'P',
        t('words.keptPart', {
          day: t.day(duty.retained.until),
          law: t.law(duty.retained.law),
          fields: duty.retained.fields.map((f) => t.word('field', f)).join(', '),
        }),
      );
    if (duty.backupsUntil) write('P', t('evidence.backups', { system: duty.title, day: t.day(duty.backupsUntil) }));
  }
  if (pack.letters.length > 0) {
    write('H2', t('evidence.letters'));
    for (const letter of pack.letters)
      write(
        'P',
        t('evidence.letter', { kind: t(`letters.kind.${letter.kind}`), day: t.day(letter.madeAt), sha256: letter.sha256 }),
      );
  }
  write('H2', t('evidence.check'));
  write('P', t('evidence.checkHow', { n: pack.entries.length }));
  write('P', pack.vkey);
  write('P', pack.checkpoint.trim());
  return whole();
}

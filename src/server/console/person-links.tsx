import type { RecordRow } from '../../store/records.ts';
import type { Actor } from '../auth.ts';
import type { Translator } from './i18n.ts';
import { may } from './may.ts';
import { Do, EvidenceMark, Moment, Table } from './parts.tsx';

type LinkRow = RecordRow & { linked_at: Date };

/** Which rows are taken for the person's, by which rule and since when; whoever decides may cut a tie or tie it to another. */
export function LinkList({ t, actor, links }: { t: Translator; actor: Actor; links: readonly LinkRow[] }) {
  const decides = may(actor, 'POST /links/:id/unlink');
  return (
    <>
      <Table
        caption={t('people.links')}
        hideCaption
        empty={t('people.noLinks')}
        rows={links}
        columns={[
          { label: t('people.system'), cell: (l) => l.recipient },
          { label: t('people.place'), cell: (l) => (l.place === 'people' ? t('people.atPeople') : l.place) },
          { label: t('people.rule'), cell: (l) => t.word('rule', l.linked_how) },
          { label: t('people.linkedSince'), cell: (l) => <Moment t={t} at={l.linked_at} /> },
          {
            label: t('people.rowState'),
            cell: (l) => (
              <>
                {t.word('rowState', l.state)}
                {l.retained ? (
                  <span class="sub">
                    {t('words.retainedUntil', { day: t.day(l.retained.until), law: t.law(l.retained.law) })}
                    {': '}
                    {l.retained.fields.map((f) => t.word('field', f)).join(', ')}
                  </span>
                ) : null}
              </>
            ),
          },
          { label: t('people.evidence'), cell: (l) => <EvidenceMark t={t} evidence={l.evidence} /> },
          ...(decides ? [{ label: t('people.tie'), cell: (l: LinkRow) => (isCuttable(l) ? <Tie t={t} link={l} /> : null) }] : []),
        ]}
      />
      {decides ? null : <p class="hint">{t('people.tieOthers')}</p>}
    </>
  );
}

/** What was erased or is kept by law stays on the record; what people hold has no row to cut. */
const isCuttable = (l: RecordRow) => l.state !== 'erased' && l.state !== 'stripped' && l.place !== 'people';

const Tie = ({ t, link }: { t: Translator; link: RecordRow }) => (
  <details>
    <summary>{t('people.wrongRow')}</summary>
    <p class="hint">{t('people.unlinkHint')}</p>
    <Do action={`/links/${link.id}/unlink`} label={t('people.unlink')} tone="danger" />
    <form method="post" action={`/links/${link.id}/relink`} class="form">
      <label>
        {t('people.relinkTo')}
        <input type="text" name="subject" required autocomplete="off" />
      </label>
      <div>
        <button type="submit">{t('people.relink')}</button>
      </div>
    </form>
  </details>
);

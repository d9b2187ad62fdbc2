import { fieldNames } from '../../core/person.ts';
import { holdReason } from '../../jobs/legal-holds.ts';
import type { Needs } from '../../jobs/needs.ts';
import type { LegalHoldRow } from '../../store/legal-holds.ts';
import type { Actor } from '../auth.ts';
import type { Translator } from './i18n.ts';
import { may } from './may.ts';
import { Do, IdLink, Table } from './parts.tsx';

/** Legal holds as a table: what is held where, whose it is, why, when the question comes, and the way to lift it. */
export const HoldTable = ({
  t,
  needs,
  actor,
  holds,
  withPerson = false,
  back,
}: {
  t: Translator;
  needs: Needs;
  actor: Actor;
  holds: readonly LegalHoldRow[];
  withPerson?: boolean;
  back: string;
}) => (
  <Table
    caption={t('holds.title')}
    hideCaption
    empty={t('holds.none')}
    rows={holds}
    columns={[
      ...(withPerson
        ? [{ label: t('parked.person'), cell: (h: LegalHoldRow) => <IdLink href={`/people/${h.subject}`} id={h.subject} /> }]
        : []),
      { label: t('holds.where'), cell: (h) => h.system ?? t('holds.everywhere') },
      { label: t('holds.what'), cell: (h) => h.fields?.map((f) => t.word('field', f)).join(', ') ?? t('holds.everything') },
      { label: t('holds.owner'), cell: (h) => h.owner },
      { label: t('holds.reason'), cell: (h) => holdReason(needs, h) },
      {
        label: t('holds.review'),
        cell: (h) => (h.released_at ? t('holds.lifted', { day: t.day(h.released_at) }) : t.day(h.review)),
      },
      ...(may(actor, 'POST /holds/:id/release')
        ? [
            {
              label: t('holds.act'),
              cell: (h: LegalHoldRow) =>
                h.released_at ? null : <Do action={`/holds/${h.id}/release`} label={t('holds.lift')} hidden={{ back }} />,
            },
          ]
        : []),
    ]}
  />
);

/** The form that places a hold on one person. */
export const HoldForm = ({ t, needs, subject }: { t: Translator; needs: Needs; subject: string }) => (
  <details>
    <summary>{t('holds.place')}</summary>
    <p class="hint">{t('holds.placeHint')}</p>
    <form method="post" action={`/people/${subject}/hold`} class="form">
      <label>
        {t('holds.where')}
        <select name="system">
          <option value="">{t('holds.everywhere')}</option>
          {Object.keys(needs.config.systems).map((system) => (
            <option key={system} value={system}>
              {system}
            </option>
          ))}
        </select>
      </label>
      <fieldset>
        <legend>{t('holds.what')}</legend>
        <span class="hint">{t('holds.whatHint')}</span>
        {fieldNames.map((name) => (
          <label key={name} class="check">
            <input type="checkbox" name="fields" value={name} /> {t.word('field', name)}
          </label>
        ))}
      </fieldset>
      <label>
        {t('holds.owner')}
        <input type="text" name="owner" required maxLength={100} />
        <span class="hint">{t('holds.ownerHint')}</span>
      </label>
      <label>
        {t('holds.reason')}
        <textarea name="reason" rows={3} required maxLength={2000} />
        <span class="hint">{t('holds.reasonHint')}</span>
      </label>
      <label>
        {t('holds.review')}
        <input type="date" name="review" required />
        <span class="hint">{t('holds.reviewHint')}</span>
      </label>
      <div class="actions">
        <button type="submit" class="primary">
          {t('holds.placeNow')}
        </button>
      </div>
    </form>
  </details>
);

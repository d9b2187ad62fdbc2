import type { Needs } from '../../jobs/needs.ts';
import { readReasons } from '../../jobs/read-person.ts';
import type { RegisterRecordRow, SubjectRow } from '../../store/subjects.ts';
import type { Actor } from '../auth.ts';
import type { Translator } from './i18n.ts';
import { may } from './may.ts';
import { Card, Do, IdLink } from './parts.tsx';
import { NewCaseLinks } from './rights-parts.tsx';

/** Values are shown only to somebody who says why. */
export const ReadForm = ({ t, id }: { t: Translator; id: string }) => (
  <Card title={t('people.read')}>
    <p class="hint">{t('people.readHint')}</p>
    <form method="post" action={`/people/${id}/read`} class="form" autocomplete="off">
      <label>
        {t('people.reason')}
        <select name="reason" required>
          <option value="">{t('people.choose')}</option>
          {readReasons.map((reason) => (
            <option key={reason} value={reason}>
              {t(`people.why.${reason}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t('people.note')}
        <input type="text" name="note" maxLength={500} autocomplete="off" />
        <span class="hint">{t('people.noteHint')}</span>
      </label>
      <div>
        <button type="submit">{t('people.readNow')}</button>
      </div>
    </form>
  </Card>
);

/** What may be done about a person, and by whom. */
export function Actions({
  t,
  actor,
  needs,
  subject,
  inRegister,
  openCase,
}: {
  t: Translator;
  actor: Actor;
  needs: Needs;
  subject: SubjectRow;
  inRegister: readonly RegisterRecordRow[];
  openCase: string | undefined;
}) {
  if (subject.state === 'erased') return null;
  const path = `/people/${subject.id}`;
  return (
    <Card title={t('people.actions')}>
      {may(actor, 'POST /subjects/:id/resync') ? (
        <>
          <p class="hint">{t('people.resyncHint')}</p>
          <Do action={`${path}/resync`} label={t('people.resyncAll')} />
        </>
      ) : null}
      <h3>{t('people.erase')}</h3>
      {openCase ? (
        <p>
          {t('people.eraseOpen')} <IdLink href={`/cases/${openCase}`} id={openCase} />
        </p>
      ) : may(actor, 'POST /cases') ? (
        <>
          <p class="hint">{t('people.eraseHint')}</p>
          <Do action={`${path}/erasure-plan`} label={t('people.erasePlan')} />
        </>
      ) : null}
      <NewCaseLinks t={t} actor={actor} subject={subject} />
      {may(actor, 'POST /subjects/:id/merge') && subject.state === 'active' ? (
        <details>
          <summary>{t('people.mergeSplit')}</summary>
          <h3>{t('people.merge')}</h3>
          <p class="hint">{t('people.mergeHint')}</p>
          <form method="post" action={`${path}/merge`} class="form">
            <label>
              {t('people.mergeOther')}
              <input type="text" name="subject" required autocomplete="off" />
            </label>
            <div>
              <button type="submit" class="danger">
                {t('people.mergeNow')}
              </button>
            </div>
          </form>
          {inRegister.length > 1 ? (
            <>
              <h3>{t('people.split')}</h3>
              <p class="hint">{t('people.splitHint')}</p>
              <form method="post" action={`${path}/split`} class="form" autocomplete="off">
                <label>
                  {t('people.splitPlace')}
                  <select name="place">
                    {(needs.connectors[subject.register]?.register?.objects ?? []).map((place) => (
                      <option key={place} value={place}>
                        {place}
                      </option>
                    ))}
                  </select>
                </label>
                <label>
                  {t('people.remoteId')}
                  <input type="text" name="remoteId" required autocomplete="off" />
                </label>
                <div>
                  <button type="submit" class="danger">
                    {t('people.splitNow')}
                  </button>
                </div>
              </form>
            </>
          ) : null}
        </details>
      ) : null}
    </Card>
  );
}

import type { FieldName, Fields } from '../../core/person.ts';
import { replyLimits } from '../../core/reply.ts';
import type { TaskRow } from '../../store/tasks.ts';
import { fittingOutcomes } from '../answers.ts';
import type { Translator } from './i18n.ts';
import { Card } from './parts.tsx';
import { Identifiers } from './tasks.tsx';

/** What was filled in, given back where something was missing. */
export interface ReplySaid {
  outcome?: string;
  note?: string;
  until?: string;
  law?: string;
  kept?: readonly string[];
  name?: string;
  role?: string;
}

/** Whom it is about, and the form of whoever answers. */
export const OpenedForm = ({
  t,
  controller,
  task,
  action,
  pass,
  identifiers,
  given,
  said,
}: {
  t: Translator;
  controller: string;
  task: TaskRow;
  action: string;
  pass: string;
  identifiers: Fields;
  /** The fields that they were given, and so may have to keep. */
  given: readonly FieldName[];
  said: ReplySaid;
}) => (
  <>
    <Card title={t('tasks.whom')}>
      <Identifiers t={t} fields={identifiers} />
    </Card>
    <Card title={t('tasks.answerTitle')}>
      <form method="post" action={action} class="form" encType="multipart/form-data">
        <input type="hidden" name="pass" value={pass} />
        <input type="hidden" name="version" value={String(task.version)} />
        <fieldset>
          <legend>{t('tasks.whatWasDone')}</legend>
          {[...fittingOutcomes[task.ask], 'question'].map((outcome) => (
            <label class="check" key={outcome}>
              <input type="radio" name="outcome" value={outcome} required checked={said.outcome === outcome} />
              <span>{t(outcome === 'question' ? 'reply.means.question' : `tasks.means.${outcome}`)}</span>
            </label>
          ))}
        </fieldset>
        {task.ask === 'erase' ? (
          <fieldset>
            <legend>{t('tasks.ifRetained')}</legend>
            <p class="hint">{t('reply.which')}</p>
            {given.map((field) => (
              <label class="check" key={field}>
                <input type="checkbox" name="kept" value={field} checked={said.kept?.includes(field) ?? false} />
                <span>{t.word('field', field)}</span>
              </label>
            ))}
            <div class="form">
              <label>
                {t('tasks.until')}
                <input type="date" name="until" value={said.until ?? ''} />
              </label>
              <label>
                {t('tasks.law')}
                <input type="text" name="law" maxLength={200} value={said.law ?? ''} />
                <span class="hint">{t('tasks.lawHint')}</span>
              </label>
            </div>
          </fieldset>
        ) : null}
        <label>
          {t('people.note')}
          <textarea name="note" rows={3} maxLength={4000}>
            {said.note ?? ''}
          </textarea>
          <span class="hint">{t('reply.noteHint')}</span>
        </label>
        <label>
          {t('reply.file')}
          <input type="file" name="file" />
          <span class="hint">
            {t('reply.fileHint', { megabytes: replyLimits.fileBytes / 1_000_000, days: replyLimits.fileDays })}
          </span>
        </label>
        <label>
          {t('reply.name')}
          <input type="text" name="name" maxLength={200} autocomplete="name" value={said.name ?? ''} />
        </label>
        <label>
          {t('reply.role')}
          <input type="text" name="role" maxLength={200} autocomplete="organization-title" value={said.role ?? ''} />
        </label>
        <label class="check">
          <input type="checkbox" name="agree" value="yes" />
          <span>{t('reply.attest', { controller })}</span>
        </label>
        <div>
          <button type="submit" class="primary">
            {t('tasks.send')}
          </button>
        </div>
      </form>
    </Card>
  </>
);

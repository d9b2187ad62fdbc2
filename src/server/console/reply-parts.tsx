import type { FieldName, Fields } from '../../core/person.ts';
import { replyLimits } from '../../core/reply.ts';
import type { TaskRow } from '../../store/tasks.ts';
import { fittingOutcomes } from '../answers.ts';
import type { Translator } from './i18n.ts';
import { Card } from './parts.tsx';
import { Identifiers, Note, Outcomes, type Said, UntilAndLaw } from './tasks.tsx';

/** What was filled in, given back where something was missing. */
export interface ReplySaid extends Said {
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
        <Outcomes t={t} outcomes={[...fittingOutcomes[task.ask], 'question']} said={said} />
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
            <UntilAndLaw t={t} said={said} />
          </fieldset>
        ) : null}
        <Note t={t} said={said} hint={t('reply.noteHint')} />
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

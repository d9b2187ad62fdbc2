import type { ComponentChildren } from 'preact';
import type { Translator } from './i18n.ts';
import { channels } from './values.ts';

/** When and how a request came, and what is noted of it: the same on every form that opens a case. */
export const HowItCame = ({ t, today, children }: { t: Translator; today?: string; children?: ComponentChildren }) => (
  <>
    <label>
      {t('cases.receivedOn')}
      <input type="date" name="received" {...(today ? { max: today } : {})} />
      <span class="hint">{t('cases.receivedHint')}</span>
    </label>
    <label>
      {t('cases.channel')}
      <select name="channel">
        {channels.map((channel) => (
          <option key={channel} value={channel}>
            {t.word('channel', channel)}
          </option>
        ))}
      </select>
    </label>
    {children}
    <label>
      {t('people.note')}
      <textarea name="note" rows={3} maxLength={4000} />
      <span class="hint">{t('cases.noteHint')}</span>
    </label>
  </>
);

export const OpenOrCancel = ({ t, label, back }: { t: Translator; label: string; back: string }) => (
  <div class="actions">
    <button type="submit" class="primary">
      {label}
    </button>
    <a class="button" href={back}>
      {t('cases.cancel')}
    </a>
  </div>
);

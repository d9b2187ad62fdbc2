import type { Logger } from 'pino';
import { Failure } from '../../core/failure.ts';
import { faultOf } from '../../jobs/converge.ts';
import { ProblemError } from '../problem.ts';
import type { Translator } from './i18n.ts';
import type { View } from './page.ts';
import { Notice } from './parts.tsx';

/** What went wrong as a page: in words, with the way on. Our own faults are logged by place, never with what was asked. */
export function problemPage(t: Translator, error: unknown, log: Logger, route: string): View {
  const { status, text, detail } = told(t, error);
  if (status === 500) log.error({ route, fault: faultOf(error) }, 'a page failed');
  const key = [400, 401, 403, 404, 409, 422, 429, 502].includes(status) ? String(status) : status < 500 ? '400' : '500';
  return {
    title: t(`frame.problem.${key}.title`),
    status,
    body: (
      <>
        <Notice tone="bad">{t(`frame.problem.${key}.text`)}</Notice>
        {text ? <p>{text}</p> : detail ? <p lang="en">{detail}</p> : null}
        <p>
          <a href="/">{t('frame.home')}</a>
        </p>
      </>
    ),
  };
}

/** What the page says besides its title: what has a code is told in words, anything else as the API tells it, in English. */
function told(t: Translator, error: unknown): { status: number; text?: string; detail?: string } {
  if (error instanceof ProblemError) {
    const { code } = error.more;
    if (typeof code === 'string') return { status: error.status, text: t(`problems.${code}`) };
    return error.status === 403 ? { status: 403 } : { status: error.status, detail: error.message };
  }
  if (error instanceof Failure) return { status: 502, text: t.word('failure', error.code) };
  const status = (error as { statusCode?: unknown }).statusCode;
  return { status: typeof status === 'number' && status >= 400 && status < 500 ? status : 500 };
}

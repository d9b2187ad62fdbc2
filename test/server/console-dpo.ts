import { sweepRegister } from '../../src/jobs/sweep-register.ts';
import type { Role } from '../../src/server/auth.ts';
import { linkedAino, localToken, type TestHub } from './hub.ts';

/** A page as a person of one role sees it. */
export interface Seen {
  status: number;
  text: string;
  /** Without tags, with single spaces: what is read. */
  words: string;
  to: string;
}

export interface Browser {
  open(path: string, as?: Role | 'local', lang?: string): Promise<Seen>;
  send(path: string, form: Record<string, string>, as?: Role | 'local', lang?: string): Promise<Seen>;
}

const seen = (answer: { statusCode: number; body: string; headers: Record<string, unknown> }): Seen => ({
  status: answer.statusCode,
  text: answer.body,
  words: answer.body
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' '),
  to: String(answer.headers['location'] ?? ''),
});

/** Asks for pages and sends forms as a browser without script would. */
export function browserOf(hub: TestHub): Browser {
  const headers = (as: Role | 'local', lang: string) => ({
    authorization: `Bearer ${as === 'local' ? localToken : `token-of-${as}`}`,
    'accept-language': lang,
  });
  return {
    open: async (path, as = 'local', lang = 'en') =>
      seen(await hub.app.inject({ method: 'GET', url: path, headers: headers(as, lang) })),
    send: async (path, form, as = 'local', lang = 'en') =>
      seen(
        await hub.app.inject({
          method: 'POST',
          url: path,
          headers: { ...headers(as, lang), 'content-type': 'application/x-www-form-urlencoded' },
          payload: new URLSearchParams(form).toString(),
        }),
      ),
  };
}

/** Aino's erasure, planned; she is at the newsletter and the partner. */
export async function plannedErasure(hub: TestHub): Promise<{ subject: string; found: string }> {
  const subject = await linkedAino(hub);
  const found = (await hub.ask('POST', '/cases', { type: 'erasure', subject, note: 'she rang' })).json<{ id: string }>().id;
  await hub.settle();
  return { subject, found };
}

/** Aino's erasure, approved, as far as machines take it: the partner was asked. */
export async function runningErasure(hub: TestHub): Promise<{ subject: string; found: string; task: string }> {
  const planned = await plannedErasure(hub);
  await hub.ask('POST', `/cases/${planned.found}/approve`);
  await hub.settle();
  const [task] = (await hub.ask('GET', '/tasks')).json<{ id: string }[]>();
  return { ...planned, task: task?.id ?? '' };
}

/** Aino is gone from the register, and held for a verdict. */
export async function vanishedAino(hub: TestHub): Promise<{ subject: string; held: string }> {
  const subject = await linkedAino(hub);
  hub.register.rows.delete('1');
  await sweepRegister(hub.needs, 'crm');
  await hub.settle();
  const [held] = (await hub.ask('GET', '/held')).json<{ id: string }[]>();
  return { subject, held: held?.id ?? '' };
}

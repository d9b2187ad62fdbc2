import type { DutyView } from '../core/duty.ts';

/** The hub as the demo asks it: over its API alone, as anybody outside would. */
export function apiOf(url: string, token: string) {
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path.split('?')[0]} answered ${answer.status}: ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };
  return { get: <T>(path: string) => ask<T>('GET', path), post: <T>(path: string, body: unknown) => ask<T>('POST', path, body) };
}
export type Api = ReturnType<typeof apiOf>;

/** How long the demo waits for anything, in ms. */
const patienceMs = 60_000;

/** Looks until there is something to see; fails with what it waited for. */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`the demo waited ${patienceMs / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What every system owes a person now, by system. */
export async function duties(api: Api, subject: string): Promise<Record<string, DutyView>> {
  const { duties: found } = await api.get<{ duties: DutyView[] }>(`/subjects/${subject}`);
  return Object.fromEntries(found.map((d) => [d.system, d]));
}

/** The first duty of a person that is as wanted. */
export const follow = (api: Api, subject: string, done: (duty: DutyView) => boolean): Promise<DutyView> =>
  until('a duty to settle', async () => Object.values(await duties(api, subject)).find(done));

/** A duty in the ledger's own words. */
export const told = (duty: DutyView) => `${duty.state}, ${duty.outcome}, evidence: ${duty.evidence}`;

import type { Answer, TestHub } from './hub.ts';

/** A browser as far as the console needs one: it keeps cookies and says where its requests come from. */
export class Browser {
  readonly cookies = new Map<string, string>();
  private readonly hub: Pick<TestHub, 'app'>;
  /** What it says of itself beside the cookies. */
  headers: Record<string, string> = { 'sec-fetch-site': 'same-origin' };
  ip = '127.0.0.1';

  constructor(hub: Pick<TestHub, 'app'>) {
    this.hub = hub;
  }

  async send(
    method: 'GET' | 'POST',
    url: string,
    form?: Record<string, string | string[]>,
    more: Record<string, string> = {},
  ): Promise<Answer> {
    const body = new URLSearchParams();
    for (const [name, value] of Object.entries(form ?? {})) for (const one of [value].flat()) body.append(name, one);
    const answer = await this.hub.app.inject({
      method,
      url,
      remoteAddress: this.ip,
      headers: {
        host: 'localhost',
        ...this.headers,
        ...(this.cookies.size > 0 ? { cookie: [...this.cookies].map(([k, v]) => `${k}=${v}`).join('; ') } : {}),
        ...(method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
        ...more,
      },
      ...(method === 'POST' ? { payload: body.toString() } : {}),
    });
    for (const { name, value } of answer.cookies as { name: string; value: string }[]) {
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return {
      status: answer.statusCode,
      type: String(answer.headers['content-type'] ?? ''),
      text: answer.body,
      headers: answer.headers,
      json: <T>() => JSON.parse(answer.body) as T,
    };
  }

  get = (url: string, more?: Record<string, string>) => this.send('GET', url, undefined, more);
  post = (url: string, form: Record<string, string | string[]> = {}, more?: Record<string, string>) =>
    this.send('POST', url, form, more);
  signIn = (address: string, password: string) => this.post('/sign-in', { address, password });
}

export const goodPassword = 'Kolme hevosta laiturilla 7';

/** An account with a password, made as an admin makes it. */
export async function openAccount(
  hub: TestHub,
  email: string,
  roles: string[],
  more: Record<string, unknown> = {},
): Promise<string> {
  const made = await hub.ask('POST', '/accounts', { email, name: 'Testi Henkilö', roles, ...more });
  const { id, link } = made.json<{ id: string; link: string }>();
  await new Browser(hub).post(new URL(link).pathname, { password: goodPassword });
  return id;
}

/** Without a second factor: the sign-in is over with the password. */
export const withoutTotp = {
  needs: (needs: TestHub['needs']): TestHub['needs'] => ({
    ...needs,
    config: { ...needs.config, signIn: { requireTotp: false } },
  }),
};

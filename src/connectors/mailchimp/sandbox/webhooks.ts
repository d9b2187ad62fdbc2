import { createHmac, randomBytes } from 'node:crypto';
import { invalid, VendorProblem } from './problem.ts';
import { type Actor, type Audience, type Hook, md5, type StoredMember } from './state.ts';
import type { Switches } from './world.ts';

export interface WebhookOptions {
  now(): number;
  switches: Switches;
  /** A receiver that is slower than this counts as failed; default 10 s, as documented. */
  deadlineMs?: number;
  /** Pauses between tries; by default growing over 75 minutes. */
  retryDelaysMs?: readonly number[];
  /** Whether a hook made by API is signed unless it asks otherwise; default true. */
  signing?: boolean;
}

export interface Delivery {
  type: string;
  url: string;
  attempt: number;
  /** 0: no answer in time. */
  status: number;
}

const minutes = (n: number) => n * 60_000;
const standardEvents = ['subscribe', 'unsubscribe', 'profile', 'cleaned', 'upemail', 'campaign'];

/** Reports changes to whoever asked: form bodies, at least once, without a promise about their order. */
export class Webhooks {
  readonly deliveries: Delivery[] = [];
  readonly #options: WebhookOptions;
  readonly #underWay = new Set<Promise<void>>();
  #queue: (() => void)[] = [];

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  /** The address is visited with a GET before the hook is kept. The secret is told now and never again. */
  async create(audience: Audience, body: Record<string, unknown>): Promise<Record<string, unknown>> {
    const url = body['url'];
    if (typeof url !== 'string' || !/^https?:/.test(url) || !URL.canParse(url))
      throw invalid('We couldn’t verify the webhook URL.', [{ field: 'url', message: 'Please enter a valid URL' }]);
    if (audience.hooks.some((h) => h.url === url)) throw invalid('Sorry, you can’t set up multiple WebHooks for one URL');
    await visit(url);
    const signed = typeof body['signing_enabled'] === 'boolean' ? body['signing_enabled'] : (this.#options.signing ?? true);
    const hook = this.add(audience, {
      url,
      events: body['events'],
      sources: body['sources'],
      secret: signed ? randomBytes(24).toString('hex') : null,
    });
    return { ...hookView(audience, hook), ...(hook.secret ? { signing_secret: hook.secret } : {}) };
  }

  /** Keeps a hook without a visit: one that was there before. */
  add(audience: Audience, given: { url: string; events?: unknown; sources?: unknown; secret?: string | null }): Hook {
    const wish = (from: unknown, name: string) =>
      typeof from === 'object' && from !== null ? Object.entries(from).find(([key]) => key === name)?.[1] !== false : true;
    const hook: Hook = {
      id: md5(`hook ${audience.id} ${given.url}`).slice(0, 10),
      url: given.url,
      events: Object.fromEntries(standardEvents.map((name) => [name, wish(given.events, name)])),
      sources: { user: wish(given.sources, 'user'), admin: wish(given.sources, 'admin'), api: wish(given.sources, 'api') },
      secret: given.secret ?? null,
      disabled: false,
    };
    audience.hooks.push(hook);
    return hook;
  }

  tell(audience: Audience, actor: Actor, type: string, data: Record<string, unknown>): void {
    const body = form({ type, fired_at: firedAt(this.#options.now()), data: { ...data, list_id: audience.id } });
    for (const hook of audience.hooks) {
      if (hook.disabled || !hook.events[type] || !hook.sources[actor]) continue;
      for (let copy = this.#options.switches.duplicateWebhooks ? 2 : 1; copy > 0; copy--)
        this.#send(() => this.#deliver(hook, type, body, 0));
    }
  }

  tellOf(audience: Audience, actor: Actor, type: string, member: StoredMember, more: Record<string, unknown> = {}): void {
    const chosen = audience.interests.filter(({ id }) => member.interests[id]).map(({ name }) => name);
    this.tell(audience, actor, type, {
      ...more,
      // the address's id across Mailchimp, not the hash of the member
      id: member.unique_email_id,
      email: member.email_address,
      email_type: member.email_type,
      ip_opt: '',
      web_id: member.web_id,
      merges: { EMAIL: member.email_address, ...member.merge_fields, INTERESTS: chosen.join(',') },
    });
  }

  /** When every delivery that has begun has ended; retries that are still to come are not waited for. */
  async settled(): Promise<void> {
    await new Promise(setImmediate);
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Leaves with the next turn of the loop, after the answer of the call that caused it was made. */
  #send(work: () => Promise<void>): void {
    this.#queue.push(() => {
      const running = work().finally(() => this.#underWay.delete(running));
      this.#underWay.add(running);
    });
    if (this.#queue.length > 1) return;
    setImmediate(() => {
      const queue = this.#options.switches.reorderWebhooks ? this.#queue.reverse() : this.#queue;
      this.#queue = [];
      for (const start of queue) start();
    });
  }

  async #deliver(hook: Hook, type: string, body: string, attempt: number): Promise<void> {
    if (hook.disabled) return;
    const headers: Record<string, string> = {
      'content-type': 'application/x-www-form-urlencoded',
      'user-agent': 'MailChimp.com',
    };
    if (hook.secret) {
      const t = Math.floor(this.#options.now() / 1000);
      headers['x-mailchimp-signature'] = `t=${t},v1=${createHmac('sha256', hook.secret).update(`${t}.${body}`).digest('hex')}`;
    }
    const status = await post(hook.url, headers, body, this.#options.deadlineMs ?? 10_000);
    this.deliveries.push({ type, url: hook.url, attempt, status });
    if (status >= 200 && status < 300) return;
    // for good: never answer 410 from a gateway
    if (status === 410) hook.disabled = true;
    const pause = (this.#options.retryDelaysMs ?? [1, 4, 10, 20, 40].map(minutes))[attempt];
    if (pause !== undefined && !hook.disabled)
      setTimeout(() => this.#send(() => this.#deliver(hook, type, body, attempt + 1)), pause).unref();
  }
}

export const hookView = (audience: Audience, hook: Hook) => ({
  id: hook.id,
  url: hook.url,
  events: hook.events,
  sources: hook.sources,
  list_id: audience.id,
  signing_enabled: hook.secret !== null,
  _links: [],
});

export async function post(url: string, headers: Record<string, string>, body: string, deadlineMs: number): Promise<number> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(deadlineMs),
    });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    // whatever kept the receiver from answering looks the same from here
    return 0;
  }
}

export async function visit(url: string): Promise<void> {
  let status = 0;
  try {
    const answer = await fetch(url, {
      headers: { 'user-agent': 'MailChimp.com WebHook Validator' },
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    });
    await answer.arrayBuffer();
    status = answer.status;
  } catch (cause) {
    throw new VendorProblem(
      400,
      'Invalid Resource',
      `We couldn’t verify the webhook URL: ${cause instanceof Error ? cause.name : 'no answer'}`,
    );
  }
  if (status !== 200) throw invalid(`We couldn’t verify the webhook URL: it answered ${status}.`);
}

const firedAt = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

/** `data[merges][FNAME]=…` */
export function form(value: Record<string, unknown>): string {
  const params = new URLSearchParams();
  const add = (name: string, inner: unknown) => {
    if (typeof inner === 'object' && inner !== null)
      for (const [key, part] of Object.entries(inner)) add(`${name}[${key}]`, part);
    else params.append(name, String(inner ?? ''));
  };
  for (const [name, inner] of Object.entries(value)) add(name, inner);
  return params.toString();
}

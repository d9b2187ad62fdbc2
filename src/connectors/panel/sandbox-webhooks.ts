import { webhookHeaders } from '../../core/standard-webhook.ts';
import type { Change } from './contacts.ts';

/** Where a panel tells what changed; signed by each of the secrets, two while one is replaced. */
export interface Hook {
  url: string;
  secrets: readonly string[];
}

interface Message {
  id: string;
  body: string;
}

/** Sends a signed delivery for every change, Kaiku's own too, so that whoever hears it must tell them apart. */
export class PanelWebhooks {
  /** What came back for each delivery, 0 for no answer. */
  readonly deliveries: { id: string; status: number }[] = [];
  readonly #sent: Message[] = [];
  readonly #hooks: Hook[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
  }

  add(hook: Hook): void {
    this.#hooks.push(hook);
  }

  tell(change: Change): void {
    const id = `msg_${this.#sent.length + 1}`;
    const timestamp = this.#now().toISOString();
    const message = { id, body: JSON.stringify({ type: 'contact.changed', timestamp, data: change }) };
    this.#sent.push(message);
    this.#send(message);
  }

  /** Every message once more, as after an outage: the ids are the same, the times are new. */
  sendAgain(): void {
    for (const message of this.#sent) this.#send(message);
  }

  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #send(message: Message): void {
    for (const hook of this.#hooks) {
      const running = this.#deliver(hook, message).finally(() => this.#underWay.delete(running));
      this.#underWay.add(running);
    }
  }

  async #deliver({ url, secrets }: Hook, { id, body }: Message): Promise<void> {
    const signed = secrets.map((secret) => webhookHeaders(secret, { id, at: this.#now(), body }));
    const signature = signed.map((headers) => headers['webhook-signature']).join(' ');
    const headers = { ...signed[0], 'webhook-signature': signature, 'content-type': 'application/json' };
    const options = { method: 'POST', headers, body, redirect: 'manual', signal: AbortSignal.timeout(10_000) } as const;
    const status = await fetch(url, options).then(
      (answer) => answer.arrayBuffer().then(() => answer.status),
      () => 0,
    );
    this.deliveries.push({ id, status });
  }
}

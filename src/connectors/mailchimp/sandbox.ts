import type { SandboxAnswer, SandboxBehaviour, SandboxRequest } from '../sandbox.ts';
import { act, seedAudience, seedMember } from './sandbox/act.ts';
import { Batches } from './sandbox/batches.ts';
import { type People, people } from './sandbox/people.ts';
import {
  badRequest,
  notFound,
  problemAnswer,
  throttledProblem,
  triggered,
  unauthorizedProblem,
  VendorProblem,
} from './sandbox/problem.ts';
import { type Parts, route } from './sandbox/routes.ts';
import type { Audience, AudienceSeed, MemberSeed } from './sandbox/state.ts';
import { memberView } from './sandbox/view.ts';
import { type Delivery, Webhooks } from './sandbox/webhooks.ts';
import type { Switches, World } from './sandbox/world.ts';

export interface MailchimpSandboxOptions {
  /** The key that is taken, as Basic password or bearer token; absent: any. */
  apiKey?: string;
  /** Default: two empty ones. */
  audiences?: readonly (string | AudienceSeed)[];
  now?: () => Date;
  switches?: Partial<Switches>;
  /** Whether a contact's id is taken where a hash is; default true, as the official description says. */
  takesContactIds?: boolean;
  /** ms between two states of a batch; default 25. */
  batchStepMs?: number;
  webhooks?: { deadlineMs?: number; retryDelaysMs?: readonly number[]; signing?: boolean };
}

export interface MailchimpSandbox extends SandboxBehaviour, People {
  readonly switches: Switches;
  /** Adds audiences with their members. */
  seed(data: { audiences: readonly AudienceSeed[] }): void;
  seedMember(audience: string, member: MemberSeed): Record<string, unknown>;
  /** Members as the API shows them, all statuses. */
  members(audience: string): Record<string, unknown>[];
  /** By address, hash or contact id, in one audience. */
  member(audience: string, key: string): Record<string, unknown> | undefined;
  isForgotten(audience: string, email: string): boolean;
  /** Keeps a webhook that is there already, without the visit that making one by API begins with. */
  addWebhook(
    audience: string,
    hook: { url: string; secret?: string; events?: Record<string, boolean>; sources?: Record<string, boolean> },
  ): void;
  readonly deliveries: readonly Delivery[];
  /** When every delivery that has begun has ended. */
  webhooksSettled(): Promise<void>;
  /** What was asked of it, newest last, the last 10,000 writes: to prove what was never sent. */
  readonly writes: readonly { method: string; path: string; body: string }[];
}

const usualAudiences = ['ab12cd34ef', 'cd34ef56ab'];
const writesKept = 10_000;

/** The Marketing API 3.0 as far as it is documented or was recorded, kept in memory. */
export function mailchimpSandbox(options: MailchimpSandboxOptions = {}): MailchimpSandbox {
  const clock = options.now ?? (() => new Date());
  const now = () => clock().getTime();
  const switches: Switches = {
    compliance: true,
    duplicateWebhooks: false,
    reorderWebhooks: false,
    batchTrouble: 'none',
    ...options.switches,
  };
  const audiences = new Map<string, Audience>();
  const hooks = new Webhooks({ now, switches, ...options.webhooks });
  let number = 0;
  const world: World = {
    audiences,
    switches,
    takesContactIds: options.takesContactIds ?? true,
    now,
    nextNumber: () => ++number,
    tell: (...told) => hooks.tell(...told),
    tellOf: (...told) => hooks.tellOf(...told),
  };
  const batches = new Batches({
    now,
    stepMs: options.batchStepMs ?? 25,
    switches,
    run: (method, path, query, body) =>
      answer(parts, { method, url: path, path: `/3.0${path}`, query, headers: {}, body: Buffer.from(body ?? '') }),
  });
  const parts: Parts = { world, hooks, batches };
  const writes: { method: string; path: string; body: string }[] = [];
  const audienceOf = (id: string): Audience => {
    const found = audiences.get(id);
    if (!found) throw new Error(`the sandbox has no audience ${id}`);
    return found;
  };

  const seed = (data: { audiences: readonly AudienceSeed[] }) => {
    for (const given of data.audiences) seedAudience(world, given);
  };
  seed({ audiences: (options.audiences ?? usualAudiences).map((a) => (typeof a === 'string' ? { id: a } : a)) });

  const acting = people(world);
  return {
    vendor: 'mailchimp',
    connections: 10,
    switches,
    writes,
    deliveries: hooks.deliveries,
    ...acting,
    seed,
    seedMember: (id, member) => seedMember(world, audienceOf(id), member),
    members: (id) => audienceOf(id).members.map((m) => memberView(id, m)),
    member: (id, key) => {
      const found = audienceOf(id).find(key);
      return found && memberView(id, found);
    },
    isForgotten: (id, email) => audienceOf(id).hasForgotten(email),
    addWebhook: (id, hook) => void hooks.add(audienceOf(id), hook),
    webhooksSettled: () => hooks.settled(),
    throttled: (retryAfter) =>
      problemAnswer(
        retryAfter === undefined
          ? throttledProblem()
          : Object.assign(throttledProblem(), { more: { headers: { 'retry-after': retryAfter } } }),
      ),
    unauthorized: () => problemAnswer(unauthorizedProblem()),
    state: () => ({
      audiences: [...audiences.values()].map((a) => ({
        id: a.id,
        forgotten: a.forgotten.size,
        members: a.members.map((m) => memberView(a.id, m)),
      })),
    }),
    act: (what) => act(world, acting, what),

    async handle(request) {
      if (request.method !== 'GET') {
        writes.push({ method: request.method, path: request.path, body: request.body.toString('utf8') });
        if (writes.length > writesKept) writes.shift();
      }
      const results = /^\/results\/([0-9a-f]+)\//.exec(request.path)?.[1];
      if (results) return batches.results(results, request.headers['authorization'] !== undefined);
      if (!isAllowed(request.headers['authorization'], options.apiKey)) return problemAnswer(unauthorizedProblem());
      return answer(parts, request);
    },
  };
}

/** Basic with any user, or a bearer token. */
function isAllowed(authorization: string | undefined, apiKey: string | undefined): boolean {
  const [scheme = '', value = ''] = (authorization ?? '').split(' ');
  const given = /^basic$/i.test(scheme)
    ? Buffer.from(value, 'base64')
        .toString('utf8')
        .replace(/^[^:]*:/, '')
    : /^bearer$/i.test(scheme)
      ? value
      : '';
  return given !== '' && (apiKey === undefined || given === apiKey);
}

async function answer(parts: Parts, { method, path, query, headers, body }: SandboxRequest): Promise<SandboxAnswer> {
  try {
    const trigger = headers['x-trigger-error'];
    if (trigger) throw triggered(trigger);
    const [base, ...rest] = path.split('/').filter((part) => part !== '');
    if (base !== '3.0') throw notFound();
    const origin = `http://${headers['host'] ?? '127.0.0.1'}`;
    return await route(parts, { method, path: rest.map(decoded), query, body: bodyOf(body), origin });
  } catch (error) {
    return problemAnswer(error instanceof VendorProblem ? error : triggered('InternalServerError'));
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest('The path is not well encoded.');
  }
}

function bodyOf(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    parsed = null;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new VendorProblem(400, 'JSON Parse Exception', 'We encountered an unspecified JSON parsing error.');
  }
  return Object.fromEntries(Object.entries(parsed));
}

import { createHash, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import pino from 'pino';
import { z } from 'zod';
import type { Webhook } from '../../src/connectors/connector.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import type { Needs } from '../../src/jobs/needs.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { openQueues, type Queues } from '../../src/jobs/queues.ts';
import { type App, buildApp } from '../../src/server/app.ts';
import { type Role, roles } from '../../src/server/auth.ts';
import { changes, rows } from '../../src/store/database.ts';
import { subjectsByIdentifier } from '../../src/store/subjects.ts';
import { putToken } from '../../src/store/tokens.ts';
import { aino, openWorld, type World } from '../jobs/world.ts';
import { testRuntime } from '../support/runtime.ts';

export const localToken = 'local-token';
export const hookSecret = 'a-secret-of-the-path';

/** An answer as a test looks at it. */
export interface Answer {
  status: number;
  type: string;
  text: string;
  headers: Record<string, unknown>;
  json<T = Record<string, unknown>>(): T;
}

export interface TestHub extends World {
  app: App;
  /** Where the board was asked for. */
  queues: Queues | undefined;
  /** Everything that was logged, at every level. */
  logged(): string;
  ask(method: 'GET' | 'POST', path: string, body?: unknown, as?: Role | 'local' | 'nobody'): Promise<Answer>;
  /** A raw request, to the webhooks for instance. */
  raw(request: {
    method: 'GET' | 'POST';
    url: string;
    headers?: Record<string, string>;
    payload?: string | Buffer;
  }): Promise<Answer>;
  /** A table as one text, bytes as hex: what somebody with the database alone would see. */
  dump(table: string): Promise<string>;
  revoke(token: string): Promise<void>;
}

const Delivery = z.object({ rows: z.array(z.string()) });

/** Authentic is what carries the right header; a body names rows. */
const webhook: Webhook = {
  hints({ headers, rawBody }) {
    if (headers['x-authentic'] !== 'yes') return null;
    const parsed = Delivery.safeParse(JSON.parse(rawBody.toString('utf8')));
    return parsed.success ? parsed.data.rows.map((locator) => ({ place: 'all', locator })) : null;
  },
  follow: async () => [],
};

/** The API on a real ledger, with a register and a recipient in memory and one token a role. */
export async function openTestHub(
  options: { testClock?: boolean; board?: boolean; needs?: (needs: Needs) => Needs } = {},
): Promise<TestHub> {
  const runtime = await testRuntime();
  const world = await openWorld(runtime.databaseUrl);
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const newsletter = world.needs.config.systems['newsletter'];
  const connector = world.needs.connectors['newsletter'];
  if (!newsletter || !connector) throw new Error('the world has no newsletter');
  const hooked: Needs = {
    ...world.needs,
    log,
    config: {
      ...world.needs.config,
      systems: { ...world.needs.config.systems, newsletter: { ...newsletter, webhook: { secret: hookSecret } } },
    },
    connectors: { ...world.needs.connectors, newsletter: { ...connector, webhook } },
  };
  const needs = options.needs?.(hooked) ?? hooked;
  const queues = options.board
    ? await openQueues({ databaseUrl: runtime.databaseUrl, redisUrl: runtime.redisUrl, prefix: 'board', onError: () => {} })
    : undefined;
  const app = await buildApp(needs, {
    localToken,
    testClock: options.testClock ?? false,
    ...(queues ? { board: queues } : {}),
    log,
  });
  const tokens = new Map<string, string>([['local', localToken]]);
  for (const role of roles) {
    tokens.set(role, `token-of-${role}`);
    await putToken(needs.db, randomUUID(), role, createHash('sha256').update(`token-of-${role}`).digest());
  }
  const raw: TestHub['raw'] = async (request) => {
    const answer = await app.inject(request);
    return {
      status: answer.statusCode,
      type: String(answer.headers['content-type'] ?? ''),
      text: answer.body,
      headers: answer.headers,
      json: <T>() => JSON.parse(answer.body) as T,
    };
  };
  return {
    ...world,
    needs,
    app,
    queues,
    logged: () => lines.join(''),
    raw,
    dump: async (table) =>
      JSON.stringify(await rows(needs.db, sql<{ row: unknown }>`SELECT to_jsonb(t) AS row FROM ${sql.table(table)} t`)),
    revoke: async (token) => {
      await changes(needs.db, sql`UPDATE token SET revoked_at = now() WHERE id = ${token}`);
    },
    ask: (method, path, body, as = 'local') =>
      raw({
        method,
        url: `/api/v1${path}`,
        headers: {
          ...(as === 'nobody' ? {} : { authorization: `Bearer ${tokens.get(as) ?? ''}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
      }),
    close: async () => {
      await app.close();
      await queues?.close();
      await world.close();
      await runtime.drop();
    },
  };
}

export const granted = { granted: { newsletter: true }, refused: { newsletter: false } };

export const idOf = async (hub: World, email: string): Promise<string> =>
  (await subjectsByIdentifier(hub.needs.db, 'email', hub.needs.vault.hash('email', email)))[0]?.id ?? '';

/** Aino and somebody else are in the register and, linked, on the newsletter. Answers Aino's id. */
export async function linkedAino(hub: World): Promise<string> {
  hub.newsletter.add({ givenName: 'Aino', familyName: 'Virtanen', email: aino.email });
  hub.newsletter.add({ givenName: 'Other', email: 'other@sahko.test' });
  hub.register.put('1', { person: aino, ...granted });
  hub.register.put('2', { person: { givenName: 'Other', email: 'other@sahko.test' }, ...granted });
  await pollRegister(hub.needs, 'crm');
  await linkRecipient(hub.needs, 'newsletter', true, 'test');
  await hub.settle();
  return idOf(hub, aino.email);
}

import { randomBytes, randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Queues } from './jobs/queues.ts';
import { startWork } from './jobs/schedule.ts';
import { type Environment, type Given, type Hub, openHub } from './open.ts';
import { mailWords } from './server/alerts.ts';
import { buildApp } from './server/app.ts';
import { firstLink } from './server/sign-in/account.ts';

export type Role = 'api' | 'worker' | 'all';

export interface Running {
  hub: Hub;
  url: string | null;
  /** The local token of `hub.json`; full rights, this instance and this run only. */
  token: string;
  app: FastifyInstance | null;
  /** Where the very first account is made: once, within a day; null when there are accounts. Ends the link before. */
  setUpLink(): Promise<string | null>;
  stop(): Promise<void>;
}

/** Opens the hub and starts what the role says: the API, the workers, or both. Writes `hub.json` so that the CLI finds it. */
export async function startHub(env: Environment, log: Logger, role: Role, given: Given = {}): Promise<Running> {
  const hub = await openHub(env, log, given);
  const token = randomBytes(32).toString('base64url');
  const hubFile = join(env.dataDir, 'hub.json');
  let app: FastifyInstance | null = null;
  let url: string | null = null;
  let work: { stop(): Promise<void> } | null = null;
  let board: Queues | null = null;
  try {
    if (role !== 'worker') {
      if (env.bullBoard) board = await hub.queues();
      app = await buildApp(hub.needs, { localToken: token, testClock: env.testClock, ...(board ? { board } : {}), log });
      url = await app.listen({ port: env.port, host: env.host });
    }
    const wordsIn = (language?: string) => mailWords(hub.needs.config, language);
    if (role !== 'api') work = startWork(hub.needs, await hub.queues(), randomUUID(), wordsIn);
  } catch (error) {
    await app?.close();
    await board?.close();
    await hub.close();
    throw error;
  }
  if (url) {
    const temporary = `${hubFile}.${process.pid}`;
    await writeFile(temporary, JSON.stringify({ url, instance: hub.needs.instance, token, pid: process.pid }), { mode: 0o600 });
    await rename(temporary, hubFile);
  }
  let stopping: Promise<void> | undefined;
  return {
    hub,
    url,
    token,
    app,
    setUpLink: async () => {
      const first = url === null ? null : await firstLink(hub.needs);
      return first && `${hub.needs.config.signIn?.url ?? url}/set-up/${first}`;
    },
    stop: () =>
      (stopping ??= (async () => {
        if (url) await rm(hubFile, { force: true });
        await app?.close();
        await board?.close();
        await work?.stop();
        await hub.close();
      })()),
  };
}

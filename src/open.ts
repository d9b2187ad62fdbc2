import { randomBytes, randomUUID } from 'node:crypto';
import { access, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import pino, { type Logger } from 'pino';
import { loadConfig } from './config.ts';
import type { Connector } from './connectors/connector.ts';
import { createExchange } from './connectors/exchange.ts';
import { createWire, type Wire } from './connectors/http.ts';
import { registry } from './connectors/registry.ts';
import type { Config } from './core/configuration.ts';
import type { LogSigner } from './core/log-keys.ts';
import { type KeyFile, newKeyFile, parseKeyFile } from './core/seal.ts';
import { ledgerGate } from './jobs/gate.ts';
import type { Needs } from './jobs/needs.ts';
import { noteKeys } from './jobs/note-keys.ts';
import { openQueues, type Queues } from './jobs/queues.ts';
import { type Replayed, replayJournal } from './jobs/replay-journal.ts';
import { openDatabase } from './store/database.ts';
import { type Embedded, startEmbedded } from './store/embedded.ts';
import { knowSystems } from './store/systems.ts';
import { fileJournal } from './store/tombstones.ts';
import { claimInstance, createVault, isEmpty, WrongKeyError } from './store/vault.ts';

/** The environment as one object, read here and nowhere else. */
export interface Environment {
  configPath: string;
  databaseUrl: string | undefined;
  redisUrl: string | undefined;
  dataDir: string;
  keyFile: string;
  journal: string;
  port: number;
  host: string;
  testClock: boolean;
  /** Shows the queues to admins at `/queues`, where the packages of Bull Board are installed. */
  bullBoard: boolean;
  /** Where people reach the console. */
  url: string | undefined;
  variables: Record<string, string | undefined>;
}

/** A setting that cannot be used; the message says which and what to do. */
export class EnvironmentError extends Error {
  override name = 'EnvironmentError';
}

export function readEnvironment(variables: Record<string, string | undefined>): Environment {
  const dataDir = resolve(variables['KAIKU_DATA'] || '.kaiku');
  const port = Number(variables['KAIKU_PORT'] || 8080);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new EnvironmentError('KAIKU_PORT must be a port number from 0 to 65535.');
  return {
    configPath: resolve(variables['KAIKU_CONFIG'] || 'config/kaiku.yaml'),
    databaseUrl: variables['DATABASE_URL'] || undefined,
    redisUrl: variables['REDIS_URL'] || undefined,
    dataDir,
    keyFile: resolve(variables['KAIKU_KEY_FILE'] || join(dataDir, 'keys.json')),
    journal: resolve(variables['KAIKU_JOURNAL'] || join(dataDir, 'journal')),
    port,
    host: variables['KAIKU_HOST'] || '127.0.0.1',
    testClock: variables['KAIKU_TEST_CLOCK'] === '1',
    bullBoard: variables['KAIKU_BULL_BOARD'] === '1',
    url: consoleUrl(variables['KAIKU_URL']),
    variables,
  };
}

function consoleUrl(given: string | undefined): string | undefined {
  if (!given) return undefined;
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol))
    throw new EnvironmentError('KAIKU_URL must be the whole address of the console, as https://kaiku.example.fi.');
  return given;
}

/** The hub with everything open: what the server, the workers and the commands are handed. */
export interface Hub {
  needs: Needs;
  /** What the journal of erasures knew that the database did not. */
  replayed: Replayed;
  env: Environment;
  databaseUrl: string;
  queues(): Promise<Queues>;
  close(): Promise<void>;
}

/** Log lines carry ids and codes only; the bindings of process and host are left out. */
export const createLog = (level: string): Logger =>
  pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));

/** What a caller may hand in: a ready configuration (the demo), and something between a connector and its wire (fault tests). */
export interface Given {
  config?: Config;
  wire?: (system: string, wire: Wire) => Wire;
}

export async function openHub(env: Environment, log: Logger, given: Given = {}): Promise<Hub> {
  const declared = given.config ?? loadConfig(env.configPath, env.variables, registry);
  const config = env.url ? { ...declared, console: { url: env.url } } : declared;
  await mkdir(env.dataDir, { recursive: true, mode: 0o700 });
  const embedded: Embedded | null = env.databaseUrl ? null : await startEmbedded({ dataDir: env.dataDir });
  const databaseUrl = env.databaseUrl ?? embedded?.connectionString ?? '';
  try {
    const database = await openDatabase(databaseUrl);
    const { db } = database;
    const vault = createVault(await keysOf(env, await isEmpty(db), log), randomBytes);
    const instance = await claimInstance(db, vault, randomUUID());
    const names = Object.keys(config.systems);
    await knowSystems(db, names);
    const connectors: Record<string, Connector> = {};
    for (const system of Object.values(config.systems)) {
      const factory = registry[system.connector];
      if (!factory) throw new Error(`no connector is named ${system.connector}`);
      const deadlineMs = (system.deadlineSeconds ?? factory.manifest.deadlineSeconds) * 1000;
      // the company's settings may set the limits lower: the connector itself says what holds
      const limits = () => (connectors[system.name] ?? factory).manifest.limits;
      const gate = ledgerGate(db, () => limits().key ?? system.name, limits, deadlineMs, randomUUID);
      const { maxBytes } = factory.manifest;
      const guards = { gate, deadlineMs, ...(maxBytes === undefined ? {} : { maxBytes }) };
      const wire = createWire(guards);
      const connected = factory.connect(
        {
          system: system.name,
          baseUrl: system.baseUrl,
          credentials: system.credentials,
          settings: system.settings,
          ...(system.register
            ? {
                register: {
                  for: system.register.for,
                  permissions: system.register.permissions,
                  ...(system.register.erasureSignal ? { erasureSignal: system.register.erasureSignal } : {}),
                  ...(system.register.events ? { events: system.register.events } : {}),
                },
              }
            : {}),
          ...(system.webhook ? { webhookSecret: system.webhook.secret } : {}),
        },
        given.wire ? given.wire(system.name, wire) : wire,
        createExchange(guards),
      );
      const people = system.recipient?.people;
      connectors[system.name] = people ? { ...connected, people } : connected;
    }
    const needs: Needs = {
      db,
      vault,
      config,
      connectors,
      instance,
      journal: fileJournal(env.journal, `${hostname()}-${process.pid}`),
      signer: signerOf(config.controller.name, vault.keys),
      newId: randomUUID,
      log,
    };
    const replayed = await replayJournal(needs);
    await noteKeys(needs);
    return {
      needs,
      replayed,
      env,
      databaseUrl,
      queues: () =>
        openQueues({ databaseUrl, redisUrl: env.redisUrl, prefix: `kaiku-${instance.slice(0, 8)}`, onError: () => {} }),
      async close() {
        await database.close();
        await embedded?.stop();
      },
    };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

const signerOf = (origin: string, { signing, mlDsa }: KeyFile): LogSigner => ({
  origin,
  seed: signing.seed,
  former: signing.former,
  ...(mlDsa ? { mlDsa } : {}),
});

/** Reads the key file, or makes one at the first start. A ledger that holds anything never gets new keys. */
async function keysOf(env: Environment, emptyLedger: boolean, log: Logger) {
  const exists = await access(env.keyFile).then(
    () => true,
    () => false,
  );
  if (!exists && !emptyLedger) {
    throw new WrongKeyError(
      `The key file ${env.keyFile} is missing, but the database is not empty. Restore the file from its backup, or point KAIKU_KEY_FILE at it.`,
    );
  }
  if (!exists) {
    await mkdir(resolve(env.keyFile, '..'), { recursive: true, mode: 0o700 });
    const whole = `${env.keyFile}.${process.pid}`;
    await writeFile(whole, newKeyFile(randomBytes, new Date()), { mode: 0o600, flush: true });
    // of two processes that start at once, one makes the keys, and nobody reads half of them
    const made = await link(whole, env.keyFile).then(
      () => true,
      (error: { code?: string }) => {
        if (error.code === 'EEXIST') return false;
        throw error;
      },
    );
    await rm(whole, { force: true });
    if (made)
      log.warn(
        { file: env.keyFile },
        'new keys were made: back this file up apart from the database; without it the ledger is unreadable',
      );
  }
  return parseKeyFile(await readFile(env.keyFile, 'utf8'));
}

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { findInstalledPostgres } from '../../src/store/embedded-binaries.ts';
import { findRedis } from './installed.ts';
import { makeTemplate } from './template.ts';
import './provided.ts';

/** A PostgreSQL and a Redis of this run, started from what is installed. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [postgres, redis] = [findInstalledPostgres(), findRedis()];
  if (!postgres || !redis) throw new Error('this project runs only where PostgreSQL and Redis are installed');
  const folder = await mkdtemp(join(tmpdir(), 'kaiku-servers-'));
  const [server, stopPostgres] = await startPostgres(postgres, folder);
  await makeTemplate(server);
  const queue = await startRedis(redis, folder, await freePort());
  project.provide('runtime', { kind: 'server', server, redis: queue.url });
  return async () => {
    await queue.stop();
    await stopPostgres();
    await rm(folder, { recursive: true, force: true });
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

const ended = (child: ChildProcess) =>
  new Promise<void>((resolve) => (child.exitCode !== null ? resolve() : child.once('exit', () => resolve())));

const settings = ['listen_addresses=127.0.0.1', 'max_connections=200', 'fsync=off', 'full_page_writes=off'];

async function startPostgres(folderOfBinaries: string, folder: string): Promise<[string, () => Promise<void>]> {
  const data = join(folder, 'postgres');
  const bin = (name: string) => join(folderOfBinaries, 'bin', name);
  const isRoot = process.getuid?.() === 0;
  // PostgreSQL does not run as root
  const who = isRoot ? { uid: 65_534, gid: 65_534, cwd: '/' } : {};
  if (isRoot) await chown(folder, 65_534, 65_534);
  execFileSync(bin('initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'], {
    ...who,
    stdio: 'ignore',
  });
  const port = await freePort();
  const child = spawn(
    bin('postgres'),
    // no test takes the power away; a process that is killed loses nothing by this. The embedded runtime's tests keep the real fsync
    ['-D', data, '-p', String(port), '-k', folder, ...settings.flatMap((setting) => ['-c', setting])],
    { ...who, stdio: 'ignore' },
  );
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  for (let i = 0; ; i++) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      break;
    } catch (error) {
      if (i > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return [
    url,
    async () => {
      child.kill('SIGINT');
      await ended(child);
    },
  ];
}

export interface RunningRedis {
  url: string;
  stop(): Promise<void>;
  /** SIGKILL: what was not yet on the disk is lost. */
  kill(): Promise<void>;
}

export async function startRedis(binary: string, folder: string, port: number): Promise<RunningRedis> {
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--appendonly',
    'yes',
    '--maxmemory-policy',
    'noeviction',
    '--save',
    '',
  ];
  const child = spawn(binary, args, { stdio: 'ignore' });
  const url = `redis://127.0.0.1:${port}`;
  const client = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: 100 });
  client.on('error', () => {});
  await client.ping();
  client.disconnect();
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended(child);
  };
  return { url, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { binariesFor, type Runner, runnerFor } from './embedded-binaries.ts';

const run = promisify(execFile);

/**
 * A private PostgreSQL of one instance: a child process with real fsync on a loopback port of its own, data in `KAIKU_DATA`. Nothing
 * to install but Node; the same code path as a served one.
 *
 * The server outlives nobody: the last process that uses it stops it. An orphan of a killed hub is adopted at the next start, so
 * two servers never stand on one directory.
 */
export interface Embedded {
  connectionString: string;
  /** Whether this process started the server. */
  owned: boolean;
  /** Leaves; the last one stops the server. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** `KAIKU_DATA`. */
  dataDir: string;
}

const superuser = 'kaiku';

export async function startEmbedded({ dataDir }: EmbeddedOptions): Promise<Embedded> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const runner = await runnerFor(await binariesFor(), dataDir);
  const data = join(runner.dataDir, 'postgres');
  return locked(join(dataDir, 'postgres.lock'), async () => {
    const password = await passwordOf(dataDir);
    await initialise(runner, data, password, dataDir);
    const adopted = await runningPort(data);
    const port = adopted ?? (await launch(runner, data));
    const connectionString = `postgres://${superuser}:${password}@127.0.0.1:${port}/postgres`;
    await answers(connectionString, data);
    await enter(dataDir);
    return { connectionString, owned: adopted === null, stop: () => leave(dataDir, data) };
  });
}

/** The password of the loopback server, in a file that only this user reads. */
async function passwordOf(dataDir: string): Promise<string> {
  const file = join(dataDir, 'postgres.secret');
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known.trim() !== '') return known.trim();
  const made = randomBytes(24).toString('hex');
  await writeFile(file, made, { mode: 0o600 });
  return made;
}

async function initialise(runner: Runner, data: string, password: string, dataDir: string): Promise<void> {
  if (await exists(join(data, 'PG_VERSION'))) return;
  // a first start that was killed half-way leaves a directory that initdb refuses
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { recursive: true, mode: 0o700 });
  const passwordFile = join(runner.dataDir, `initdb-${process.pid}`);
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (runner.uid !== undefined) {
    await chown(data, runner.uid, runner.gid ?? runner.uid);
    await chown(passwordFile, runner.uid, runner.gid ?? runner.uid);
  }
  try {
    // --no-sync: nothing of value is there yet; the server itself syncs every commit
    const args = [
      '-D',
      data,
      '-U',
      superuser,
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
    ];
    const [command, ...rest] = runner.command('initdb', args);
    await run(command, rest, { ...runner.spawnOptions, env: runner.env });
  } catch (error) {
    await rm(data, { recursive: true, force: true });
    throw new Error(
      `the embedded PostgreSQL could not be set up in ${dataDir}: ${firstLines(error)}. Set DATABASE_URL to use a server of your own.`,
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
}

const firstLines = (error: unknown) =>
  String((error as { stderr?: string }).stderr || (error as Error).message)
    .trim()
    .split('\n')
    .slice(-2)
    .join(' ');

/** The port of a server that runs on this directory already: a live process, named in postmaster.pid. */
async function runningPort(data: string): Promise<number | null> {
  const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!Number.isInteger(pid) || pid <= 0 || !Number.isInteger(port) || port <= 0) return null;
  if (!alive(pid) || !(await isPostgres(pid))) {
    await rm(join(data, 'postmaster.pid'), { force: true });
    return null;
  }
  return port;
}

async function isPostgres(pid: number): Promise<boolean> {
  // where there is no /proc the pid alone must do
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'postgres');
  return name.trim().startsWith('postgres');
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}

async function launch(runner: Runner, data: string): Promise<number> {
  const port = await freePort();
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '250',
    shared_buffers: '64MB',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    log_min_messages: 'fatal',
    // statements would carry identifiers' hashes at most, but a log is nobody's ledger
    log_statement: 'none',
    log_min_error_statement: 'panic',
  };
  const args = ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const [command, ...rest] = runner.command('postgres', args);
  const child: ChildProcess = spawn(command, rest, { ...runner.spawnOptions, env: runner.env, stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
  return port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

/** Waits until the server takes connections; recovery after a crash may take a while. */
async function answers(connectionString: string, data: string): Promise<void> {
  const until = Date.now() + 60_000;
  for (;;) {
    const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2000 });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('SELECT 1');
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => {});
      if ((error as { code?: string }).code === '28P01')
        throw new Error(`the embedded PostgreSQL in ${data} does not take its own password; was postgres.secret removed?`);
      if (Date.now() > until)
        throw new Error(`the embedded PostgreSQL in ${data} did not start within a minute (${(error as Error).message})`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

// Who uses the server: one file a process. Dead ones are swept away, so a killed hub does not keep it running for ever.

const usersOf = (dataDir: string) => join(dataDir, 'postgres.users');

async function users(dataDir: string): Promise<number[]> {
  const text = await readFile(usersOf(dataDir), 'utf8').catch(() => '');
  return [
    ...new Set(
      text
        .split('\n')
        .map(Number)
        .filter((pid) => pid > 0 && alive(pid)),
    ),
  ];
}

async function enter(dataDir: string): Promise<void> {
  const all = await users(dataDir);
  counts.set(dataDir, (counts.get(dataDir) ?? 0) + 1);
  if (!all.includes(process.pid)) all.push(process.pid);
  await writeFile(usersOf(dataDir), all.join('\n'), { mode: 0o600 });
}

/** How often this process entered, per instance. */
const counts = new Map<string, number>();

async function leave(dataDir: string, data: string): Promise<void> {
  await locked(join(dataDir, 'postgres.lock'), async () => {
    const left = (counts.get(dataDir) ?? 1) - 1;
    counts.set(dataDir, left);
    const others = (await users(dataDir)).filter((pid) => pid !== process.pid);
    if (left > 0) return;
    await writeFile(usersOf(dataDir), others.join('\n'), { mode: 0o600 });
    if (others.length > 0) return;
    const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0]);
    if (!(pid > 0)) return;
    // SIGINT: fast shutdown, open sessions are ended
    process.kill(pid, 'SIGINT');
    for (let i = 0; i < 200 && (await exists(join(data, 'postmaster.pid'))); i++)
      await new Promise((resolve) => setTimeout(resolve, 25));
  });
}

/** One process at a time sets up, adopts or stops the server. A lock whose holder died is taken over. */
async function locked<T>(path: string, work: () => Promise<T>): Promise<T> {
  for (;;) {
    const file = await open(path, 'wx', 0o600).catch((error: { code?: string }) => {
      if (error.code === 'EEXIST') return null;
      throw error;
    });
    if (file) {
      await file.writeFile(String(process.pid));
      await file.close();
      break;
    }
    const holder = Number(await readFile(path, 'utf8').catch(() => ''));
    const age = Date.now() - ((await stat(path).catch(() => null))?.mtimeMs ?? Date.now());
    if ((holder > 0 && !alive(holder)) || (!(holder > 0) && age > 5000)) await rm(path, { force: true });
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 30));
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

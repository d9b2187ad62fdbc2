import { lstat, open, readdir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '../core/failure.ts';
import type { FileEntry } from './exchange-files.ts';
import { before, type Exchange, ExchangeError, type ExchangeOptions, usualMaxBytes } from './exchange-guard.ts';
import type { Call } from './http.ts';

/** A folder of this machine in place of a server: the same operations behind the same slot, lease, deadline and cap. */
export function localExchange(address: string, options: ExchangeOptions): Exchange {
  if (!URL.canParse(address) || new URL(address).hostname !== '')
    throw new Error('the address of a folder of this machine is file:// and its whole path');
  const root = fileURLToPath(address);
  const maxBytes = options.maxBytes ?? usualMaxBytes;
  const at = (path: string) => join(root, path);
  const through = <T>(kind: 'read' | 'write', call: Call, work: (mayStill: () => void) => Promise<T>) =>
    guarded(options, kind, call, work);
  return {
    list: (folder, call) => through('read', call, () => list(at(folder))),
    read: (path, call) => through('read', call, () => orMissing(read(at(path), maxBytes))),
    write: (path, bytes, call) =>
      through('write', call, async (mayStill) => {
        const part = `${at(path)}.part`;
        try {
          await writeFile(part, bytes);
          mayStill();
          await rename(part, at(path));
        } catch (error) {
          // half a file holds values of a person all the same
          await rm(part, { force: true });
          throw error;
        }
      }),
    move: async (from, to, call) =>
      (await through('write', call, () => orMissing(rename(at(from), at(to)).then(() => true)))) !== null,
    remove: async (path, call) => (await through('write', call, () => orMissing(unlink(at(path)).then(() => true)))) !== null,
  };
}

async function list(folder: string): Promise<FileEntry[]> {
  const found: FileEntry[] = [];
  for (const name of await readdir(folder)) {
    const stats = await orMissing(lstat(join(folder, name)));
    if (stats?.isFile()) found.push({ name, size: stats.size, modifiedMs: stats.mtimeMs });
  }
  return found;
}

async function read(path: string, maxBytes: number): Promise<Buffer> {
  const file = await open(path);
  try {
    if ((await file.stat()).size > maxBytes)
      throw new Failure('ANSWER_GARBLED', { hint: `a file is larger than ${maxBytes} bytes` });
    return await file.readFile();
  } finally {
    await file.close();
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'Error');

const orMissing = <T>(work: Promise<T>): Promise<T | null> =>
  work.catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });

async function guarded<T>(
  options: ExchangeOptions,
  kind: 'read' | 'write',
  call: Call,
  work: (mayStill: () => void) => Promise<T>,
): Promise<T> {
  const pass = await options.gate.enter(options.gatePatienceMs ?? 60_000);
  try {
    const until = await call.beforeWire(kind);
    const mayStill = () => {
      if (performance.now() >= until) throw new Failure('LEASE_LOST');
    };
    mayStill();
    return await before(AbortSignal.timeout(options.deadlineMs), () => work(mayStill));
  } catch (error) {
    if (error instanceof Failure) throw error;
    const cause = error instanceof ExchangeError ? error : new ExchangeError(codeOf(error));
    if (['ENOENT', 'EACCES', 'EPERM', 'ENOTDIR'].includes(cause.code))
      throw new Failure('RIGHT_MISSING', {
        hint: `that folder is not there, or may not be ${kind === 'read' ? 'read' : 'written'}`,
        cause,
      });
    throw new Failure(kind === 'write' ? 'ANSWER_LOST' : 'RECIPIENT_UNAVAILABLE', { cause });
  } finally {
    await pass.leave('answered').catch(() => {});
  }
}

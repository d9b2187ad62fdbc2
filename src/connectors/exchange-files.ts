import type SftpClient from 'ssh2-sftp-client';
import { Failure } from '../core/failure.ts';

/** The operations on one open connection, in the protocol's own steps: each is bounded, and a status of the server keeps its meaning. */

export type Sftp = Awaited<ReturnType<SftpClient['connect']>>;

/** A plain file in a folder. */
export interface FileEntry {
  name: string;
  size: number;
  /** By the server's clock, in ms; whole seconds. */
  modifiedMs: number;
}

/** Status codes of the protocol: end of file, no such file, permission denied. */
const [endOfFile, noSuchFile, denied] = [1, 2, 3];

/** What a status of the server means; null: no status, the connection itself failed. */
export function statusOf(error: unknown): 'end' | 'missing' | 'denied' | 'other' | null {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
  if (typeof code !== 'number') return null;
  return code === endOfFile ? 'end' : code === noSuchFile ? 'missing' : code === denied ? 'denied' : 'other';
}

type Callback<T> = (error: Error | undefined | null, value: T) => void;

const asked = <T = void>(ask: (callback: Callback<T>) => unknown): Promise<T> =>
  new Promise((resolve, reject) => {
    ask((error, value) => (error ? reject(error) : resolve(value)));
  });

/** Null where the server says that there is no such file. */
const orMissing = <T>(work: Promise<T>): Promise<T | null> =>
  work.catch((error: unknown) => {
    if (statusOf(error) === 'missing') return null;
    throw error;
  });

/** Entries of a folder that are looked at; more means that nobody clears it, or that it is another folder. */
const mostEntries = 10_000;

export async function listFolder(sftp: Sftp, path: string): Promise<FileEntry[]> {
  const handle = await asked<Buffer>((done) => sftp.opendir(path === '' ? '.' : path, done));
  const found: FileEntry[] = [];
  for (let seen = 0; ; ) {
    const page = await asked<Listed[]>((done) => sftp.readdir(handle, done as never)).catch((error: unknown) => {
      if (statusOf(error) === 'end') return null;
      throw error;
    });
    if (page === null) break;
    seen += page.length;
    if (seen > mostEntries) throw new Failure('ANSWER_GARBLED', { hint: `the folder holds more than ${mostEntries} entries` });
    for (const { filename, attrs } of page)
      if (attrs.isFile() && !/[/\\\0]/.test(filename))
        found.push({ name: filename, size: attrs.size, modifiedMs: attrs.mtime * 1000 });
  }
  await asked((done) => sftp.close(handle, done as never));
  return found;
}

interface Listed {
  filename: string;
  attrs: { size: number; mtime: number; isFile(): boolean };
}

const chunkBytes = 32 * 1024;

export async function readFile(sftp: Sftp, path: string, maxBytes: number): Promise<Buffer | null> {
  const handle = await orMissing(asked<Buffer>((done) => sftp.open(path, 'r', done)));
  if (handle === null) return null;
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const chunk = Buffer.alloc(chunkBytes);
    const length = await asked<number>((done) => sftp.read(handle, chunk, 0, chunkBytes, at, done));
    if (length === 0) break;
    at += length;
    if (at > maxBytes) throw new Failure('ANSWER_GARBLED', { hint: `a file is larger than ${maxBytes} bytes` });
    chunks.push(chunk.subarray(0, length));
  }
  await asked((done) => sftp.close(handle, done as never));
  return Buffer.concat(chunks);
}

export async function writeFile(sftp: Sftp, path: string, bytes: Buffer, mayStill: () => void): Promise<void> {
  // one name a file: what a broken connection left there is written over by the next one
  const part = `${path}.part`;
  const handle = await asked<Buffer>((done) => sftp.open(part, 'w', done));
  try {
    if (bytes.length > 0) await asked((done) => sftp.write(handle, bytes, 0, bytes.length, 0, done as never));
    await asked((done) => sftp.close(handle, done as never));
    mayStill();
    await renameOver(sftp, part, path);
  } catch (error) {
    // half a file holds values of a person all the same
    await asked((done) => sftp.unlink(part, done as never)).catch(() => {});
    throw error;
  }
}

/** Over what is there, where the server can; the plain rename of the protocol refuses a name that is taken. */
const renameOver = (sftp: Sftp, from: string, to: string): Promise<void> =>
  asked((done) => sftp.ext_openssh_rename(from, to, done as never)).catch((error: unknown) => {
    if (statusOf(error) !== null || !(error instanceof Error) || !error.message.includes('extended request')) throw error;
    return renamePlainly(sftp, from, to);
  });

async function renamePlainly(sftp: Sftp, from: string, to: string): Promise<void> {
  const rename = () => asked((done) => sftp.rename(from, to, done as never));
  try {
    await rename();
  } catch (error) {
    // the plain status of a name that is taken says no more than that it failed
    if (statusOf(error) !== 'other' || !(await removeFile(sftp, to))) throw error;
    await rename();
  }
}

export const renameFile = async (sftp: Sftp, from: string, to: string): Promise<boolean> =>
  (await orMissing(renameOver(sftp, from, to).then(() => true))) !== null;

export const removeFile = async (sftp: Sftp, path: string): Promise<boolean> =>
  (await orMissing(asked((done) => sftp.unlink(path, done as never)).then(() => true))) !== null;

import { createHash } from 'node:crypto';
import net from 'node:net';
import SftpClient from 'ssh2-sftp-client';
import { Failure } from '../core/failure.ts';
import { listFolder, readFile, removeFile, renameFile, type Sftp, statusOf, writeFile } from './exchange-files.ts';
import { before, type Exchange, ExchangeError, type ExchangeOptions, usualMaxBytes } from './exchange-guard.ts';
import { localExchange } from './exchange-local.ts';
import type { Call } from './http.ts';

export type { Exchange, ExchangeOptions } from './exchange-guard.ts';

/**
 * The way to systems that exchange files, with the guards of `http.ts`: a slot, the lease, the clock, the connection, the clock again,
 * the operation; all of it by one deadline, and nothing larger than the cap. One connection an operation, so none is ever left open.
 */

/** Where files are exchanged, and with whom we expect to speak. */
export interface FileServer {
  /**
   * `sftp://host:port/folder`; every path is below that folder, or below the login's own where it has none. `file:///folder`: a folder of
   * this machine, which needs neither login nor host key.
   */
  address: string;
  user: string;
  privateKey?: string;
  passphrase?: string;
  password?: string;
  /** The server's host keys as OpenSSH prints them, `SHA256:…`. Another key is refused before anything is said. */
  hostKeys: readonly string[];
}

/** Opens the way to a server; does no I/O. Throws a plain `Error` for what can never work: no pinned key, a login in the address. */
export type OpenExchange = (server: FileServer) => Exchange;

export const createExchange =
  (options: ExchangeOptions): OpenExchange =>
  (server) => {
    if (server.address.startsWith('file:')) return localExchange(server.address, options);
    const at = addressOf(server);
    const maxBytes = options.maxBytes ?? usualMaxBytes;
    const through = <T>(kind: 'read' | 'write', call: Call, work: Operation<T>) => guarded(options, server, at, kind, call, work);
    const full = (path: string) => (at.folder === '' ? path : `${at.folder}/${path}`);
    return {
      list: (folder, call) => through('read', call, ({ sftp }) => listFolder(sftp, full(folder))),
      read: (path, call) => through('read', call, ({ sftp }) => readFile(sftp, full(path), maxBytes)),
      write: (path, bytes, call) => through('write', call, ({ sftp, mayStill }) => writeFile(sftp, full(path), bytes, mayStill)),
      move: (from, to, call) => through('write', call, ({ sftp }) => renameFile(sftp, full(from), full(to))),
      remove: (path, call) => through('write', call, ({ sftp }) => removeFile(sftp, full(path))),
    };
  };

type Operation<T> = (open: {
  sftp: Sftp;
  /** Asked between the steps of a write; throws when nothing may leave any more. */
  mayStill(): void;
}) => Promise<T>;

interface Address {
  host: string;
  port: number;
  folder: string;
}

function addressOf({ address, hostKeys, user, privateKey, password }: FileServer): Address {
  if (!URL.canParse(address) || new URL(address).protocol !== 'sftp:')
    throw new Error('the address of a file server must be whole, as sftp://files.example.fi:22/folder');
  const { hostname, port, pathname, username, password: inAddress, search, hash } = new URL(address);
  if (username !== '' || inAddress !== '') throw new Error("credentials have no place in a system's address");
  if (hostname === '' || search !== '' || hash !== '') throw new Error('the address of a file server is host, port and folder');
  if (hostKeys.length === 0 || hostKeys.some((key) => !/^SHA256:[A-Za-z0-9+/]{43}$/.test(key)))
    throw new Error('the host key of a file server must be pinned: SHA256: and 43 characters, as ssh-keygen -lf prints it');
  if (user === '' || (!privateKey && !password)) throw new Error('a file server needs a user, and a private key or a password');
  const folder = decodeURIComponent(pathname).replace(/\/+$/, '');
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 22 : Number(port), folder };
}

/** How far an operation came: decides what a lost answer means. */
type Reached = 'nothing' | 'stranger' | 'server' | 'asked';

async function guarded<T>(
  options: ExchangeOptions,
  server: FileServer,
  at: Address,
  kind: 'read' | 'write',
  call: Call,
  work: Operation<T>,
): Promise<T> {
  const pass = await options.gate.enter(options.gatePatienceMs ?? 60_000);
  let how: 'answered' | 'lost' = 'answered';
  const seen: { reached: Reached; shown: string } = { reached: 'nothing', shown: '' };
  let close = () => {};
  try {
    const until = await call.beforeWire(kind);
    const mayStill = () => {
      if (performance.now() >= until) throw new Failure('LEASE_LOST');
    };
    mayStill();
    const deadline = AbortSignal.timeout(options.deadlineMs);
    return await before(deadline, async () => {
      const socket = net.connect({ host: at.host, port: at.port, noDelay: true });
      // the client tells what goes wrong; a socket that nobody listens to any more must not end the process
      socket.on('error', () => {});
      const client = new SftpClient('kaiku', { error: () => {}, end: () => {}, close: () => {} });
      close = () => socket.destroy();
      const sftp = await client.connect({
        sock: socket,
        username: server.user,
        ...(server.privateKey ? { privateKey: server.privateKey } : {}),
        ...(server.passphrase ? { passphrase: server.passphrase } : {}),
        ...(server.password ? { password: server.password } : {}),
        readyTimeout: options.deadlineMs,
        hostVerifier: (key: Buffer) => {
          seen.shown = `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
          seen.reached = server.hostKeys.includes(seen.shown) ? 'server' : 'stranger';
          return seen.reached === 'server';
        },
      });
      // a worker that was stopped while it connected, and woken, must not go on
      mayStill();
      seen.reached = 'asked';
      return work({ sftp, mayStill });
    });
  } catch (error) {
    if (seen.reached === 'asked' && !(error instanceof Failure) && statusOf(error) === null) how = 'lost';
    throw failureOf(error, kind, seen);
  } finally {
    close();
    await pass.leave(how).catch(() => {});
  }
}

function failureOf(error: unknown, kind: 'read' | 'write', { reached, shown }: { reached: Reached; shown: string }): Error {
  if (error instanceof Failure) return error;
  const code = error instanceof Error ? String(('code' in error && error.code) || error.name) : 'Error';
  const cause = error instanceof ExchangeError ? error : new ExchangeError(code);
  if (reached === 'stranger') {
    return new Failure('CREDENTIALS_REJECTED', {
      hint: `the server shows the host key ${shown}, which is not the pinned one: ask its operator whether the key was changed, and pin the new one only then`,
      cause,
    });
  }
  if (reached === 'nothing' || reached === 'server') {
    // a key that cannot be read is known before anybody is called
    if (error instanceof Error && /authentication methods failed|parse privateKey|passphrase/i.test(error.message))
      return new Failure('CREDENTIALS_REJECTED', { hint: 'the login does not hold: user, key or password', cause });
    return new Failure('RECIPIENT_UNREACHABLE', { cause });
  }
  if (statusOf(error) === 'denied')
    return new Failure('RIGHT_MISSING', { hint: `the login may not ${kind} in that folder, or the folder is not there`, cause });
  if (statusOf(error) === 'missing') return new Failure('RIGHT_MISSING', { hint: 'the folder is not there', cause });
  if (statusOf(error) !== null) return new Failure('RECIPIENT_UNAVAILABLE', { cause });
  return new Failure(kind === 'write' ? 'ANSWER_LOST' : 'RECIPIENT_UNAVAILABLE', { cause });
}

/** A login as a configuration gives it: what is not given is not there at all. */
export const loginOf = ({ user = '', privateKey, passphrase, password }: Record<string, string>) => ({
  user: user.trim(),
  ...(privateKey ? { privateKey } : {}),
  ...(passphrase ? { passphrase } : {}),
  ...(password ? { password } : {}),
});

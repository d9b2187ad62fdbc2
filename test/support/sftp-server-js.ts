import { createHash, generateKeyPairSync } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Ssh2 from 'ssh2';
import type { SftpServer } from './sftp-server.ts';

/** The server of the client's own library, where OpenSSH is not installed: the plain protocol, without OpenSSH's extensions. */
const ssh2 = createRequire(createRequire(import.meta.url).resolve('ssh2-sftp-client'))('ssh2') as typeof Ssh2;

const { OK, EOF, FAILURE, NO_SUCH_FILE, PERMISSION_DENIED } = ssh2.utils.sftp.STATUS_CODE;

export async function startScriptedSftpServer(): Promise<SftpServer> {
  const home = fs.mkdtempSync(join(tmpdir(), 'kaiku-sftp-'));
  const folder = join(home, 'exchange');
  fs.mkdirSync(folder);
  const [host, login] = [newKey(), newKey()];
  const known = parsed(login);
  const open = new Set<Ssh2.Connection>();
  const server = new ssh2.Server({ hostKeys: [host] }, (client) => {
    open.add(client);
    client.on('close', () => open.delete(client)).on('error', () => {});
    client.on('authentication', (context) => {
      const isKnown =
        context.method === 'publickey' &&
        context.username === 'kaiku' &&
        context.key.data.equals(known.getPublicSSH()) &&
        (!context.signature || known.verify(context.blob ?? Buffer.alloc(0), context.signature, context.hashAlgo) === true);
      if (isKnown) context.accept();
      else context.reject(['publickey']);
    });
    client.on('ready', () => {
      client.on('session', (accept) => accept().on('sftp', (begin) => serve(begin())));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `sftp://127.0.0.1:${port}${folder}`,
    folder,
    user: 'kaiku',
    privateKey: login,
    hostKey: fingerprint(parsed(host).getPublicSSH()),
    async [Symbol.asyncDispose]() {
      for (const client of open) client.end();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      fs.rmSync(home, { recursive: true, force: true });
    },
  };
}

const newKey = (): string =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
  }).privateKey;

function parsed(privateKey: string): Ssh2.ParsedKey {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return key;
}

/** Of the public key's own bytes, as OpenSSH prints it. */
export const fingerprint = (publicKey: Buffer): string =>
  `SHA256:${createHash('sha256').update(publicKey).digest('base64').replace(/=+$/, '')}`;

interface Handle {
  file?: number;
  entries?: string[];
  path: string;
}

function serve(sftp: Ssh2.SFTPWrapper): void {
  const handles = new Map<number, Handle>();
  let last = 0;
  const give = (id: number, handle: Handle) => {
    handles.set(++last, handle);
    const name = Buffer.alloc(4);
    name.writeUInt32BE(last);
    sftp.handle(id, name);
  };
  const of = (name: Buffer) => handles.get(name.readUInt32BE(0)) ?? { path: '' };
  const answering = (id: number, work: () => void) => {
    try {
      work();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      sftp.status(id, code === 'ENOENT' ? NO_SUCH_FILE : code === 'EACCES' ? PERMISSION_DENIED : FAILURE);
    }
  };
  const done = (id: number, work: () => void) =>
    answering(id, () => {
      work();
      sftp.status(id, OK);
    });
  const attributes = ({ mode, uid, gid, size, atimeMs, mtimeMs }: fs.Stats) => ({
    mode,
    uid,
    gid,
    size,
    atime: Math.floor(atimeMs / 1000),
    mtime: Math.floor(mtimeMs / 1000),
  });
  sftp.on('OPEN', (id, path, flags) =>
    answering(id, () => give(id, { path, file: fs.openSync(path, ssh2.utils.sftp.flagsToString(flags) ?? 'r') })),
  );
  sftp.on('READ', (id, handle, at, length) =>
    answering(id, () => {
      const chunk = Buffer.alloc(length);
      const read = fs.readSync(of(handle).file ?? -1, chunk, 0, length, at);
      if (read === 0) sftp.status(id, EOF);
      else sftp.data(id, chunk.subarray(0, read));
    }),
  );
  sftp.on('WRITE', (id, handle, at, data) => done(id, () => fs.writeSync(of(handle).file ?? -1, data, 0, data.length, at)));
  sftp.on('CLOSE', (id, handle) =>
    done(id, () => {
      const { file } = of(handle);
      if (file !== undefined) fs.closeSync(file);
    }),
  );
  sftp.on('OPENDIR', (id, path) => answering(id, () => give(id, { path, entries: fs.readdirSync(path) })));
  sftp.on('READDIR', (id, handle) =>
    answering(id, () => {
      const { path, entries = [] } = of(handle);
      const page = entries.splice(0, 50);
      if (page.length === 0) sftp.status(id, EOF);
      else
        sftp.name(
          id,
          page.map((filename) => ({ filename, longname: filename, attrs: attributes(fs.lstatSync(join(path, filename))) })),
        );
    }),
  );
  sftp.on('REMOVE', (id, path) => done(id, () => fs.unlinkSync(path)));
  // version 3 of the protocol: a name that is taken is refused
  sftp.on('RENAME', (id, from, to) =>
    done(id, () => {
      if (fs.existsSync(to)) throw new Error('taken');
      fs.renameSync(from, to);
    }),
  );
}

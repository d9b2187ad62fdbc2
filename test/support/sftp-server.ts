import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fingerprint, startScriptedSftpServer } from './sftp-server-js.ts';

/** OpenSSH's own server, unprivileged where we are: a free port, keys of its own, files in a new folder. */
export interface SftpServer {
  /** `sftp://127.0.0.1:port/folder` */
  address: string;
  /** The folder on this machine: what the other side does is done there. */
  folder: string;
  user: string;
  privateKey: string;
  /** The fingerprint of its one host key. */
  hostKey: string;
  [Symbol.asyncDispose](): Promise<void>;
}

const sshd = '/usr/sbin/sshd';

/** Why there is no OpenSSH server to test against, so that a scripted one stands in; null where there is one. */
export const lackingSshd = (): string | null =>
  process.env['KAIKU_TEST_SSHD'] === '0'
    ? 'KAIKU_TEST_SSHD=0'
    : existsSync(sshd) && existsSync('/usr/bin/ssh-keygen')
      ? null
      : 'no /usr/sbin/sshd on this machine';

export async function startSftpServer(): Promise<SftpServer> {
  if (lackingSshd()) return startScriptedSftpServer();
  const home = mkdtempSync(join(tmpdir(), 'kaiku-sftp-'));
  const folder = join(home, 'exchange');
  mkdirSync(folder);
  const key = (name: string) => {
    execFileSync('/usr/bin/ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(home, name)]);
    return readFileSync(join(home, `${name}.pub`), 'utf8');
  };
  const [hostPublic, loginPublic] = [key('host'), key('login')];
  writeFileSync(join(home, 'authorized'), loginPublic);
  chmodSync(join(home, 'authorized'), 0o600);
  // started by root it wants its empty folder to be there
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const port = await freePort();
  writeFileSync(
    join(home, 'config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(home, 'host')}`,
      `AuthorizedKeysFile ${join(home, 'authorized')}`,
      `PidFile ${join(home, 'pid')}`,
      'Subsystem sftp internal-sftp',
      'StrictModes no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      'MaxStartups 100',
      'UsePAM no',
    ].join('\n'),
  );
  const child = spawn(sshd, ['-D', '-e', '-f', join(home, 'config')], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries > 200 || child.exitCode !== null) throw new Error('the SFTP server did not start');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return {
    address: `sftp://127.0.0.1:${port}${folder}`,
    folder,
    user: userInfo().username,
    privateKey: readFileSync(join(home, 'login'), 'utf8'),
    hostKey: fingerprint(Buffer.from(hostPublic.split(' ')[1] ?? '', 'base64')),
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
      rmSync(home, { recursive: true, force: true });
    },
  };
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = net.createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const say = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('data', () => say(true));
    socket.once('error', () => say(false));
  });

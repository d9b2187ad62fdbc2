import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** A mail server that is not ours: Debian's Exim, with a configuration of its own, on loopback. It starts as root alone. */
export const eximMissing = (): string | null =>
  !existsSync('/usr/sbin/exim4')
    ? 'no /usr/sbin/exim4 on this machine'
    : process.getuid?.() !== 0
      ? 'Exim takes a configuration of its own from root alone'
      : null;

export interface Exim {
  port: number;
  /** What stands in a mailbox of `here.test`, mail after mail. */
  mailbox(name: string): Promise<string[]>;
  close(): Promise<void>;
}

/** The mailboxes of `here.test`. */
const names = ['kaiku', 'privacy'];

/** Takes mail for `here.test` into files, and for everybody else only to find out later that nobody is there: it bounces. */
export async function startExim(): Promise<Exim> {
  const home = await mkdtemp(join(tmpdir(), 'kaiku-exim-'));
  await chmod(home, 0o755);
  for (const folder of ['spool', 'mail', 'log']) await mkdir(join(home, folder), { mode: 0o777 });
  const port = await freePort();
  const user = existsSync('/var/spool/exim4') ? 'Debian-exim' : userInfo().username;
  const config = join(home, 'config');
  await writeFile(
    config,
    `exim_user = ${user}
exim_group = ${user}
primary_hostname = mail.here.test
qualify_domain = here.test
spool_directory = ${home}/spool
log_file_path = ${home}/log/%slog
daemon_smtp_ports = ${port}
local_interfaces = 127.0.0.1
acl_smtp_rcpt = accept
acl_smtp_data = accept
never_users =
tls_advertise_hosts =
smtp_accept_max_per_host = 100
keep_environment =
begin acl
accept:
  accept
begin routers
${names
  .map(
    (name) => `${name}:
  driver = accept
  domains = here.test
  local_parts = ${name}
  transport = to_${name}`,
  )
  .join('\n')}
nobody:
  driver = redirect
  allow_fail
  data = :fail: 550 no such mailbox
begin transports
${names
  .map(
    (name) => `to_${name}:
  driver = appendfile
  file = ${home}/mail/${name}
  mode = 0666
  mode_fail_narrower = false`,
  )
  .join('\n')}
begin retry
*  *  F,1h,1m
`,
    { mode: 0o644 },
  );
  await chown(config, 0, 0);
  for (const folder of ['spool', 'mail', 'log']) await chmod(join(home, folder), 0o777);
  const child: ChildProcess = spawn('/usr/sbin/exim4', ['-C', config, '-bdf', '-oP', join(home, 'pid')], { stdio: 'ignore' });
  await answering(port);
  return {
    port,
    async mailbox(name) {
      const text = await readFile(join(home, 'mail', name), 'utf8').catch(() => '');
      return text.split(/^From /m).slice(1);
    },
    async close() {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('exit', resolve));
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answering(port: number): Promise<void> {
  for (let n = 0; n < 100; n++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = createConnection(port, '127.0.0.1');
      socket.once('data', () => resolve(true));
      socket.once('error', () => resolve(false));
      setTimeout(() => resolve(false), 500);
      socket.once('close', () => socket.destroy());
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('Exim did not start');
}

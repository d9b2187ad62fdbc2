import { backUp, RestoreRefused, restore } from './backup.ts';
import { MissingFile } from './cli/audit.ts';
import type { InProcess } from './cli/client.ts';
import { runCli } from './cli/program.ts';
import { configJsonSchema, loadConfig } from './config.ts';
import { ConfigError } from './config-faults.ts';
import { loadNotice } from './config-notice.ts';
import { registry } from './connectors/registry.ts';
import { KeyFileError } from './core/seal.ts';
import { companyDemo } from './demo/company-story.ts';
import { runSandbox, SandboxError } from './demo/sandbox.ts';
import { demo } from './demo/story.ts';
import { rotateKeys, showKeys } from './keys.ts';
import { createLog, EnvironmentError, openHub, readEnvironment } from './open.ts';
import { buildApp } from './server/app.ts';
import { noticeAgainst } from './server/notice.ts';
import { startHub } from './start.ts';
import { BackupError } from './store/backup.ts';
import { WrongKeyError } from './store/vault.ts';

/** The composition root: the one place that reads the environment and the arguments, and hands everything else in. */
const out = (text: string) => void process.stdout.write(`${text}\n`);
const err = (text: string) => void process.stderr.write(`${text}\n`);

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  out,
  err,
  readInput,
  openInProcess,
  start,
  demo: ({ company, ...options }) => {
    const env = readEnvironment(process.env);
    return company ? companyDemo(env, company, { ...options, out }) : demo(env, { ...options, out });
  },
  sandbox: (vendor, options) => runSandbox(vendor, options, out),
  configSchema: () => configJsonSchema(registry),
  checkNotice,
  backUp: (file) => backUp(readEnvironment(process.env), createLog('warn'), file),
  restore: (file, options) => restore(readEnvironment(process.env), createLog('warn'), file, options),
  showKeys: () => showKeys(readEnvironment(process.env).keyFile),
  rotateKeys: (kind) => rotateKeys(readEnvironment(process.env).keyFile, kind),
  explain,
});
// a pool or a socket that is still closing must not hold the command
if (process.argv[2] !== 'start') setTimeout(() => process.exit(), 2000).unref();

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}

/** The API inside this process, for a command while no hub runs. */
async function openInProcess(): Promise<InProcess> {
  const env = readEnvironment(process.env);
  const log = createLog('warn');
  const hub = await openHub(env, log);
  const token = 'in-process';
  const origin = `http://${env.host}:${env.port}`;
  const app = await buildApp(hub.needs, { localToken: token, testClock: env.testClock, origin, log });
  return {
    transport: async ({ method, path, body }) => {
      const answer = await app.inject({
        method,
        url: path,
        headers: { authorization: `Bearer ${process.env['KAIKU_TOKEN'] || token}` },
        ...(body === undefined ? {} : { payload: body as object }),
      });
      return { status: answer.statusCode, body: answer.rawPayload };
    },
    close: async () => {
      await app.close();
      await hub.close();
    },
  };
}

/** A notice against the configuration of this machine; no system is asked. Without a file: the one that the configuration names. */
function checkNotice(file: string | undefined) {
  const { configPath, variables } = readEnvironment(process.env);
  const config = loadConfig(configPath, variables, registry);
  const notice = file === undefined ? config.notice : loadNotice(file, config);
  return notice ? noticeAgainst(notice, config, ({ connector }) => registry[connector]?.manifest) : null;
}

async function start({ role, json }: { role: 'api' | 'worker' | 'all'; json: boolean }): Promise<number> {
  const env = readEnvironment(process.env);
  const running = await startHub(env, createLog(process.env['LOG_LEVEL'] ?? 'info'), role);
  const event = (name: string, more: Record<string, unknown>, line: string) =>
    out(json ? JSON.stringify({ event: name, ...more }) : line);
  event(
    'ready',
    { role, url: running.url, instance: running.hub.needs.instance },
    `Kaiku is up${running.url ? ` on ${running.url}` : ''} (${role}); Ctrl-C stops it`,
  );
  // for a person at the terminal; lines of JSON go to a log, and a link opens the house
  const link = json ? null : await running.setUpLink();
  if (link) out(`Nobody can sign in yet. This link makes the first account; it works once, for 24 hours:\n  ${link}`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await running.stop();
  event('stopped', {}, 'stopped');
  return 0;
}

/** Errors that have a cause outside of Kaiku, with what to do; everything else is ours and keeps its stack. */
function explain(error: unknown): { text: string; exitCode: number } | null {
  if (
    error instanceof ConfigError ||
    error instanceof EnvironmentError ||
    error instanceof MissingFile ||
    error instanceof SandboxError ||
    error instanceof BackupError
  )
    return { text: error.message, exitCode: 2 };
  if (error instanceof WrongKeyError || error instanceof KeyFileError || error instanceof RestoreRefused)
    return { text: error.message, exitCode: 4 };
  const code = (error as { code?: unknown }).code;
  if (code === 'EADDRINUSE')
    return {
      text: `KAIKU_PORT ${process.env['KAIKU_PORT'] ?? 8080} is taken by another program; set another port.`,
      exitCode: 3,
    };
  if (typeof code === 'string' && /^(ECONNREFUSED|ENOTFOUND|ETIMEDOUT|28P01|3D000|57P03)$/.test(code))
    return { text: `The database or the queue could not be reached (${code}); check DATABASE_URL and REDIS_URL.`, exitCode: 3 };
  if (error instanceof Error && /PostgreSQL|Redis has/.test(error.message)) return { text: error.message, exitCode: 3 };
  return null;
}

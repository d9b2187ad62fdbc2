import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InProcess } from '../../src/cli/client.ts';
import { runCli } from '../../src/cli/program.ts';
import { rotateKeys, showKeys } from '../../src/keys.ts';
import { localToken, openTestHub, type TestHub } from '../server/hub.ts';

export interface Ran {
  code: number;
  out: string;
  err: string;
  json<T = Record<string, unknown>>(): T;
}

export interface Shell {
  hub: TestHub;
  /** `KAIKU_DATA` of this test. */
  data: string;
  /** How often a command opened the store itself. */
  opened(): number;
  /** One command line, as its words. */
  kaiku(...argv: string[]): Promise<Ran>;
  /** The hub listens, and `hub.json` says so; `over` changes what it says. */
  serve(over?: Record<string, unknown>): Promise<string>;
  env: Record<string, string | undefined>;
  close(): Promise<void>;
}

/** The command line over an API on a real ledger; without `serve` it works in this process. */
export async function openShell(): Promise<Shell> {
  const hub = await openTestHub();
  const data = await mkdtemp(join(tmpdir(), 'kaiku-cli-'));
  const env: Shell['env'] = { KAIKU_DATA: data };
  let opened = 0;
  const openInProcess = async (): Promise<InProcess> => {
    opened++;
    return {
      transport: async ({ method, path, body }) => {
        const answer = await hub.app.inject({
          method,
          url: path,
          headers: { authorization: `Bearer ${env['KAIKU_TOKEN'] || localToken}` },
          ...(body === undefined ? {} : { payload: body as object }),
        });
        return { status: answer.statusCode, body: answer.rawPayload };
      },
      close: async () => {},
    };
  };
  return {
    hub,
    data,
    env,
    opened: () => opened,
    async kaiku(...argv) {
      const [out, err]: [string[], string[]] = [[], []];
      const code = await runCli(argv, {
        env,
        out: (text) => void out.push(text),
        err: (text) => void err.push(text),
        readInput: async () => '',
        openInProcess,
        start: async ({ role }) => {
          out.push(`started ${role}`);
          return 0;
        },
        demo: async ({ once }) => (once ? 0 : 1),
        sandbox: async (vendor, { port }) => {
          out.push(`${vendor} ${port}`);
          return 0;
        },
        configSchema: () => ({ type: 'object' }),
        checkNotice: (file) =>
          file === undefined
            ? null
            : {
                name: file,
                findings:
                  file === 'good.yaml'
                    ? []
                    : [{ code: 'complaint-not-told', law: 'GDPR Art. 13(2)(d)', text: 'no right to complain' }],
              },
        backUp: async () => {
          throw new Error('not in this shell');
        },
        restore: async () => {
          throw new Error('not in this shell');
        },
        showKeys: () => showKeys(join(data, 'keys.json')),
        rotateKeys: (kind) => rotateKeys(join(data, 'keys.json'), kind),
        explain: (error) =>
          error instanceof Error && /^(MissingFile|KeyFileError)$/.test(error.name) ? { text: error.message, exitCode: 2 } : null,
      });
      const text = out.join('\n');
      return { code, out: text, err: err.join('\n'), json: <T>() => JSON.parse(text) as T };
    },
    async serve(over = {}) {
      const url = await hub.app.listen({ port: 0, host: '127.0.0.1' });
      const known = { url, instance: hub.needs.instance, token: localToken, ...over };
      await writeFile(join(data, 'hub.json'), JSON.stringify(known), { mode: 0o600 });
      return url;
    },
    async close() {
      await hub.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}

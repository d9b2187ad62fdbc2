import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type { Customer } from '../../src/connectors/insightly/sandbox-handles.ts';
import { stageCompany } from '../../src/demo/company.ts';
import { exportOf } from '../../src/demo/exports.ts';
import { createLog, readEnvironment } from '../../src/open.ts';
import { startHub } from '../../src/start.ts';
import { until } from '../journeys/hub.ts';
import { askAt } from '../support/hub-ask.ts';
import { linkIn, mailServer } from '../support/mail-server.ts';
import { testRuntime } from '../support/runtime.ts';
import { startSftpServer } from '../support/sftp-server.ts';

/** What the mailed links begin with; the hub is reached elsewhere, so a test takes their path. */
const formUrl = 'http://localhost';

/** What the personnel system says of somebody. */
export interface Staff {
  number: string;
  person: Pick<Customer, 'email' | 'givenName' | 'familyName'>;
  identityCode: string;
  /** Of the employment, as the export writes it. */
  ended?: string;
}

/**
 * The building-services firm of the examples, whole: every system that has a sandbox on it, the staff in exports on an SFTP server, the
 * people who run the others behind a mail server.
 */
export async function openCompany(customers: number) {
  const runtime = await testRuntime();
  const folder = await mkdtemp(join(tmpdir(), 'kaiku-company-'));
  const [staged, mail, files] = await Promise.all([stageCompany('cervi', folder, customers), mailServer(), startSftpServer()]);
  const document = parseDocument(await readFile(staged.configPath, 'utf8'));
  const put = (path: string[], value: unknown) => document.setIn(path, document.createNode(value));
  put(['systems', 'personnel', 'baseUrl'], files.address);
  put(['systems', 'personnel', 'credentials'], { user: { env: 'STAFF_USER' }, privateKey: { env: 'STAFF_KEY' } });
  put(['systems', 'personnel', 'settings', 'hostKeys'], [files.hostKey]);
  put(['systems', 'personnel', 'register', 'pollSeconds'], 1);
  put(['notify'], { mail: { smtp: `smtp://127.0.0.1:${mail.port}`, from: 'kaiku@esimerkki.example' } });
  for (const area of ['requests', 'replies']) put([area], { url: formUrl });
  await writeFile(staged.configPath, document.toString());
  const env = readEnvironment({
    ...staged.variables,
    KAIKU_CONFIG: staged.configPath,
    KAIKU_DATA: folder,
    DATABASE_URL: runtime.databaseUrl,
    KAIKU_TEST_CLOCK: '1',
    STAFF_USER: files.user,
    STAFF_KEY: files.privateKey,
  });
  const running = await startHub({ ...env, port: 0 }, createLog('silent'), 'all');
  const url = running.url ?? '';
  const ask = askAt(url, running.token);
  const { config } = running.hub.needs;
  let exports = 0;
  return {
    url,
    ask,
    mail,
    config,
    people: staged.register.people,
    /** The personnel system leaves a whole export. */
    async exportStaff(staff: readonly Staff[]) {
      const { personnel } = config.systems;
      if (!personnel) throw new Error('the example has no personnel');
      const map = Object.entries((personnel.settings as { map: Record<string, string> }).map);
      const lines = staff.map((one) => {
        const { email, givenName, familyName } = one.person;
        const values: Record<string, string> = { email, name: `${givenName} ${familyName}`, identityCode: one.identityCode };
        return [one.number, ...map.map(([field]) => values[field] ?? ''), one.ended ?? ''].join(';');
      });
      const head = ['Person Number', ...map.map(([, column]) => column), 'Ts päättymispv'].join(';');
      await writeFile(join(files.folder, `henkilot-${++exports}.csv`), `${[head, ...lines].join('\r\n')}\r\n`);
    },
    /** Whoever looks after a system of files downloads its export, of these people, and hands it over. */
    async handOver(people: readonly Customer[]) {
      for (const { name, connector, settings } of Object.values(config.systems))
        if (connector === 'files')
          await ask('POST', `/systems/${name}/exports`, {
            content: Buffer.from(exportOf(people, settings as Record<string, unknown>)).toString('base64'),
          });
    },
    subjectOf: (email: string, role: string) =>
      until('the subject', async () =>
        (await ask<{ id: string; role: string }[]>('GET', `/subjects?email=${encodeURIComponent(email)}`)).find(
          (s) => s.role === role,
        ),
      ),
    /** Where the newest mailed link to a mailbox leads on this hub. */
    linkMailedTo: (email: string) =>
      until('the mail with the link', async () => {
        const raw = mail.mails.filter(({ to }) => to.includes(email)).at(-1)?.raw;
        const path = raw && linkIn(raw, formUrl);
        return path && `${url}${path}`;
      }),
    async close() {
      await running.stop();
      await Promise.all([...staged.servers.map((server) => server.close()), mail.close(), files[Symbol.asyncDispose]()]);
      await rm(folder, { recursive: true, force: true });
      await runtime.drop();
    },
  };
}
export type Company = Awaited<ReturnType<typeof openCompany>>;

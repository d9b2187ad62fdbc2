import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { MissingFile } from './audit.ts';
import { table } from './print.ts';
import type { SessionOf } from './session.ts';

type Task = Record<string, unknown> & { id: string; outcome?: string };

export function taskCommands(program: Command, session: SessionOf): void {
  const task = program.command('task').description('what people were asked');
  task
    .command('list')
    .option('--json')
    .action(async (options: { json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const tasks = await api.get<Task[]>('/tasks');
        s.show(tasks, () => table(tasks, ['id', 'system', 'ask', 'due', 'outcome', 'case']));
      });
    });
  task
    .command('show <id>')
    .option('--reveal', 'show the identifiers; this is written into the audit log')
    .option('--json')
    .action(async (id: string, options: { reveal?: boolean; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const found = await api.get<Task>(`/tasks/${encodeURIComponent(id)}${options.reveal ? '?reveal=true' : ''}`);
        s.show(found, () =>
          Object.entries(found)
            .map(([name, value]) => `${name.padEnd(15)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
            .join('\n'),
        );
      });
    });
  task
    .command('bounce [file]')
    .description('hand over a mail that came back (RFC 3464): a file, or what is piped in; an alias of the mail server can do it')
    .option('--json')
    .action(async (file: string | undefined, options: { json?: boolean }) => {
      const s = session(options);
      const raw = file === undefined ? await s.needs.readInput() : await readMail(file);
      const found = await s.api((api) => api.post<{ task: string; was: string }>('/tasks/bounce', { raw }));
      s.show(found, () => `${found.was}: task ${found.task}`);
    });
  task
    .command('answer <id>')
    .description('write down what the people did; an answer is not changed')
    .requiredOption('--outcome <outcome>', 'updated, restricted, erased, absent, retained, refused or not-identifiable')
    .option('--note <text>', 'kept sealed')
    .option('--until <day>', 'with retained: the day it ends, YYYY-MM-DD')
    .option('--law <section>', 'with retained: the section that says so')
    .option('--json')
    .action(
      async (id: string, { json, ...said }: { outcome: string; note?: string; until?: string; law?: string; json?: boolean }) => {
        const s = session(json ? { json } : {});
        await s.api(async (api) => {
          const answered = await api.post<Task>(`/tasks/${encodeURIComponent(id)}/answer`, said);
          s.show(answered, () => `answered: ${answered.outcome ?? ''}`);
        });
      },
    );
}

/** As the bytes are: a report quotes mails in any encoding. */
const readMail = (file: string): Promise<string> =>
  readFile(file, 'latin1').catch(() => {
    throw new MissingFile(`${file} cannot be read`);
  });

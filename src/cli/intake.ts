import { type Command, Option } from 'commander';
import { dismissals, intakeStates } from '../core/intake.ts';
import { table } from './print.ts';
import type { SessionOf } from './session.ts';

type Intake = Record<string, unknown> & { id: string; state: string };

/** Requests that came by the public form. */
export function intakeCommands(program: Command, session: SessionOf): void {
  const intake = program.command('intake').description('requests of the public form: seen, opened as a case, or dismissed');
  intake
    .command('list')
    .addOption(new Option('--state <state>', 'only those').choices([...intakeStates]))
    .option('--json')
    .action(async ({ state, ...options }: { state?: string; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const found = await api.get<Intake[]>(`/intakes${state ? `?state=${state}` : ''}`);
        s.show(found, () => table(found, ['id', 'type', 'state', 'reason', 'receivedAt', 'due', 'case']));
        if (found.some((i) => i.state === 'waiting')) s.exit(1);
      });
    });
  intake
    .command('show <id>')
    .option('--reveal', 'show what the sender wrote and who it may be; this is written into the audit log')
    .option('--json')
    .action(async (id: string, { reveal, ...options }: { reveal?: boolean; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const path = `/intakes/${encodeURIComponent(id)}`;
        const found = reveal ? await api.post<Intake>(`${path}/read`, {}) : await api.get<Intake>(path);
        s.show(found, () =>
          Object.entries(found)
            .map(([name, value]) => `${name.padEnd(13)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
            .join('\n'),
        );
      });
    });
  intake
    .command('take <id>')
    .description('say whose request it is: its case opens, received when the form was sent')
    .requiredOption('--subject <id>', 'the person')
    .option('--json')
    .action(async (id: string, { subject, ...options }: { subject: string; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const found = await api.post<{ id: string; type: string; state: string }>(`/intakes/${encodeURIComponent(id)}/take`, {
          subject,
        });
        s.show(found, () => `${found.type} case ${found.id}: ${found.state}`);
      });
    });
  intake
    .command('dismiss <id>')
    .description('say why no case comes of it; whoever is not known here is told so by mail')
    .addOption(new Option('--reason <reason>', 'why').choices([...dismissals]).makeOptionMandatory())
    .option('--json')
    .action(async (id: string, { reason, ...options }: { reason: string; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const found = await api.post<Intake>(`/intakes/${encodeURIComponent(id)}/dismiss`, { reason });
        s.show(found, () => `request ${found.id}: ${found.state}`);
      });
    });
}

import type { Command } from 'commander';
import { table } from './print.ts';
import type { SessionOf } from './session.ts';

interface Parked {
  years: { year: number; n: number }[];
  parked: {
    subject: string;
    system: string;
    retained: { fields: string[]; until: string; law: string; parts?: { fields: string[]; until: string; law: string }[] };
    on?: string;
    moved?: { from: string; to: string };
  }[];
}
interface Hold extends Record<string, unknown> {
  id: string;
  subject: string;
}

/** What is kept and until when; legal holds. */
export function retentionCommands(program: Command, session: SessionOf): void {
  program
    .command('parked')
    .description('erasures that wait for their day: what is kept, by which law, until when')
    .option('--year <year>', 'only what ends in that year')
    .option('--json')
    .action(async (options: { year?: string; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const found = await api.get<Parked>(`/parked${options.year ? `?year=${encodeURIComponent(options.year)}` : ''}`);
        s.show(found, () => [table(found.years, ['year', 'n']), '', table(found.parked.flatMap(lines), columns)].join('\n'));
      });
    });

  const hold = program.command('hold').description('legal holds: nothing that they keep is erased');
  hold
    .command('list')
    .description('open holds, the first to be reviewed first')
    .option('--json')
    .action(async (options: { json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const holds = await api.get<Hold[]>('/holds');
        s.show({ holds }, () => table(holds, ['id', 'subject', 'system', 'fields', 'owner', 'review', 'reason']));
      });
    });
  hold
    .command('set')
    .description('place a hold on a person')
    .requiredOption('--subject <id>', 'who, by id')
    .option('--system <system>', 'at one system; else at every one')
    .option('--field <name...>', 'only these fields; else everything')
    .requiredOption('--owner <role>', 'who says whether it is still needed: a role, not a name')
    .requiredOption('--reason <text>', 'why; kept sealed')
    .requiredOption('--review <day>', 'when the owner is asked, as 2031-12-31')
    .option('--json')
    .action(async (options: HoldOptions) => {
      const s = session(options);
      const { subject, system, field, owner, reason, review } = options;
      await s.api(async (api) => {
        const made = await api.post<Hold>('/holds', {
          subject,
          owner,
          reason,
          review,
          ...(system ? { system } : {}),
          ...(field ? { fields: field } : {}),
        });
        s.show(made, () => `hold ${made.id} on ${made.subject}: it ends by a person, never by a date`);
      });
    });
  hold
    .command('release <id>')
    .description('lift a hold: what waited for it goes on')
    .option('--json')
    .action((id: string, options: { json?: boolean }) => said(session(options), id, 'release'));
  hold
    .command('review <id>')
    .description('the hold is still needed')
    .requiredOption('--until <day>', 'when the owner is asked again')
    .option('--json')
    .action((id: string, options: { until: string; json?: boolean }) =>
      said(session(options), id, 'review', { review: options.until }),
    );
}

interface HoldOptions {
  subject: string;
  system?: string;
  field?: string[];
  owner: string;
  reason: string;
  review: string;
  json?: boolean;
}

const columns = ['until', 'system', 'subject', 'kept', 'law', 'on', 'counted again'] as const;

/** One line for each law that keeps something of a row. */
const lines = ({ subject, system, retained, on, moved }: Parked['parked'][number]): Record<string, unknown>[] =>
  (retained.parts ?? [retained]).map((part) => ({
    until: part.until,
    system,
    subject,
    kept: part.fields,
    law: part.law,
    on: on?.slice(0, 10),
    'counted again': moved ? `${moved.from} -> ${moved.to}` : '',
  }));

const said = (s: ReturnType<SessionOf>, id: string, verb: string, body?: unknown) =>
  s.api(async (api) => {
    const found = await api.post<Hold>(`/holds/${encodeURIComponent(id)}/${verb}`, body);
    s.show(found, () =>
      verb === 'release' ? `hold ${found.id} is lifted` : `hold ${found.id}: asked again on ${found['review']}`,
    );
  });

import type { Command } from 'commander';
import { table } from './print.ts';
import type { SessionOf } from './session.ts';

interface Held {
  id: string;
  kind: string;
  system: string;
  reason: string;
  since: string;
  verdicts: string[];
  row?: Record<string, string>;
  candidates?: { subject: string; register: Record<string, string> }[];
}

/** What a person says where the machine was not sure: held matters, links, and who is who. */
export function linkCommands(program: Command, session: SessionOf): void {
  const held = program.command('held').description('what waits for a verdict');
  held
    .command('list')
    .option('--json')
    .action(async (options: { json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const found = await api.get<Held[]>('/held');
        s.show(found, () => (found.length === 0 ? 'Nothing is held.' : found.map(heldLines).join('\n\n')));
        if (found.length > 0) s.exit(1);
      });
    });
  held
    .command('decide <id> <verdict>')
    .description('one of the verdicts that `held list` names')
    .option('--subject <id>', 'with link: whose row it is')
    .option('--json')
    .action(async (id: string, verdict: string, { json, ...body }: { subject?: string; json?: boolean }) => {
      const s = session(json ? { json } : {});
      await s.api(async (api) => {
        const decided = await api.post<Held & { verdict: string }>(
          `/held/${encodeURIComponent(id)}/${encodeURIComponent(verdict)}`,
          body,
        );
        s.show(decided, () => `decided: ${decided.verdict}`);
      });
    });

  const act = (name: string, description: string, path: (id: string) => string, of: readonly string[], said: string) => {
    const command = program.command(`${name} <id>`).description(description);
    if (of.includes('subject')) command.requiredOption('--to <subject>', 'the id of the data subject');
    command.option('--json').action(async (id: string, options: { to?: string; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const done = await api.post<Record<string, unknown>>(
          path(encodeURIComponent(id)),
          options.to ? { subject: options.to } : undefined,
        );
        s.show(done, () => said);
      });
    });
  };
  act(
    'unlink',
    'cut the tie between a row and a person; no rule makes it again',
    (id) => `/links/${id}/unlink`,
    [],
    'The tie is cut.',
  );
  act('relink', 'move a row to the person whose it is', (id) => `/links/${id}/relink`, ['subject'], 'The row is theirs now.');

  const subject = program.command('subject').description('who is who');
  subject
    .command('merge <from>')
    .description('two subjects are one person in one role')
    .requiredOption('--into <subject>', 'the id of the subject that stays')
    .option('--json')
    .action(async (from: string, options: { into: string; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const done = await api.post<Record<string, unknown>>(`/subjects/${encodeURIComponent(options.into)}/merge`, {
          subject: from,
        });
        s.show(done, () => 'They are one subject now.');
      });
    });
  subject
    .command('same <id>')
    .description('two subjects of different roles are one human being; nothing of either moves')
    .requiredOption('--as <subject>', 'the id of the other subject')
    .option('--withdraw', 'they are not')
    .option('--json')
    .action(async (id: string, options: { as: string; withdraw?: boolean; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const path = `/subjects/${encodeURIComponent(id)}/same-person${options.withdraw ? '/withdraw' : ''}`;
        const done = await api.post<Record<string, unknown>>(path, { subject: options.as });
        s.show(done, () => (options.withdraw ? 'Noted: not the same person.' : 'Noted: the same person, in two roles.'));
      });
    });
  subject
    .command('split <id>')
    .description("a row of the register is another person's after all")
    .requiredOption('--place <place>', 'the kind of the row, as contact')
    .requiredOption('--remote-id <id>', "the register's id of the row")
    .option('--link <id...>', "rows of recipients that go along, by the link's id")
    .option('--json')
    .action(async (id: string, options: { place: string; remoteId: string; link?: string[]; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const done = await api.post<{ made: string }>(`/subjects/${encodeURIComponent(id)}/split`, {
          place: options.place,
          remoteId: options.remoteId,
          links: options.link ?? [],
        });
        s.show(done, () => `The other person is ${done.made}.`);
      });
    });
}

const side = (values: Record<string, string>) =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

function heldLines(held: Held): string {
  const head = table([{ ...held, verdicts: held.verdicts.join(' | ') }], ['id', 'kind', 'system', 'reason', 'since', 'verdicts']);
  if (!held.row) return head;
  const others = (held.candidates ?? []).map((c) => `  ${c.subject}  ${side(c.register)}`);
  return [head, `  the row: ${side(held.row)}`, ...others].join('\n');
}

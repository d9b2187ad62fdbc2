import type { Command } from 'commander';
import { table } from './print.ts';
import type { SessionOf } from './session.ts';

interface Alerts {
  open: Record<string, unknown>[];
  recent: Record<string, unknown>[];
  channels: { mail: boolean; webhook: boolean };
  undelivered: Record<string, unknown>[];
}
interface Tried {
  mail?: { ok: boolean; to: number; problem?: string };
  webhook?: { ok: boolean; problem?: string };
}

export function alertCommands(program: Command, session: SessionOf): void {
  const alert = program.command('alert').description('what people are told of, by mail and webhook');
  alert
    .command('list')
    .description('open alerts, and messages that did not get out')
    .option('--json')
    .action(async (options: { json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const found = await api.get<Alerts>('/alerts');
        s.show(found, () =>
          [
            table(found.open, ['kind', 'system', 'since', 'text']),
            ...(found.undelivered.length > 0
              ? [
                  '',
                  'Not delivered:',
                  table(found.undelivered, ['channel', 'target', 'attempts', 'problem', 'nextAt', 'givenUpAt']),
                ]
              : []),
            ...(found.channels.mail || found.channels.webhook ? [] : ['', 'Nobody is told: the configuration has no notify.']),
          ].join('\n'),
        );
        if (found.open.length > 0 || found.undelivered.length > 0) s.exit(1);
      });
    });
  alert
    .command('test')
    .description('send a test message on each configured way, and say what happened')
    .option('--json')
    .action(async (options: { json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const tried = await api.post<Tried>('/alerts/test');
        s.show(tried, () => testLines(tried));
        const all = [tried.mail, tried.webhook].filter((t) => t !== undefined);
        if (all.length === 0) s.exit(2);
        else if (all.some((t) => !t.ok)) s.exit(3);
      });
    });
}

function testLines({ mail, webhook }: Tried): string {
  const said = (what: string, t: { ok: boolean; problem?: string }) =>
    `${what}: ${t.ok ? 'taken over' : `not delivered (${t.problem ?? 'unknown'})`}`;
  const lines = [...(mail ? [said(`mail to ${mail.to}`, mail)] : []), ...(webhook ? [said('webhook', webhook)] : [])];
  return lines.length > 0 ? lines.join('\n') : 'Nothing is configured: write notify into the configuration.';
}

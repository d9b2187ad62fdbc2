import type { Command } from 'commander';
import { table } from './print.ts';
import type { SessionOf } from './session.ts';

interface Processing {
  controller: { name: string };
  activities: { purpose: string; basis: string; people: string[]; fields: string[]; recipients: { system: string }[] }[];
  gaps: (Record<string, string> & { code: string })[];
}

/** The record of processing activities (Art. 30 GDPR). */
export function processingCommands(program: Command, session: SessionOf): void {
  program
    .command('record')
    .description(
      'the record of processing (Art. 30) from the configuration in force, and what the law asks for that it does not say',
    )
    .option('--json')
    .action(async (options: { json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const found = await api.get<Processing>('/processing-record');
        s.show(found, () =>
          [
            found.controller.name,
            table(
              found.activities.map((a) => ({ ...a, recipients: a.recipients.map((r) => r.system) })),
              ['purpose', 'basis', 'people', 'fields', 'recipients'],
            ),
            '',
            'Not said by the configuration:',
            ...found.gaps.map(({ code, ...about }) => `- ${[code, ...Object.values(about)].join(' ')}`),
          ].join('\n'),
        );
      });
    });
}

import { type Command, Option } from 'commander';
import type { SessionOf } from './session.ts';

interface Draft {
  text: string;
}

/** The published privacy notice against what is connected, and a draft from what is connected. */
export function noticeCommands(program: Command, session: SessionOf): void {
  const notice = program.command('notice').description('the published privacy notice');
  notice
    .command('check [file]')
    .description(
      'hold a notice, filled in as YAML, against the configuration; asks no system and changes nothing (default: the one that the configuration names)',
    )
    .option('--json')
    .action((file: string | undefined, options: { json?: boolean }, command: Command) => {
      const s = session(options);
      const checked = s.needs.checkNotice(file);
      if (!checked) command.error('name the file, or name it in the configuration: notice: notice.yaml');
      const { name, findings } = checked;
      s.show({ name, findings: findings.map(({ text: _, ...one }) => one) }, () =>
        findings.length === 0
          ? `${name}: nothing found; whether the notice is right, people judge`
          : [...findings.map(({ text }) => `- ${text}`), `${findings.length} findings in: ${name}`].join('\n'),
      );
      if (findings.length > 0) s.exit(1);
    });
  notice
    .command('draft')
    .description('a notice (Art. 13 and 14) from the configuration in force, as Markdown, and what a person must still fill in')
    .addOption(new Option('--language <language>', 'default: the first of the controller').choices(['fi', 'sv', 'en']))
    .option('--json')
    .action(async (options: { json?: boolean; language?: string }) => {
      const s = session(options);
      await s.api(async (api) => {
        const draft = await api.get<Draft>(`/notice/draft${options.language ? `?language=${options.language}` : ''}`);
        s.show(draft, () => draft.text);
      });
    });
}

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { accountCommands } from './account.ts';
import { alertCommands } from './alert.ts';
import { auditCommands } from './audit.ts';
import { backupCommands } from './backup.ts';
import { caseCommands } from './case.ts';
import { ApiError, connect, HubGone } from './client.ts';
import { connectorCommands } from './connector.ts';
import { driftCommands } from './drift.ts';
import { intakeCommands } from './intake.ts';
import { keyCommands } from './keys.ts';
import { linkCommands } from './link.ts';
import { noticeCommands } from './notice.ts';
import { processingCommands } from './processing.ts';
import { retentionCommands } from './retention.ts';
import type { CliNeeds, Session } from './session.ts';
import { systemCommands } from './system.ts';
import { taskCommands } from './task.ts';

/** Runs one command line; answers its exit code: 0 done, 1 a person is needed, 2 wrong use, 3 unreachable, 4 refused by a safety rule. */
export async function runCli(argv: readonly string[], needs: CliNeeds): Promise<number> {
  let code = 0;
  const program = new Command('kaiku').description(
    'Carries corrections, restrictions, objections and erasures from the register to every system that was given the data.',
  );
  program
    .exitOverride()
    .configureOutput({ writeOut: (text) => needs.out(text.trimEnd()), writeErr: (text) => needs.err(text.trimEnd()) });
  program.showSuggestionAfterError(true).showHelpAfterError('(kaiku --help lists the commands)');
  const session = (options: { json?: boolean }): Session => ({
    needs,
    json: options.json === true,
    show: (value, lines) => needs.out(options.json ? JSON.stringify(value) : lines()),
    api: async (work) => {
      const api = await connect(needs.env, needs.openInProcess);
      try {
        return await work(api);
      } finally {
        await api.close();
      }
    },
    exit: (given) => {
      code = given;
    },
  });
  ownCommands(program, needs, (given) => {
    code = given;
  });
  for (const commands of [
    systemCommands,
    driftCommands,
    linkCommands,
    caseCommands,
    intakeCommands,
    taskCommands,
    auditCommands,
    alertCommands,
    retentionCommands,
    noticeCommands,
    processingCommands,
    accountCommands,
    connectorCommands,
    backupCommands,
    keyCommands,
  ])
    commands(program, session);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    return explained(error, needs);
  }
}

function explained(error: unknown, needs: CliNeeds): number {
  // help that was asked for is 0; help instead of a command is wrong use
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof HubGone) {
    needs.err(error.message);
    return 3;
  }
  if (error instanceof ApiError) {
    needs.err(error.message);
    const { subjects } = error.more;
    if (Array.isArray(subjects)) needs.err(subjects.map((id) => `  --subject ${String(id)}`).join('\n'));
    return error.exitCode;
  }
  const known = needs.explain(error);
  if (!known) throw error;
  needs.err(known.text);
  return known.exitCode;
}

/** Commands that start something, instead of asking the hub. */
function ownCommands(program: Command, needs: CliNeeds, exit: (code: number) => void): void {
  program
    .command('start')
    .description('start the hub')
    .addOption(new Option('--role <role>', 'what this process does').choices(['api', 'worker', 'all']).default('all'))
    .option('--json', 'one line of JSON per event')
    .action(async ({ role, json }: { role: 'api' | 'worker' | 'all'; json?: boolean }) =>
      exit(await needs.start({ role, json: json === true })),
    );
  program
    .command('demo')
    .description('see the main job working, on sandboxes')
    .option('--once', 'play the human too, and end')
    .option('--json', 'the result as JSON')
    .addOption(
      new Option(
        '--company <company>',
        'a whole company of config/examples instead: a building-services firm, or a web host',
      ).choices(['cervi', 'seravo']),
    )
    .action(async ({ once, json, company }: { once?: boolean; json?: boolean; company?: 'cervi' | 'seravo' }) =>
      exit(await needs.demo({ once: once === true, json: json === true, ...(company ? { company } : {}) })),
    );
  program
    .command('sandbox <vendor>')
    .description("run a vendor's simulator on loopback")
    .option('--port <n>', 'port; 0 for any', wholeNumber, 0)
    .option('--seed <file>', 'JSON of what it holds')
    .action(async (vendor: string, options: { port: number; seed?: string }) => exit(await needs.sandbox(vendor, options)));
  const config = program.command('config').description('the configuration file');
  config
    .command('schema')
    .description('print the JSON Schema')
    .action(() => needs.out(JSON.stringify(needs.configSchema(), null, 2)));
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Api, ApiError } from './client.ts';
import { table } from './print.ts';
import type { Session, SessionOf } from './session.ts';

type Right = { right: string; ok: boolean | null; problem?: string };
/** How far Kaiku reaches there, as the API says it. */
interface About {
  says: string[];
  erasure: { cap: string; why: string };
  people?: Record<string, unknown>;
}
type Checked = { system: string; ok: boolean; rights: Right[]; problem?: string; unreachable?: boolean } & Partial<About>;
interface Run {
  run: string;
  state: string;
  phase: string;
  counts: Record<string, number>;
  calls: number;
  progress: { total: number; done: number; failed: number; perSecond: number; secondsLeft?: number };
  expected?: { calls: number; seconds: number };
  problem?: string;
  rowsToSay?: number;
}

export function systemCommands(program: Command, session: SessionOf): void {
  program
    .command('check')
    .description('probe every right that Kaiku will need, by reading')
    .option('--write-test', 'also write, read back and remove a marked record')
    .option('--json')
    .action(async (options: { writeTest?: boolean; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const systems: Checked[] = [];
        for (const { system, about } of await api.get<{ system: string; about: About }[]>('/systems'))
          systems.push({ ...(await checked(api, system, options.writeTest === true)), ...about });
        const { findings } = await api.get<{ findings: Finding[] }>('/retention');
        s.show({ systems: systems.map(({ unreachable: _, ...shown }) => shown), retention: findings }, () =>
          [
            ...systems.map(checkedLines),
            ...(findings.length > 0 ? ['', 'How long is kept:', ...findings.map(findingLine)] : []),
          ].join('\n'),
        );
        if (systems.some((c) => !c.ok)) s.exit(systems.some((c) => c.unreachable) ? 3 : 1);
      });
    });

  program
    .command('link <system>')
    .description('first contact: tie the rows a recipient holds to their people; a preview unless --apply')
    .option('--apply', 'write the links')
    .option('--json')
    .action(async (system: string, options: { apply?: boolean; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const result = await api.post<Record<string, number>>(`/systems/${encodeURIComponent(system)}/link`, {
          apply: options.apply === true,
        });
        s.show(
          result,
          () =>
            `${table([result], ['system', 'read', 'linked', 'alreadyLinked', 'ambiguous', 'shared', 'orphans'])}\n${result.unread ? `${result.unread} rows could not be read and were left out: mend them at the system, and link again.\n` : ''}${options.apply ? 'The links are written.' : 'A preview: nothing was written. Run again with --apply.'}`,
        );
        if ((result['ambiguous'] ?? 0) + (result['shared'] ?? 0) > 0) s.exit(1);
      });
    });

  program
    .command('export <system> <file>')
    .description('hand over an export that people downloaded; it is read before anything is stored')
    .option('--json')
    .action(async (system: string, file: string, options: { json?: boolean }) => {
      const s = session(options);
      const content = await readFile(file, 'base64');
      await s.api(async (api) => {
        const taken = await api.post<{ rows: number; woken: number }>(`/systems/${encodeURIComponent(system)}/exports`, {
          content,
        });
        s.show(taken, () => `${taken.rows} rows; ${taken.woken} duties look for what they wait for.`);
      });
    });

  program
    .command('resync <system>')
    .description('read all rows of a recipient and put right what differs')
    .option('--dry-run', 'only count')
    .option('--wait', 'wait until every step came to rest')
    .option('--per-second <n>', 'hand out at most so many steps a second', positive)
    .option('--json')
    .action(async (system: string, options: { dryRun?: boolean; wait?: boolean; perSecond?: number; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const body = { dryRun: options.dryRun === true, ...(options.perSecond ? { perSecond: options.perSecond } : {}) };
        const started = await api.post<Run>(`/systems/${encodeURIComponent(system)}/resync`, body);
        const waits = options.wait === true && !options.dryRun && started.state !== 'finished';
        const run = waits && api.running ? await untilEnd(api, started) : started;
        s.show(run, () => runLines(run));
        if (run.progress.failed > 0 || run.state === 'failed') s.exit(1);
        if (started.state === 'running' && !api.running) {
          // nobody works them off, so there is nothing to wait for
          needsHub(s);
          s.exit(1);
        }
      });
    });

  const run = program.command('run').description('a full resync under way');
  run
    .command('show <id>')
    .option('--json')
    .action(async (id: string, options: { json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const found = await api.get<Run>(`/runs/${encodeURIComponent(id)}`);
        s.show(found, () => runLines(found));
      });
    });
  for (const verb of ['pause', 'resume', 'stop', 'retry'] as const) {
    run
      .command(`${verb} <id>`)
      .description(verb === 'retry' ? 'owe the steps that failed once more' : `${verb} it`)
      .option('--rows <n>', 'where very many rows would lose something: how many they are', positive)
      .option('--json')
      .action(async (id: string, options: { rows?: number; json?: boolean }) => {
        const s = session(options);
        await s.api(async (api) => {
          const body = options.rows === undefined ? undefined : { rows: options.rows };
          const steered = await api.post<Run>(`/runs/${encodeURIComponent(id)}/${verb}`, body);
          s.show(steered, () => runLines(steered));
        });
      });
  }

  program
    .command('doctor')
    .description('what this instance stands on')
    .option('--json')
    .action(async (options: { json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const facts = await api.get<Record<string, unknown>>('/doctor');
        s.show(facts, () =>
          Object.entries(facts)
            .map(([name, value]) => `${name.padEnd(14)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
            .join('\n'),
        );
      });
    });

  program
    .command('token')
    .description('bearer tokens of the API')
    .command('create')
    .description('make a token; it is shown once')
    .addOption(new Option('--role <role>', 'what it may do').makeOptionMandatory())
    .option('--json')
    .action(async (options: { role: string; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const made = await api.post<{ id: string; role: string; token: string }>('/tokens', { role: options.role });
        s.show(made, () => made.token);
      });
    });
}

const positive = (text: string) => {
  if (!(Number(text) > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return Number(text);
};

const needsHub = (s: Session) =>
  s.needs.err('No hub is running: what differs is written down as owed, and is put right when `kaiku start` runs.');

/** One system that does not answer says nothing about the others. */
async function checked(api: Api, system: string, writeTest: boolean): Promise<Checked> {
  try {
    return await api.post<Checked>(`/systems/${encodeURIComponent(system)}/check`, { writeTest });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 502) throw error;
    return { system, ok: false, rights: [], problem: error.message, unreachable: true };
  }
}

interface Finding {
  code: string;
  purpose: string;
  params: Record<string, unknown>;
}

/** A finding of a declared period, for a terminal; the console says it in words. */
const findingLine = ({ code, purpose, params }: Finding) =>
  `  ${code.padEnd(22)} ${purpose}${Object.keys(params).length > 0 ? ` — ${JSON.stringify(params)}` : ''}`;

const marks = new Map<boolean | null, string>([
  [true, 'ok     '],
  [false, 'MISSING'],
  [null, 'unknown'],
]);

const checkedLines = ({ system, ok, rights, problem, unreachable, says = [] }: Checked) =>
  [
    `${system}: ${ok ? 'ready' : 'not ready'}${unreachable ? ` — ${problem}` : ''}`,
    ...says.map((sentence) => `  ${sentence}`),
    ...rights.map((r) => `  ${marks.get(r.ok)} ${r.right}${r.problem ? ` — ${r.problem}` : ''}`),
  ].join('\n');

/** A pause is told at once, and waited through. */
async function untilEnd(api: Api, started: Run): Promise<Run> {
  for (;;) {
    const run = await api.get<Run>(`/runs/${started.run}`);
    if (run.state !== 'running' && run.state !== 'paused') return run;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function runLines(run: Run): string {
  const { total, done, failed, perSecond, secondsLeft } = run.progress;
  return [
    table([run.counts], Object.keys(run.counts)),
    `run ${run.run}: ${run.state}${run.state === 'running' ? ` (${run.phase})` : ''}; ${run.calls} requests`,
    ...(total > 0
      ? [
          `${done} of ${total} steps at rest, ${failed} need a person, ${perSecond}/s${secondsLeft ? `, about ${secondsLeft} s left` : ''}`,
        ]
      : []),
    ...(run.expected ? [`the real run takes about ${run.expected.calls} requests and ${run.expected.seconds} s`] : []),
    ...(run.rowsToSay
      ? [`${run.rowsToSay} rows would be erased, restricted or emptied: a yes needs --rows ${run.rowsToSay}`]
      : []),
    ...(run.problem && run.problem !== 'mass-change' ? [`the system did not answer as it should: ${run.problem}`] : []),
  ].join('\n');
}

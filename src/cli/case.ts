import { type Command, Option } from 'commander';
import { dutyColumns, table } from './print.ts';
import type { Session, SessionOf } from './session.ts';

type Planned = { system: string; step: string; fields?: string[]; reason?: string };
type Deadline = { date: string; pausedSince: string | null; working: string[] };
type Case = {
  id: string;
  type: string;
  state: string;
  subject: string;
  plan: Planned[];
  deadline: Deadline;
  decision?: unknown;
  duties?: Record<string, unknown>[];
};
type Subject = {
  id: string;
  role: string;
  register: string;
  state: string;
  version: number;
  duties: Record<string, unknown>[];
  disclosures: unknown[];
  cases: string[];
};
interface Whom {
  email?: string;
  subject?: string;
  json?: boolean;
}

const query = (email: string) => `/subjects?email=${encodeURIComponent(email)}`;

export function caseCommands(program: Command, session: SessionOf): void {
  program
    .command('erase')
    .description('open an erasure case and show its plan; with --yes approve it as well')
    .option('--email <address>', 'who, by address')
    .option('--subject <id>', 'who, by id')
    .option('--yes', 'approve it')
    .option('--reason <text>', 'why, kept sealed with the decision')
    .option('--json')
    .action(async (options: Whom & { yes?: boolean; reason?: string }) => {
      const s = session(options);
      if (!options.email === !options.subject) return wrongUse(s, 'say who: either --email or --subject');
      await s.api(async (api) => {
        const who = options.subject ? { subject: options.subject } : { email: options.email };
        const opened = await api.post<Case>('/cases', {
          type: 'erasure',
          ...who,
          channel: 'cli',
        });
        const approved =
          options.yes && opened.state === 'planned'
            ? await api.post<Case>(`/cases/${opened.id}/approve`, options.reason ? { reason: options.reason } : {})
            : null;
        s.show({ case: opened.id, plan: opened.plan, state: (approved ?? opened).state }, () =>
          [
            `case ${opened.id}`,
            table(opened.plan as unknown as Record<string, unknown>[], ['system', 'step', 'fields', 'reason']),
            approved
              ? 'Approved: the systems are erased now, the register last.'
              : `Nothing is erased yet. Approve: kaiku case approve ${opened.id}`,
          ].join('\n'),
        );
        if ((approved ?? opened).state === 'planned') s.exit(1);
      });
    });

  const cases = program.command('case').description('one request about one person');
  cases
    .command('show <id>')
    .option('--json')
    .action((id: string, options: { json?: boolean }) => showCase(session(options), `/cases/${encodeURIComponent(id)}`));
  cases
    .command('approve <id>')
    .option('--reason <text>')
    .option('--json')
    .action((id: string, options: { reason?: string; json?: boolean }) =>
      decideCase(session(options), id, 'approve', options.reason),
    );
  cases
    .command('refuse <id>')
    .requiredOption('--reason <text>', 'the person is told why')
    .option('--json')
    .action((id: string, options: { reason: string; json?: boolean }) =>
      decideCase(session(options), id, 'refuse', options.reason),
    );
  cases
    .command('extend <id>')
    .description('the person was told, with reasons, that it takes two months more (Art. 12(3)); within the first month only')
    .requiredOption('--reason <text>', 'the reasons, as the person was told them')
    .option('--told-on <day>', 'when they were told; default: today')
    .option('--json')
    .action((id: string, options: { reason: string; toldOn?: string; json?: boolean }) =>
      moveCase(session(options), id, 'extend', { reasons: options.reason, toldOn: options.toldOn }),
    );
  cases
    .command('pause <id>')
    .description('the person was asked something: the clock stands still until they answer')
    .addOption(
      new Option('--reason <what>', 'what they were asked about').choices(['identity', 'clarification']).default('identity'),
    )
    .option('--asked <day>', 'when; default: today')
    .option('--json')
    .action((id: string, options: { reason: string; asked?: string; json?: boolean }) =>
      moveCase(session(options), id, 'pause', { reason: options.reason, asked: options.asked }),
    );
  cases
    .command('resume <id>')
    .description('the person answered: the clock goes on')
    .option('--answered <day>', 'when; default: today')
    .option('--json')
    .action((id: string, options: { answered?: string; json?: boolean }) =>
      moveCase(session(options), id, 'resume', { answered: options.answered }),
    );

  program
    .command('status')
    .description('what every system did about one person, one case, or all of them')
    .option('--email <address>')
    .option('--subject <id>')
    .option('--case <id>')
    .option('--json')
    .action(async (options: Whom & { case?: string }) => {
      const s = session(options);
      if (options.case) return showCase(s, `/cases/${encodeURIComponent(options.case)}`);
      if (!options.email && !options.subject) return showSystems(s);
      await s.api(async (api) => {
        const ids = options.subject
          ? [options.subject]
          : (await api.get<{ id: string }[]>(query(options.email ?? ''))).map((found) => found.id);
        const subjects: Subject[] = [];
        for (const id of ids) subjects.push(await api.get<Subject>(`/subjects/${encodeURIComponent(id)}`));
        const [only] = subjects;
        s.show(subjects.length === 1 && only ? only : subjects, () =>
          subjects.length === 0 ? 'Nobody is known by this address.' : subjects.map(subjectLines).join('\n\n'),
        );
      });
    });
}

const subjectLines = (subject: Subject) =>
  `${subject.role} ${subject.id} (${subject.state}, version ${subject.version}, register ${subject.register})\n${table(subject.duties, dutyColumns)}`;

function wrongUse(s: Session, text: string): void {
  s.needs.err(text);
  s.exit(2);
}

const showCase = (s: Session, path: string) =>
  s.api(async (api) => {
    const found = await api.get<Case>(path);
    s.show(found, () =>
      [
        `${found.type} case ${found.id}: ${found.state}`,
        deadlineLines(found.deadline),
        '',
        table(found.plan as unknown as Record<string, unknown>[], ['system', 'step', 'fields', 'reason']),
        '',
        table(found.duties ?? [], dutyColumns),
      ].join('\n'),
    );
  });

/** Moves the clock of a case, and says how the day is counted now. */
const moveCase = (s: Session, id: string, verb: string, body: Record<string, string | undefined>) =>
  s.api(async (api) => {
    const found = await api.post<Case>(`/cases/${encodeURIComponent(id)}/${verb}`, body);
    s.show(found, () => `case ${found.id}: ${deadlineLines(found.deadline)}`);
  });

const deadlineLines = ({ date, pausedSince, working }: Deadline) =>
  [
    `due ${date}${pausedSince ? ` at the earliest: the clock stands still since ${pausedSince}` : ''}`,
    ...working.map((line) => `  ${line}`),
  ].join('\n');

const decideCase = (s: Session, id: string, verb: string, reason?: string) =>
  s.api(async (api) => {
    const found = await api.post<Case>(`/cases/${encodeURIComponent(id)}/${verb}`, reason ? { reason } : {});
    s.show(found, () => `case ${found.id}: ${found.state}`);
  });

const showSystems = (s: Session) =>
  s.api(async (api) => {
    const systems = await api.get<Record<string, unknown>[]>('/systems');
    s.show({ systems }, () => table(systems, ['system', 'connector', 'linked', 'paused', 'breakerUntil', 'lastPoll', 'duties']));
  });

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { exceptionGrounds } from '../core/exception.ts';
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
            table(opened.plan, ['system', 'step', 'fields', 'reason']),
            approved?.state === 'planned'
              ? 'Approved by you; another person must approve it too. Nothing is erased yet.'
              : approved
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
    .command('own <id>')
    .description('what Kaiku itself keeps of the person of a case, and until when')
    .option('--json')
    .action(async (id: string, options: { json?: boolean }) => {
      const s = session(options);
      const own = await s.api((api) => api.get<Own>(`/cases/${encodeURIComponent(id)}/own`));
      s.show(own, () =>
        [
          `${own.state}${own.until ? ` until ${own.until}` : ''}`,
          ...own.stores
            .filter(({ count }) => count > 0)
            .map(({ store, form, count, until }) => `  ${store.padEnd(10)} ${count} (${form})${until ? `, until ${until}` : ''}`),
        ].join('\n'),
      );
    });
  cases
    .command('evidence <id>')
    .description('write the evidence pack to a folder: evidence.json, evidence.pdf, and verify.mjs, which checks it on bare Node')
    .requiredOption('-o, --output <folder>')
    .addOption(
      new Option('--language <language>', 'of the PDF; default: the first of the controller').choices(['fi', 'sv', 'en']),
    )
    .option('--json')
    .action(async (id: string, options: { output: string; language?: string; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const part = (as: string) =>
          api.bytes(
            `/cases/${encodeURIComponent(id)}/evidence?as=${as}${options.language ? `&language=${options.language}` : ''}`,
          );
        const files = {
          'evidence.json': await part('json'),
          'evidence.pdf': await part('pdf'),
          'verify.mjs': await part('verifier'),
        };
        await mkdir(options.output, { recursive: true });
        for (const [name, bytes] of Object.entries(files)) await writeFile(join(options.output, name), bytes);
        s.show(
          { folder: options.output, files: Object.keys(files) },
          () => `${Object.keys(files).join(', ')} in ${options.output}; check: node verify.mjs`,
        );
      });
    });
  cases
    .command('also <id>')
    .description('the same request for another role of the same person; its decision is its own')
    .requiredOption('--subject <id>', 'the other subject, as `subject same` was told')
    .option('--json')
    .action(async (id: string, options: { subject: string; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const found = await api.post<Case>(`/cases/${encodeURIComponent(id)}/also`, { subject: options.subject });
        s.show(found, () => `case ${found.id}: ${found.state}`);
        if (found.state === 'planned') s.exit(1);
      });
    });
  cases
    .command('withdraw <id>')
    .description('take an approved erasure back, as long as the register still holds the person; what is erased stays erased')
    .requiredOption('--reason <text>', 'the person is told why')
    .option('--json')
    .action((id: string, options: { reason: string; json?: boolean }) => {
      const s = session(options);
      return s.api(async (api) => {
        const found = await api.post<Case>(`/cases/${encodeURIComponent(id)}/withdraw`, { reason: options.reason });
        s.show(found, () => `case ${found.id}: withdrawn; what was erased by now stays erased`);
      });
    });
  cases
    .command('except <id>')
    .description('a recipient is not told (Art. 19): its duty ends as excepted, and the letter to the person says so')
    .requiredOption('--system <system>', 'the recipient')
    .addOption(new Option('--ground <ground>', 'why').choices([...exceptionGrounds]).makeOptionMandatory())
    .requiredOption('--reason <text>', 'in your own words; kept sealed')
    .option('--json')
    .action((id: string, { json, ...what }: { system: string; ground: string; reason: string; json?: boolean }) => {
      const s = session(json ? { json } : {});
      return s.api(async (api) => {
        const found = await api.post<Case>(`/cases/${encodeURIComponent(id)}/except`, what);
        s.show(found, () => `case ${found.id}: ${what.system} is not told (${what.ground})`);
      });
    });
  cases
    .command('list')
    .description('what is open first, by the day it is due')
    .option('--state <state>')
    .option('--json')
    .action((options: { state?: string; json?: boolean }) => {
      const s = session(options);
      return s.api(async (api) => {
        const found = await api.get<Case[]>(`/cases${options.state ? `?state=${encodeURIComponent(options.state)}` : ''}`);
        s.show(found, () =>
          found.length === 0
            ? 'There is no such case.'
            : table(
                found.map(({ deadline, ...c }) => ({ ...c, due: deadline.date })),
                ['id', 'type', 'state', 'due', 'subject'],
              ),
        );
      });
    });
  cases
    .command('open')
    .description('open a case of any right, and show its plan')
    .addOption(new Option('--type <right>').choices(caseTypes).makeOptionMandatory())
    .option('--email <address>', 'who, by address')
    .option('--subject <id>', 'who, by id')
    .option('--set <field=value...>', 'rectification: how a field should read; an empty value takes it away')
    .option('--permission <name...>', 'objection: to which direct marketing; default: all')
    .option('--purpose <name...>', 'objection: to which processing on a legitimate interest')
    .option('--received <time>', 'when the request came; default: now')
    .option('--language <code>', "the person's: fi, sv or en")
    .option('--note <text>', 'kept sealed with the case')
    .option('--json')
    .action((options: Opening) => openCase(session(options), options));
  for (const [verb, description] of [
    ['announce-lift', 'the person was told that the restriction will be lifted (Art. 18(3))'],
    ['lift', 'lift the restriction, some days after the person was told'],
  ] as const)
    cases
      .command(`${verb} <id>`)
      .description(description)
      .option('--json')
      .action((id: string, options: { json?: boolean }) => decideCase(session(options), id, verb));
  cases
    .command('identity <id>')
    .description('how it is known that the request is the person’s own (Art. 12(6))')
    .addOption(
      new Option('--how <way>', 'how')
        .choices(['mailed-link', 'known-address', 'call-back', 'signed-in', 'in-person', 'other'])
        .makeOptionMandatory(),
    )
    .addOption(new Option('--state <state>').choices(['proven', 'doubted', 'unproven']).default('proven'))
    .option('--json')
    .action((id: string, { how, state, json }: { how: string; state: string; json?: boolean }) => {
      const s = session(json === undefined ? {} : { json });
      return s.api(async (api) => {
        const found = await api.post<Case>(`/cases/${encodeURIComponent(id)}/identity`, { how, state });
        s.show(found, () => `case ${found.id}: ${state}`);
      });
    });
  cases
    .command('prepare <id>')
    .description('access and portability: read every system and print the link that hands the answer over, once')
    .option('--json')
    .action((id: string, options: { json?: boolean }) => {
      const s = session(options);
      return s.api(async (api) => {
        const made = await api.post<{ link: string; missing: { system: string }[]; expiresAt: string }>(
          `/cases/${encodeURIComponent(id)}/prepare`,
        );
        s.show(made, () =>
          [
            made.link,
            `It opens once, until ${made.expiresAt.slice(0, 10)}. Send it to an address that is surely the person's.`,
            ...(made.missing.length > 0 ? [`Not read: ${made.missing.map((m) => m.system).join(', ')}`] : []),
          ].join('\n'),
        );
        if (made.missing.length > 0) s.exit(1);
      });
    });
  cases
    .command('letter <id>')
    .description('make a letter to the person from what the ledger knows, and print it')
    .addOption(new Option('--kind <kind>').choices(['received', 'extended', 'answer', 'recipients', 'lift']).default('answer'))
    .option('--language <code>', 'fi, sv or en; default: theirs')
    .addOption(new Option('--send <way>', 'mail: send it; post: record that it was posted').choices(['mail', 'post']))
    .option('--json')
    .action((id: string, options: Lettering) => writeLetter(session(options), id, options));
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

interface Opening extends Whom {
  type: string;
  set?: string[];
  permission?: string[];
  purpose?: string[];
  received?: string;
  language?: string;
  note?: string;
}

const caseTypes = ['access', 'rectification', 'erasure', 'restriction', 'objection', 'portability'];

/** `address.city=Turku` names a part of a field. */
function fieldsIn(pairs: readonly string[]): Record<string, unknown> | null {
  const fields: Record<string, unknown> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at <= 0) return null;
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    const [outer = '', part] = name.startsWith('custom.') ? [name] : name.split('.');
    fields[outer] = part ? { ...(fields[outer] as object), [part]: value } : value === '' ? null : value;
  }
  return fields;
}

async function openCase(s: Session, options: Opening): Promise<void> {
  if (!options.email === !options.subject) return wrongUse(s, 'say who: either --email or --subject');
  const fields = fieldsIn(options.set ?? []);
  if (fields === null) return wrongUse(s, '--set takes field=value, as in --set familyName=Virtanen');
  const asked = {
    ...(options.set ? { fields } : {}),
    ...(options.permission ? { permissions: options.permission } : {}),
    ...(options.purpose ? { purposes: options.purpose } : {}),
  };
  await s.api(async (api) => {
    const found = await api.post<Case>('/cases', {
      type: options.type,
      ...(options.subject ? { subject: options.subject } : { email: options.email }),
      channel: 'cli',
      ...(Object.keys(asked).length > 0 ? { asked } : {}),
      ...(options.received ? { receivedAt: options.received } : {}),
      ...(options.language ? { language: options.language } : {}),
      ...(options.note ? { note: options.note } : {}),
    });
    s.show(found, () =>
      [
        `${found.type} case ${found.id}: ${found.state}, due ${found.deadline.date}`,
        table(found.plan, ['system', 'step', 'fields', 'reason']),
      ].join('\n'),
    );
    if (found.state === 'planned') s.exit(1);
  });
}

interface Lettering {
  kind: string;
  language?: string;
  send?: string;
  json?: boolean;
}

const writeLetter = (s: Session, id: string, { kind, language, send }: Lettering) =>
  s.api(async (api) => {
    const path = `/cases/${encodeURIComponent(id)}/letters`;
    const made = await api.post<{ id: string }>(path, { kind, ...(language ? { language } : {}) });
    if (send) await api.post(`${path}/${made.id}/sent`, { how: send });
    const letter = await api.get<{ title: string; to: string[]; paragraphs: { text: string }[][] }>(`${path}/${made.id}`);
    s.show(letter, () =>
      [
        ...letter.to,
        '',
        letter.title,
        '',
        ...letter.paragraphs.map((sentences) => sentences.map((one) => one.text).join(' ')),
        '',
        `letter ${made.id}${send ? ` (${send})` : ''}`,
      ].join('\n'),
    );
  });

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
        table(found.plan, ['system', 'step', 'fields', 'reason']),
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

interface Own {
  state: string;
  until?: string;
  stores: { store: string; form: string; count: number; until?: string }[];
}

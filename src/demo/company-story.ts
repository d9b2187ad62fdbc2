import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../core/configuration.ts';
import type { DutyView } from '../core/duty.ts';
import { titleIn } from '../core/title.ts';
import { createLog, type Environment } from '../open.ts';
import { startHub } from '../start.ts';
import { openAccounts } from './accounts.ts';
import { isInvoiced } from './books.ts';
import { type Company, stageCompany } from './company.ts';
import { type CompanyResult, faultsOf, isHuman, type Part, type PlannedStep, toldOf } from './company-faults.ts';
import { type AskedTask, askedOf, keptBy } from './company-people.ts';
import { type Api, apiOf, duties, follow, told, until } from './hub-api.ts';
import { keepRunning } from './keep-running.ts';

export interface CompanyDemoOptions {
  once: boolean;
  json: boolean;
  out: (line: string) => void;
}

/**
 * A whole company on sandboxes, as its example configures it: one customer is corrected everywhere, then asks to be forgotten. Answers
 * the exit code: 0 only if the ledger says that every system was told, each of its people once, and the log verifies.
 */
export async function companyDemo(env: Environment, company: Company, options: CompanyDemoOptions): Promise<number> {
  const print = (line: string) => (options.json ? undefined : options.out(line));
  const started = performance.now();
  const say = (line: string) => print(`${((performance.now() - started) / 1000).toFixed(1)} s`.padStart(6).concat(`  ${line}`));
  const dataDir = join(env.dataDir, `demo-${company}`);
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const { configPath, variables, register, servers } = await stageCompany(company, dataDir, 40);
  const own = { configPath, dataDir, keyFile: join(dataDir, 'keys.json'), journal: join(dataDir, 'journal') };
  const port = options.once ? 0 : env.port;
  const hub = await startHub({ ...env, ...own, port, variables: { ...env.variables, ...variables } }, createLog('error'), 'all');
  const { config } = hub.hub.needs;
  const api = apiOf(hub.url ?? '', hub.token);
  const stage: Stage = { api, config, print, say, once: options.once };
  try {
    say(
      `${config.controller.name}: ${register.people.length} people in the register, ${Object.keys(config.systems).length} systems`,
    );
    say(`the console: ${hub.url}`);
    const hero = register.people.find(
      (p) => p.customer && p.newsletter && (company === 'cervi' ? !p.organisation && isInvoiced(p) : p.organisation),
    );
    if (!hero) throw new Error('the register lacks the customer of the story');
    const subject = await until('the first poll', async () => {
      const people = await api.get<Page>('/systems');
      const isRead = (people.find((s) => s.system === 'newsletter')?.duties['held'] ?? 0) >= register.people.length;
      const [found] = isRead
        ? await api.get<{ id: string; role: string }[]>(`/subjects?email=${encodeURIComponent(hero.email)}`)
        : [];
      return found;
    });
    say('the register was read; nothing is sent to a system that was never linked');
    for (const { system } of (await api.get<Page>('/systems')).filter((s) => !s.linked)) {
      const link = await api.post<{ linked: number }>(`/systems/${system}/link`, { apply: true });
      say(`kaiku link ${system} --apply: ${link.linked} rows tied to their person`);
    }

    print('\nA correction: a customer has a new name and a new address, and somebody mends both in the CRM');
    register.crm.update('contact', hero.id, { LAST_NAME: 'Uusitalo', EMAIL_ADDRESS: `uusi.${hero.email}` });
    const rectification = await correction(stage, subject);

    print('\nAn erasure: the same customer asks to be forgotten');
    const { erasure, plan, kept } = await erasing(stage, subject.id);

    const audit = await until('the checkpoint', async () => {
      const checked = await api.post<CompanyResult['audit']>('/audit/verify', {});
      return checked.verified ? checked : undefined;
    });
    const tasks = (await api.get<AskedTask[]>('/tasks?limit=500')).filter((t) => t.subject === subject.id);
    print('');
    say(`audit log: ${audit.size} entries, root ${audit.root}, verified: ${audit.verified}`);
    const result: CompanyResult = {
      company,
      rectification,
      erasure,
      tasks: tasks.map(({ system, ask, outcome }) => ({ system, ask, ...(outcome ? { outcome } : {}) })),
      audit: { size: audit.size, root: audit.root, verified: audit.verified },
    };
    if (options.json) options.out(JSON.stringify(result));
    const { connectors } = hub.hub.needs;
    const caps = Object.fromEntries(Object.entries(connectors).map(([name, { manifest }]) => [name, manifest.erasure.cap]));
    const wrong = faultsOf(result, { config, caps, plan, role: subject.role, once: options.once, kept });
    for (const fault of wrong) options.out(`not as the policy says: ${fault}`);
    if (!options.once) {
      const people = Object.keys(config.systems).filter((name) => isHuman(config, name));
      await keepRunning(hub.url ?? '', hub.token, await openAccounts(hub.hub.needs, people), print);
    }
    return wrong.length === 0 ? 0 : 1;
  } finally {
    await hub.stop();
    await Promise.all(servers.map((server) => server.close()));
  }
}

type Page = { system: string; linked: boolean; duties: Record<string, number> }[];

interface Stage {
  api: Api;
  config: Config;
  print: (line: string) => void;
  say: (line: string) => void;
  once: boolean;
}

const called = (config: Config, system: string) => titleIn(config.systems[system]?.title, 'en') ?? system;
const isAtRest = ({ state }: DutyView) => state !== 'open' && state !== 'sending' && state !== 'unknown';

async function correction(stage: Stage, subject: { id: string; role: string }): Promise<Part> {
  const { api, config, say, once } = stage;
  const receivers = toldOf(config, subject.role);
  const people = receivers.filter((name) => isHuman(config, name));
  const asked = await askedOf(api, subject.id, 'update', people);
  say(`${receivers.length} systems are told; at ${people.length} of them people are asked, and silence closes nothing`);
  for (const task of asked) if (once) await api.post(`/tasks/${task.id}/answer`, { outcome: 'updated' });
  const after = await until('every system to be told', async () => {
    const all = await duties(api, subject.id);
    return receivers.every((name) => all[name] && isAtRest(all[name])) ? all : undefined;
  });
  show(stage, receivers, after);
  return after;
}

async function erasing(stage: Stage, subject: string): Promise<{ erasure: Part; plan: PlannedStep[]; kept: string[] }> {
  const { api, config, print, say, once } = stage;
  const opened = await api.post<{ id: string; plan: PlannedStep[] }>('/cases', {
    type: 'erasure',
    subject,
    receivedAt: new Date().toISOString(),
    channel: 'cli',
  });
  say(`the plan: ${opened.plan.map((p) => `${p.system}: ${p.step}`).join(', ')}`);
  await follow(api, subject, (d) => d.system === 'newsletter' && d.state === 'settled' && d.outcome === 'restricted');
  say('before any approval the newsletter is restricted already');
  await api.post(`/cases/${opened.id}/approve`, {});
  const people = opened.plan.filter(({ step }) => step === 'ask').map(({ system }) => system);
  const asked = await askedOf(api, subject, 'erase', people);
  const isOnce = new Set(asked.map(({ system }) => system)).size === asked.length;
  say(`approved; the people of ${asked.length} systems are asked${isOnce ? ', each once' : ''}`);
  for (const { id, system, due } of asked) {
    const { ownInstructions = '' } = await api.get<{ ownInstructions?: string }>(`/tasks/${id}`);
    const [first = ''] = /^.*?\.(?= |$)/.exec(ownInstructions) ?? [];
    print(`        ${called(config, system)}, by ${due.slice(0, 10)}: ${first}`);
  }
  if (!once) print('        They wait: answer them in the console, on the page Tasks, as the system owner.');
  const kept: string[] = [];
  for (const task of once ? asked : []) {
    const law = keptBy(
      task.system,
      config.systems[task.system]?.recipient?.retention ?? [],
      config.controller.financialYearEnd ?? '12-31',
    );
    if (law) kept.push(task.system);
    await api.post(`/tasks/${task.id}/answer`, law ? { outcome: 'retained', ...law } : { outcome: 'erased' });
  }
  const concerned = opened.plan.filter(({ step }) => step !== 'nothing').map(({ system }) => system);
  const after = await until('every system to be told', async () => {
    const all = await duties(api, subject);
    const isDone = (name: string) => all[name] !== undefined && isAtRest(all[name]) && all[name].outcome !== 'restricted';
    return concerned.every(isDone) ? all : undefined;
  });
  show(stage, concerned, after);
  return { erasure: after, plan: opened.plan, kept };
}

/** One line a system, in the ledger's words; what a law keeps under it, with its day. */
function show({ config, say, print }: Stage, systems: readonly string[], after: Part): void {
  const names = systems.map((name) => called(config, name));
  const widest = Math.max(...names.map(({ length }) => length));
  for (const [i, name] of systems.entries()) {
    const duty = after[name];
    if (!duty) continue;
    const how = duty.asked
      ? `asked of ${duty.asked.whom}, due ${duty.asked.due.slice(0, 10)}`
      : `${told(duty)}${isHuman(config, name) ? " (a person's statement)" : ''}`;
    say(`${(names[i] ?? name).padEnd(widest)}  ${how}`);
    if (duty.retained) {
      const { until: day, fields, law } = duty.retained;
      print(`${' '.repeat(widest + 10)}kept until ${day}: ${fields.join(', ')} (${law})`);
    }
  }
}

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Customer } from '../connectors/insightly/sandbox-handles.ts';
import type { DutyView } from '../core/duty.ts';
import { createLog, type Environment } from '../open.ts';
import { startHub } from '../start.ts';
import { openAccounts } from './accounts.ts';
import { isInvoiced } from './books.ts';
import { type Company, stageCompany } from './company.ts';
import { handOver } from './company-exports.ts';
import {
  type CompanyResult,
  faultsOf,
  isAsked,
  isExported,
  isHuman,
  type Part,
  type PlannedStep,
  toldOf,
} from './company-faults.ts';
import { editInPanel } from './company-panel.ts';
import { type AskedTask, askedOf, keptBy } from './company-people.ts';
import { isAtRest, type Scene, show, showAsked } from './company-scene.ts';
import { staffScenes } from './company-staff.ts';
import { heldThere } from './exports.ts';
import { apiOf, duties, follow, until } from './hub-api.ts';
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
  const staged = await stageCompany(company, dataDir, 40);
  const { configPath, variables, register, servers } = staged;
  const own = { configPath, dataDir, keyFile: join(dataDir, 'keys.json'), journal: join(dataDir, 'journal') };
  const port = options.once ? 0 : env.port;
  const hub = await startHub({ ...env, ...own, port, variables: { ...env.variables, ...variables } }, createLog('error'), 'all');
  const { config } = hub.hub.needs;
  const api = apiOf(hub.url ?? '', hub.token);
  const stage: Scene = { api, config, print, say, once: options.once };
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
      const { linked, alreadyLinked } = await api.post<Linked>(`/systems/${system}/link`, { apply: true });
      const before = alreadyLinked > 0 ? `, ${alreadyLinked} by the register that they stand in` : '';
      say(`kaiku link ${system} --apply: ${linked} rows tied to their person${before}`);
    }

    const to = `uusi.${hero.email}`;
    const { panel, staff: personnel } = staged;
    if (panel) print('\nA correction: a customer edits the address in the panel');
    const carried = panel
      ? await editInPanel(stage, panel, { subject: subject.id, from: hero.email, to, hub: hub.url ?? '' })
      : null;
    if (panel) print('\nPeople carry it into the CRM, and mend a new family name there as well');
    else print('\nA correction: a customer has a new name and a new address, and somebody mends both in the CRM');
    register.crm.update('contact', hero.id, { LAST_NAME: 'Uusitalo', EMAIL_ADDRESS: to });
    const others = heldThere(register.people).filter((person) => person !== hero);
    const renamed = { ...hero, familyName: 'Uusitalo', email: to };
    const rectification = await correction(stage, subject, [...others, renamed]);
    const edit = await carried?.();

    print('\nAn erasure: the same customer asks to be forgotten');
    const { erasure, plan, kept } = await erasing(stage, subject.id, others);

    const staff = personnel ? await staffScenes(stage, personnel) : undefined;

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
      ...(edit ? { edit } : {}),
      ...(staff ? { staff } : {}),
      audit: { size: audit.size, root: audit.root, verified: audit.verified },
    };
    if (options.json) options.out(JSON.stringify(result));
    const { connectors } = hub.hub.needs;
    const caps = Object.fromEntries(Object.entries(connectors).map(([name, { manifest }]) => [name, manifest.erasure.cap]));
    const wrong = faultsOf(result, { config, caps, plan, role: subject.role, once: options.once, kept });
    for (const fault of wrong) options.out(`not as the policy says: ${fault}`);
    if (!options.once) {
      const people = Object.keys(config.systems).filter((name) => isAsked(config, name));
      await keepRunning(hub.url ?? '', hub.token, await openAccounts(hub.hub.needs, people), print);
    }
    return wrong.length === 0 ? 0 : 1;
  } finally {
    await hub.stop();
    await Promise.all(servers.map((server) => server.close()));
  }
}

type Linked = { linked: number; alreadyLinked: number };
type Page = { system: string; linked: boolean; duties: Record<string, number> }[];

/** Seen in an export, not only said. */
const isShown = ({ state }: DutyView) => state === 'settled';

/** `exported`: whom the systems hold that are read by exports, by then. */
async function correction(stage: Scene, subject: { id: string; role: string }, exported: readonly Customer[]): Promise<Part> {
  const { api, config, say, once } = stage;
  const receivers = toldOf(config, subject.role);
  const people = receivers.filter((name) => isHuman(config, name) || isExported(config, name));
  const asked = await askedOf(api, subject.id, 'update', people);
  say(`${receivers.length} systems are told; at ${people.length} of them people are asked, and silence closes nothing`);
  for (const task of asked) if (once) await api.post(`/tasks/${task.id}/answer`, { outcome: 'updated' });
  if (once) await handOver(stage, receivers, exported);
  const after = await until('every system to be told', async () => {
    const all = await duties(api, subject.id);
    return receivers.every((name) => all[name] && (once && isExported(config, name) ? isShown(all[name]) : isAtRest(all[name])))
      ? all
      : undefined;
  });
  show(stage, receivers, after);
  return after;
}

async function erasing(
  stage: Scene,
  subject: string,
  exported: readonly Customer[],
): Promise<{ erasure: Part; plan: PlannedStep[]; kept: string[] }> {
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
  for (const task of asked) await showAsked(stage, task);
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
  if (once) await handOver(stage, people, exported);
  const parked = opened.plan.filter(({ step }) => step === 'park').map(({ system }) => system);
  const concerned = opened.plan.filter(({ step }) => step !== 'nothing').map(({ system }) => system);
  const after = await until('every system to be told', async () => {
    const all = await duties(api, subject);
    const isDone = (name: string) =>
      all[name] !== undefined &&
      (!once || !isExported(config, name) || isShown(all[name])) &&
      isAtRest(all[name]) &&
      (parked.includes(name) ? all[name].outcome === 'retained' : all[name].outcome !== 'restricted');
    return concerned.every(isDone) ? all : undefined;
  });
  show(stage, concerned, after);
  return { erasure: after, plan: opened.plan, kept };
}

import type { Config } from '../core/configuration.ts';
import { type DutyView, type Evidence, type Outcome, weaker } from '../core/duty.ts';
import { rectifiable } from '../core/policy.ts';
import type { Company } from './company.ts';
import { told } from './hub-api.ts';

/** What each system owed, by system. */
export type Part = Record<string, DutyView>;

/** What the ledger says after the story, and what the demo prints under `--json`. */
export interface CompanyResult {
  company: Company;
  rectification: Part;
  erasure: Part;
  tasks: { system: string; ask: string; outcome?: string }[];
  /** What came of an address that the customer edited at its own master. */
  edit?: Edit;
  /** What came of the staff. */
  staff?: Staff;
  audit: { size: number; root: string; verified: boolean };
}

/** An edit at the master of a field. */
export interface Edit {
  system: string;
  fields: string[];
  /** Why the register did not take it by itself. */
  hindered: string;
  /** Of the case that the edit opened, in the end. */
  state: string;
  /** Cases of that customer by then, and writes of the new value back to where it came from. */
  cases: number;
  echoes: number;
}

/** Three of the staff: what each system owed of them in the end. */
export interface Staff {
  /** The register of staff. */
  system: string;
  /** Whose employment has just ended, and what HR was asked to take out. */
  leaver: Part;
  takeOut: string[];
  /** The company's own words, as HR was shown them with that. */
  told: string | null;
  /** Of whom pay records are still kept. */
  former: Part;
  /** Of whom nothing is kept any more. */
  longGone: Part;
}

/** A step of a case's plan, as the API gives it. */
export interface PlannedStep {
  system: string;
  step: string;
}

/** What the correction changes: a new family name, and with it a new address. */
const corrected = ['familyName', 'email'] as const;

/** Whether people run a system. */
export const isHuman = (config: Config, system: string) => config.systems[system]?.connector === 'human';

/** Whether people do the work of a system that its exports show. */
export const isExported = (config: Config, system: string) => config.systems[system]?.connector === 'files';

/** The recipients that are given a corrected field of somebody in this role. */
export const toldOf = ({ systems, purposes }: Config, role: string): string[] =>
  Object.values(systems).flatMap(({ name, recipient }) => {
    const given = rectifiable(
      (recipient?.purposes ?? []).flatMap((purpose) => purposes[purpose] ?? []),
      role,
    ).fields;
    return corrected.some((field) => given.includes(field)) ? [name] : [];
  });

/** Whether people of a system are asked: they run it, or do what its connector cannot. */
export const isAsked = (config: Config, system: string) =>
  isHuman(config, system) || config.systems[system]?.recipient?.people !== undefined;

/** The recipients that are given anything of somebody in this role. */
export const servedOf = ({ systems, purposes }: Config, role: string): string[] =>
  Object.values(systems).flatMap(({ name, recipient }) =>
    rectifiable(
      (recipient?.purposes ?? []).flatMap((purpose) => purposes[purpose] ?? []),
      role,
    ).fields.length > 0
      ? [name]
      : [],
  );

/** What the story expects: derived from the configuration, the manifests and the case's own plan. */
export interface Expected {
  config: Config;
  /** The strongest evidence of an erasure that each connector claims, by system. */
  caps: Readonly<Record<string, Evidence>>;
  plan: readonly PlannedStep[];
  role: string;
  /** The people have answered; else they are still asked. */
  once: boolean;
  /** Whose people answered that a law keeps something. */
  kept: readonly string[];
}

/** Where the ledger does not say what the policy says. */
export function faultsOf(result: CompanyResult, { config, caps, plan, role, once, kept }: Expected): string[] {
  const faults: string[] = [];
  const must = (part: 'rectification' | 'erasure', system: string, outcome: Outcome, evidence?: Evidence) => {
    const duty = result[part][system];
    const state = outcome === 'retained' ? 'waiting' : 'settled';
    const isRight = duty?.outcome === outcome && duty.state === state && (evidence ?? duty.evidence) === duty.evidence;
    if (!isRight || (outcome === 'retained' && !duty.retained))
      faults.push(`${part}: ${system} is ${duty ? told(duty) : 'unknown'}, not ${[state, outcome, evidence].join(' ')}`);
  };
  for (const system of toldOf(config, role)) {
    if (isExported(config, system)) {
      if (once) must('rectification', system, 'updated', 'observed');
    } else if (!isHuman(config, system)) must('rectification', system, 'updated');
    else if (once) must('rectification', system, 'updated', 'acknowledged');
  }
  for (const { system, step } of plan) {
    if (step === 'strip') must('erasure', system, 'retained', 'observed');
    // what ends by itself waits for its day
    if (step === 'park') must('erasure', system, 'retained', 'none');
    // what is looked at again comes days later
    const shown = weaker(caps[system] ?? 'none', 'observed');
    if (step === 'erase') must('erasure', system, 'erased', shown);
    const stated = isExported(config, system) ? shown : 'acknowledged';
    if (step === 'ask' && once && kept.includes(system)) must('erasure', system, 'retained', 'acknowledged');
    else if (step === 'ask' && once) must('erasure', system, 'erased', stated);
    const times = result.tasks.filter((task) => task.system === system && task.ask === 'erase').length;
    if (times !== (step === 'ask' ? 1 : 0)) faults.push(`erasure: the people of ${system} were asked ${times} times`);
  }
  const unplanned = toldOf(config, role).filter((system) => !plan.some((p) => p.system === system && p.step !== 'nothing'));
  for (const system of unplanned) faults.push(`erasure: ${system} was given data, and the plan leaves it out`);
  faults.push(...editFaults(result, config), ...(result.staff ? staffFaults(result.staff, { config, caps, once }) : []));
  if (!result.audit.verified) faults.push('the audit log does not verify');
  return faults;
}

/** An edit at a field's master comes to everybody through the register, and never back. */
function editFaults({ edit }: CompanyResult, config: Config): string[] {
  const masters = Object.values(config.systems).filter(({ recipient }) => recipient?.masterOf);
  if (!edit) return masters.map(({ name }) => `edit: nobody edited anything at ${name}, which is master of it`);
  const { system, fields, hindered, state, cases, echoes } = edit;
  const isMaster = fields.every((field) => (config.systems[system]?.recipient?.masterOf ?? []).some((one) => one === field));
  return [
    ...(isMaster ? [] : [`edit: ${system} is not master of ${fields.join(', ')}`]),
    ...(hindered === '' ? ['edit: nobody was told to carry it to the register'] : []),
    ...(state === 'closed' ? [] : [`edit: its case is ${state}, not closed`]),
    ...(cases === 1 ? [] : [`edit: it opened ${cases} cases`]),
    ...(echoes === 0 ? [] : [`edit: it came back to ${system} ${echoes} times`]),
  ];
}

function staffFaults(staff: Staff, { config, caps, once }: Pick<Expected, 'config' | 'caps' | 'once'>): string[] {
  const { system } = staff;
  const role = config.systems[system]?.register?.for ?? '';
  const faults: string[] = [];
  const must = (who: 'leaver' | 'former' | 'longGone', name: string, outcome: Outcome, evidence: Evidence) => {
    const duty = staff[who][name];
    const state = outcome === 'retained' ? 'waiting' : 'settled';
    const isRight = duty?.state === state && duty.outcome === outcome && duty.evidence === evidence;
    if (!isRight || (outcome === 'retained' && !duty.retained))
      faults.push(`staff: ${name} is ${duty ? told(duty) : 'unknown'} of ${who}, not ${state} ${outcome} ${evidence}`);
  };
  const mustAsk = (who: 'leaver' | 'former' | 'longGone', name: string) => {
    if (staff[who][name]?.state !== 'asked') faults.push(`staff: the people of ${name} are not asked of ${who}`);
  };
  const wanted = Object.values(config.purposes)
    .filter(({ for: roles, retention = [] }) => roles?.includes(role) && retention.some(({ approve }) => approve === 'auto'))
    .flatMap(({ fields }) => fields);
  if ([...wanted].sort().join() !== [...staff.takeOut].sort().join())
    faults.push(`staff: ${system} was asked to take out ${staff.takeOut.join(', ')}, not ${wanted.join(', ')}`);
  if (staff.told !== (config.systems[system]?.recipient?.people?.instructions ?? null))
    faults.push(`staff: the people of ${system} were not told what the configuration says`);
  if (once) must('leaver', system, 'updated', 'observed');
  else mustAsk('leaver', system);
  for (const name of servedOf(config, role)) {
    if (!isAsked(config, name)) continue;
    if (!once) {
      if (isHuman(config, name)) mustAsk('former', name);
      continue;
    }
    const isKept = (config.systems[name]?.recipient?.retention ?? []).length > 0;
    must('former', name, isKept ? 'retained' : 'erased', 'acknowledged');
    must('longGone', name, 'erased', isHuman(config, name) ? 'acknowledged' : weaker(caps[name] ?? 'none', 'observed'));
  }
  return faults;
}

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
  audit: { size: number; root: string; verified: boolean };
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

/** The recipients that are given a corrected field of somebody in this role. */
export const toldOf = ({ systems, purposes }: Config, role: string): string[] =>
  Object.values(systems).flatMap(({ name, recipient }) => {
    const given = rectifiable(
      (recipient?.purposes ?? []).flatMap((purpose) => purposes[purpose] ?? []),
      role,
    ).fields;
    return corrected.some((field) => given.includes(field)) ? [name] : [];
  });

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
    if (!isHuman(config, system)) must('rectification', system, 'updated');
    else if (once) must('rectification', system, 'updated', 'acknowledged');
  }
  for (const { system, step } of plan) {
    if (step === 'strip') must('erasure', system, 'retained', 'observed');
    // what is looked at again comes days later
    if (step === 'erase') must('erasure', system, 'erased', weaker(caps[system] ?? 'none', 'observed'));
    if (step === 'ask' && once) must('erasure', system, kept.includes(system) ? 'retained' : 'erased', 'acknowledged');
    const times = result.tasks.filter((task) => task.system === system && task.ask === 'erase').length;
    if (times !== (step === 'ask' ? 1 : 0)) faults.push(`erasure: the people of ${system} were asked ${times} times`);
  }
  const unplanned = toldOf(config, role).filter((system) => !plan.some((p) => p.system === system && p.step !== 'nothing'));
  for (const system of unplanned) faults.push(`erasure: ${system} was given data, and the plan leaves it out`);
  if (!result.audit.verified) faults.push('the audit log does not verify');
  return faults;
}

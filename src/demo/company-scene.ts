import type { Config } from '../core/configuration.ts';
import type { DutyView } from '../core/duty.ts';
import { titleIn } from '../core/title.ts';
import { isAsked, type Part } from './company-faults.ts';
import { type Api, told } from './hub-api.ts';

/** What every scene of the story is played on. */
export interface Scene {
  api: Api;
  config: Config;
  print: (line: string) => void;
  say: (line: string) => void;
  /** The people answer; else they wait for whoever plays on. */
  once: boolean;
}

export const called = (config: Config, system: string) => titleIn(config.systems[system]?.title, 'en') ?? system;

export const isAtRest = ({ state }: DutyView) => state !== 'open' && state !== 'sending' && state !== 'unknown';

/** What somebody is asked in the company's own words, as far as their first sentence goes. */
export async function showAsked({ api, config, print }: Scene, task: { id: string; system: string; due: string }): Promise<void> {
  const { ownInstructions = '' } = await api.get<{ ownInstructions?: string }>(`/tasks/${task.id}`);
  const [first = ''] = /^.*?\.(?= |$)/.exec(ownInstructions) ?? [];
  print(`        ${called(config, task.system)}, by ${task.due.slice(0, 10)}: ${first}`);
}

/** One line a system, in the ledger's words; what a law keeps under it, with its day. */
export function show({ config, say, print }: Scene, systems: readonly string[], after: Part): void {
  const names = systems.map((name) => called(config, name));
  const widest = Math.max(...names.map(({ length }) => length));
  for (const [i, name] of systems.entries()) {
    const duty = after[name];
    if (!duty) continue;
    const stated = isAsked(config, name) && duty.evidence === 'acknowledged';
    const how = duty.asked
      ? `asked of ${duty.asked.whom}, due ${duty.asked.due.slice(0, 10)}`
      : `${told(duty)}${stated ? " (a person's statement)" : ''}`;
    say(`${(names[i] ?? name).padEnd(widest)}  ${how}`);
    if (duty.retained) {
      const { until: day, fields, law } = duty.retained;
      print(`${' '.repeat(widest + 10)}kept until ${day}: ${fields.join(', ')} (${law})`);
    }
  }
}

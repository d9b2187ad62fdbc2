import { rolesUnknown } from '../core/policy-check.ts';
import { type Scope, seesSystem } from '../core/scope.ts';
import type { Needs } from '../jobs/needs.ts';
import { answerTimes } from '../store/replies.ts';
import { type SystemState, systemChecks, systemStates } from '../store/systems.ts';
import { dutyCounts, oldestOpen } from '../store/views.ts';
import { aboutSystem } from './about-system.ts';

/** The configured systems, or one of them, as the API and the console show them. */
export async function systemViews(needs: Needs, scope: Scope, only: string | null = null) {
  const [counts, oldest, checks, states, times] = await Promise.all([
    dutyCounts(needs.db, scope, only),
    oldestOpen(needs.db),
    systemChecks(needs.db),
    systemStates(needs.db),
    answerTimes(needs.db),
  ]);
  const around = { isMailed: needs.config.replies !== undefined, unknown: rolesUnknown(needs.config) };
  const stateOf = new Map(states.map((s) => [s.system, s]));
  return Object.values(needs.config.systems).flatMap((system) => {
    if (only !== null && system.name !== only) return [];
    const connector = needs.connectors[system.name];
    const state: SystemState | undefined = stateOf.get(system.name);
    if (!connector || !state || !seesSystem(scope, system.name)) return [];
    const { manifest } = connector;
    const check = checks.find((c) => c.system === system.name);
    const owed = oldest.find((o) => o.recipient === system.name);
    const answered = times.find((one) => one.system === system.name);
    return [
      {
        system: system.name,
        connector: system.connector,
        roles: [...(system.register ? ['register'] : []), ...(system.recipient ? ['recipient'] : [])],
        owner: system.owner,
        human: manifest.human,
        ...(manifest.endsByItself ? { endsByItself: true } : {}),
        linked: manifest.human || manifest.endsByItself === true || state.linked_at !== null || !system.recipient,
        ...(state.paused_code ? { paused: state.paused_code } : {}),
        ...(state.paused_rights.length > 0 ? { missing: state.paused_rights } : {}),
        ...(state.breaker_open && state.breaker_until ? { breakerUntil: state.breaker_until.toISOString() } : {}),
        ...(state.last_answer_at ? { lastAnswer: state.last_answer_at.toISOString() } : {}),
        ...(state.last_poll_at ? { lastPoll: state.last_poll_at.toISOString() } : {}),
        ...(state.last_sweep_at ? { lastSweep: state.last_sweep_at.toISOString() } : {}),
        ...(answered ? { answers: { count: answered.answers, medianDays: Math.round(answered.days * 10) / 10 } } : {}),
        ...(owed ? { oldestOwedSeconds: Math.round(owed.seconds) } : {}),
        ...(check
          ? {
              check: {
                at: check.at.toISOString(),
                ok: check.problem === null && check.rights.every((r) => r.ok !== false),
                rights: check.rights,
                ...(check.problem ? { problem: check.problem } : {}),
              },
            }
          : {}),
        duties: counts.get(system.name) ?? {},
        manifest: {
          erasure: manifest.erasure,
          readBack: manifest.readBack,
          limits: manifest.limits,
          deadlineSeconds: system.deadlineSeconds ?? manifest.deadlineSeconds,
          backupLagDays: manifest.backupLagDays,
        },
        about: aboutSystem(system, connector, around),
      },
    ];
  });
}

export type SystemView = Awaited<ReturnType<typeof systemViews>>[number];

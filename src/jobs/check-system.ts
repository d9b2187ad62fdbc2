import type { RightProbe } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { Failure } from '../core/failure.ts';
import { pauseSystem, putCheck } from '../store/systems.ts';
import { type Needs, tell } from './needs.ts';
import { resume } from './schedule.ts';

/**
 * Asks a system for every right that Kaiku needs, keeps the answer, and pauses or resumes the system by it. A system that does not
 * answer is noted too; the failure travels on.
 */
export async function checkSystem(
  needs: Needs,
  system: string,
  writeTest: boolean,
  actor: string,
): Promise<{ ok: boolean; rights: RightProbe[] }> {
  const connector = needs.connectors[system];
  if (!connector) throw new Error(`the configuration has no system named ${system}`);
  const rights = await connector.check(freeCall, writeTest).catch(async (error: unknown) => {
    if (error instanceof Failure) await putCheck(needs.db, { system, actor, rights: [], problem: error.code });
    throw error;
  });
  const missing = rights.filter((r) => r.ok === false).map(({ right }) => right);
  const ok = missing.length === 0;
  await putCheck(needs.db, { system, actor, rights, problem: null });
  if (ok) await resume(needs, system, actor);
  else if (await pauseSystem(needs.db, system, 'RIGHT_MISSING', { rights: missing }))
    await tell(needs, { actor, action: 'system.paused', system, code: 'RIGHT_MISSING' });
  await tell(needs, { actor, action: 'check.done', system, code: ok ? 'ok' : 'right-missing' });
  return { ok, rights };
}

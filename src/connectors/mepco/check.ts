import { Failure } from '../../core/failure.ts';
import type { RightProbe } from '../connector.ts';
import type { Exchange } from '../exchange.ts';
import type { Call } from '../http.ts';
import type { Exports } from './exports.ts';
import type { MepcoSettings } from './settings.ts';

export const rights = ['exports: list', 'exports: read', 'exports: clear'] as const;

/** Lists and reads what lies there; `writeTest` puts a marked file down and takes it away, in every folder that is cleared into. */
export async function checkRights(
  exchange: Exchange,
  exports: Exports,
  settings: MepcoSettings,
  call: Call,
  writeTest: boolean,
): Promise<RightProbe[]> {
  const [list, read, clear] = rights;
  try {
    const { found, isUnfinished } = await exports.list(call);
    const probes: RightProbe[] = [{ right: list, ok: true }, await probeReading(read, exports, found, isUnfinished, call)];
    probes.push(
      writeTest
        ? await probeClearing(clear, exchange, exports, settings, call)
        : { right: clear, ok: null, problem: 'provable only by writing; --write-test tries it' },
    );
    return probes;
  } catch (error) {
    return [missing(list, error)];
  }
}

async function probeReading(
  right: string,
  exports: Exports,
  found: Parameters<Exports['walk']>[0],
  isUnfinished: boolean,
  call: Call,
): Promise<RightProbe> {
  if (found.length === 0)
    return { right, ok: null, problem: isUnfinished ? 'the only export is still being written' : 'no export lies there yet' };
  const refusals: string[] = [];
  for await (const step of exports.walk(found, call))
    if ('refusal' in step) refusals.push(step.refusal.hint ?? step.refusal.message);
  // a file that is refused is no missing right: the rest goes on, and people are told what it is
  return refusals.length === 0 ? { right, ok: true } : { right, ok: null, problem: refusals.join('; ') };
}

const marked = '.kaiku-write-test';

async function probeClearing(
  right: string,
  exchange: Exchange,
  exports: Exports,
  { movedTo }: MepcoSettings,
  call: Call,
): Promise<RightProbe> {
  const there = exports.path(marked);
  const last = movedTo === undefined ? there : `${movedTo}/${marked}`;
  try {
    await exchange.write(there, Buffer.from('Kaiku write test, may be deleted\n'), call);
    if (last !== there) await exchange.move(there, last, call);
    await exchange.remove(last, call);
    return { right, ok: true };
  } catch (error) {
    return missing(right, error);
  }
}

function missing(right: string, error: unknown): RightProbe {
  const isOurs = error instanceof Failure && error.next === 'pause-recipient';
  if (!isOurs) throw error;
  return { right, ok: false, problem: error.hint ?? error.message };
}

import { Failure } from '../../core/failure.ts';
import type { RightProbe } from '../connector.ts';
import type { Exchange } from '../exchange.ts';
import type { Call } from '../http.ts';
import type { FilesSettings } from './settings.ts';
import type { ReadNewest } from './source.ts';

export const rights = ['export: read', 'changes: write'] as const;

/** Whether anything is ever written there: not where people make every change. */
const writes = ({ corrections, erasure }: FilesSettings): boolean => corrections === 'rows' || erasure === 'rows';

/** Reads the newest export; `writeTest` leaves a marked file, under a name that no import picks up, and takes it away. */
export async function checkRights(
  exchange: Exchange,
  newest: ReadNewest,
  settings: FilesSettings,
  call: Call,
  writeTest: boolean,
): Promise<RightProbe[]> {
  const [read, write] = rights;
  const probes = [await probe(read, () => newest(call))];
  if (!writes(settings)) return probes;
  const { changes } = settings;
  if (!writeTest) return [...probes, { right: write, ok: null, problem: 'provable only by writing; --write-test tries it' }];
  const marked = `${changes.folder === '' ? '' : `${changes.folder}/`}.kaiku-write-test`;
  const tried = await probe(write, async () => {
    await exchange.write(marked, Buffer.from('Kaiku write test, may be deleted\n'), call);
    await exchange.remove(marked, call);
  });
  return [...probes, tried];
}

async function probe(right: string, work: () => Promise<unknown>): Promise<RightProbe> {
  try {
    await work();
    return { right, ok: true };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.next === 'pause-recipient') return { right, ok: false, problem: error.hint ?? error.message };
    // an export that is not there yet or is refused is no missing right
    if (error.code === 'RECIPIENT_UNAVAILABLE' && error.hint) return { right, ok: null, problem: error.hint };
    throw error;
  }
}

import { createExchange, type Exchange, type OpenExchange } from '../../src/connectors/exchange.ts';
import { type Call, type Gate, memoryGate } from '../../src/connectors/http.ts';
import type { Fault, FaultKind, RunningSandbox } from '../../src/connectors/sandbox.ts';
import { Failure, type FailureCode } from '../../src/core/failure.ts';

/**
 * The way to a folder of this machine, through the real guards, with the faults that any sandbox shows. How a broken connection comes
 * to its failure is proven in `exchange.test.ts`; here it is what a connector makes of it.
 */
export interface Line {
  server: RunningSandbox;
  open(options?: { deadlineMs?: number; gate?: Gate }): OpenExchange;
}

/** Sees each file that was laid down by us. */
export type Written = (path: string) => void;

const writes = new Set(['WRITE', 'MOVE', 'REMOVE']);

export function startLine(onWritten: Written): Line {
  const log: RunningSandbox['log'] = [];
  const faults: (Fault & { left: number })[] = [];
  const now = { underWay: 0, peak: 0, isAway: false };

  const take = (method: string, path: string): FaultKind | undefined => {
    const found = faults.find((f) => f.left > 0 && (!f.method || f.method === method) && (!f.path || path.includes(f.path)));
    if (found) found.left--;
    return found?.kind;
  };

  async function through<T>(
    method: string,
    path: string,
    call: Call,
    deadlineMs: number,
    work: () => Promise<T>,
  ): Promise<[T, FaultKind?]> {
    const kind = writes.has(method) ? 'write' : 'read';
    if (now.isAway) throw new Failure('RECIPIENT_UNREACHABLE');
    const fault = take(method, path);
    const lost: FailureCode = kind === 'write' ? 'ANSWER_LOST' : 'RECIPIENT_UNAVAILABLE';
    const at = Date.now();
    const said = (status: number) => void log.push({ at, method, path, status });
    const code = fault && refusals[fault];
    if (fault && (code || withoutDoing.has(fault))) {
      await call.beforeWire(kind);
      said(500);
      if (fault === 'hang' || fault === 'drip') await new Promise((resolve) => setTimeout(resolve, deadlineMs));
      throw new Failure(code ?? lost);
    }
    const done = await work();
    said(200);
    if (fault === 'commit-then-drop') throw new Failure(lost);
    return fault ? [done, fault] : [done];
  }

  /** Counts who holds a slot: as many operations are under way at once. */
  const counted = (gate: Gate): Gate => ({
    async enter(patienceMs) {
      const pass = await gate.enter(patienceMs);
      now.peak = Math.max(now.peak, ++now.underWay);
      return {
        leave: (how) => {
          now.underWay--;
          return pass.leave(how);
        },
      };
    },
  });

  return {
    server: {
      url: 'file://',
      port: 0,
      log,
      peak: () => now.peak,
      fault: (fault) => void faults.push({ ...fault, left: fault.times ?? 1 }),
      clearFaults: () => void faults.splice(0),
      close: async () => {
        now.isAway = true;
      },
    },
    open: ({ deadlineMs = 30_000, gate = memoryGate({ connections: 4 }) } = {}) => {
      const openReal = createExchange({ gate: counted(gate), deadlineMs, maxBytes: 4 * 1024 * 1024 });
      return (server) => {
        const real = openReal(server);
        const ask = <T>(method: string, path: string, call: Call, work: () => Promise<T>) =>
          through(method, path, call, deadlineMs, work);
        const exchange: Exchange = {
          async list(folder, call) {
            const [entries, fault] = await ask('LIST', folder, call, () => real.list(folder, call));
            // a folder's list and its files are spoilt alike
            return entries.map((entry) => ({ ...entry, size: spoilt(Buffer.alloc(entry.size), fault).length }));
          },
          async read(path, call) {
            const [bytes, fault] = await ask('READ', path, call, () => real.read(path, call));
            return bytes && spoilt(bytes, fault);
          },
          async write(path, bytes, call) {
            await ask('WRITE', path, call, () => real.write(path, bytes, call).then(() => onWritten(path)));
          },
          move: async (from, to, call) => (await ask('MOVE', from, call, () => real.move(from, to, call)))[0],
          remove: async (path, call) => (await ask('REMOVE', path, call, () => real.remove(path, call)))[0],
        };
        return exchange;
      };
    },
  };
}

const refusals: Partial<Record<FaultKind, FailureCode>> = {
  unauthorized: 'CREDENTIALS_REJECTED',
  'bare-403': 'RIGHT_MISSING',
  'server-error': 'RECIPIENT_UNAVAILABLE',
  throttle: 'RECIPIENT_UNAVAILABLE',
};
const withoutDoing = new Set<FaultKind>(['hang', 'drip', 'drop-before-commit']);

const html = Buffer.from('<!doctype html>\n<html><head><title>Sign in</title></head><body>502</body></html>\n');

/** What becomes of a file's bytes on their way; a cut never ends behind a whole line, where nobody could see it. */
function spoilt(bytes: Buffer, fault: FaultKind | undefined): Buffer {
  if (fault === 'html-502') return html;
  if (fault === 'garbage-200') return Buffer.alloc(bytes.length, 0xfe);
  if (fault !== 'cut-body') return bytes;
  const cut = Buffer.from(bytes.subarray(0, Math.floor(bytes.length / 2)));
  if (cut.at(-1) === 0x0a || cut.at(-1) === 0x0d) cut[cut.length - 1] = 0x78;
  return cut;
}

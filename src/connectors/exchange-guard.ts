import type { FileEntry } from './exchange-files.ts';
import type { Call, Gate } from './http.ts';

/** What can be done with the files of a system. Paths are relative to its address. */
export interface Exchange {
  /** The plain files of a folder. A folder that is not there is a missing right. */
  list(folder: string, call: Call): Promise<FileEntry[]>;
  /** The whole file; null when it is not there. */
  read(path: string, call: Call): Promise<Buffer | null>;
  /** Under a temporary name, which is then renamed: nobody there ever sees half a file. */
  write(path: string, bytes: Buffer, call: Call): Promise<void>;
  /** False when there was no such file. */
  move(from: string, to: string, call: Call): Promise<boolean>;
  /** False when there was no such file. */
  remove(path: string, call: Call): Promise<boolean>;
}

export interface ExchangeOptions {
  gate: Gate;
  /** For the whole operation, connecting included. */
  deadlineMs: number;
  /** Of a file; default 10 MB. */
  maxBytes?: number;
  /** How long an operation may wait for a free slot; default 60 s. */
  gatePatienceMs?: number;
}

/** Of a file, where nobody says otherwise. */
export const usualMaxBytes = 10 * 1024 * 1024;

/** The work, or a failure at the deadline, whichever comes first: a server that drips or stands still holds nobody up. */
export async function before<T>(deadline: AbortSignal, work: () => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const onAbort = () => late.reject(new ExchangeError('deadline'));
  deadline.addEventListener('abort', onAbort);
  const working = work();
  // what still comes after the deadline concerns nobody
  working.catch(() => {});
  try {
    return await Promise.race([working, late.promise]);
  } finally {
    deadline.removeEventListener('abort', onAbort);
  }
}

/** What is kept of an error of the connection: its code. The client's own text may name a path or a login. */
export class ExchangeError extends Error {
  override name = 'ExchangeError';
  readonly code: string;
  constructor(code: string) {
    super(`the exchange of files ended with ${code}`);
    this.code = code;
  }
}

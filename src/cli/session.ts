import type { NoticeFinding } from '../core/notice.ts';
import type { Rotated } from '../core/seal.ts';
import type { Api, InProcess } from './client.ts';

/** A backup: where it is, of when, and what it holds. */
export interface Copied {
  file: string;
  at: string;
  instance: string;
  rows: number;
  sha256: string;
}

/** The names of the keys in the key file. */
export interface KeysOfFile {
  file: string;
  keys: { kind: string; id: string; former: number }[];
}

/** What the composition root hands to the command line. */
export interface CliNeeds {
  env: Record<string, string | undefined>;
  out(text: string): void;
  /** All that is piped in, byte by byte. */
  readInput(): Promise<string>;
  err(text: string): void;
  openInProcess(): Promise<InProcess>;
  start(options: { role: 'api' | 'worker' | 'all'; json: boolean }): Promise<number>;
  /** Without a company: the demo's own firm. */
  demo(options: { once: boolean; json: boolean; company?: 'cervi' | 'seravo' }): Promise<number>;
  sandbox(vendor: string, options: { port: number; seed?: string }): Promise<number>;
  configSchema(): unknown;
  /** Holds a notice in a file against the configuration; without a file the one that the configuration names. Null: it names none. */
  checkNotice(file: string | undefined): { name: string; findings: (NoticeFinding & { law: string; text: string })[] } | null;
  /** Copies the ledger to a file (default: one named by the time, here). */
  backUp(file: string | undefined): Promise<Copied>;
  /** Puts a backup in the place of the ledger. */
  restore(file: string, options: { replace: boolean }): Promise<Copied & { replayed: { erased: number; withdrawn: number } }>;
  showKeys(): Promise<KeysOfFile>;
  /** Puts a new current key of one kind into the key file. */
  rotateKeys(kind: Rotated): Promise<KeysOfFile>;
  /** Names an error that the root knows (a bad configuration, a missing key): its text and exit code; null for a fault of ours. */
  explain(error: unknown): { text: string; exitCode: number } | null;
}

/** A command's way to say its exit code without an error. */
export interface Session {
  needs: CliNeeds;
  json: boolean;
  /** Prints the JSON shape under `--json`, else the lines for people. */
  show(value: unknown, lines: () => string): void;
  api<T>(work: (api: Api) => Promise<T>): Promise<T>;
  exit(code: number): void;
}

/** Opens the session of one command with its own `--json`. */
export type SessionOf = (options: { json?: boolean }) => Session;

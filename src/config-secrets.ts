import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Path } from './config-faults.ts';

/** Writes a fault down, with the place it is about. */
export type Tell = (path: Path, message: string, more?: { suggestion?: string | undefined; key?: boolean }) => void;

/** Answers the secret that the file points at, and tells what is missing where the file names it. */
export type TellSecret = (given: { env: string } | { file: string }, path: Path) => string;

/** A secret from where the file points; what is missing is told there, and the secret itself nowhere. */
export const secrets =
  (folder: string, env: Record<string, string | undefined>, tell: Tell): TellSecret =>
  (given, path) => {
    const value = 'env' in given ? env[given.env] : readSecret(resolve(folder, given.file));
    if (!value)
      tell(
        path,
        'env' in given ? `the environment variable ${given.env} is not set` : `the file ${given.file} is missing or empty`,
      );
    return value ?? '';
  };

function readSecret(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Whether an address is this machine: plain http may go there. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/**
 * What every vendor's sandbox is: a stateful, faithful simulator over a real socket, with the vendor's limits and faults.
 * The vendor's folder writes the behaviour; this file serves it.
 */

/** Faults that any sandbox can be told to show, on the next matching requests. */
export const faultKinds = [
  'throttle',
  'bare-403',
  'html-502',
  'hang',
  'drip',
  'cut-body',
  'garbage-200',
  'commit-then-drop',
  'drop-before-commit',
  'unauthorized',
  'server-error',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  kind: FaultKind;
  /** Only requests of this method, and whose path contains this text. */
  method?: string;
  path?: string;
  /** How many requests it hits; default 1. */
  times?: number;
  /** `Retry-After` value for `throttle`, in either form of the header. */
  retryAfter?: string;
}

export interface SandboxRequest {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  headers: Record<string, string | undefined>;
  body: Buffer;
}

export interface SandboxAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

export interface SandboxLogEntry {
  at: number;
  method: string;
  path: string;
  status: number;
}

/** A vendor's simulator without its socket. `handle` commits before it answers. */
export interface SandboxBehaviour {
  vendor: string;
  handle(request: SandboxRequest): SandboxAnswer | Promise<SandboxAnswer>;
  /** The vendor's own shape of a throttling answer. */
  throttled(retryAfter: string | undefined): SandboxAnswer;
  unauthorized(): SandboxAnswer;
  /** Requests at once that the vendor takes; one more is throttled. */
  connections?: number;
}

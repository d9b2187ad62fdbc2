import type { Readable } from 'node:stream';
import type { VNode } from 'preact';
import type { z } from 'zod';
import type { Needs } from '../../jobs/needs.ts';
import type { Actor, Role } from '../auth.ts';
import type { Translator } from './i18n.ts';

/** What the handler of a page is handed. */
export interface Ask<P = Record<string, string>, Q = Record<string, unknown>, B = Record<string, unknown>> {
  needs: Needs;
  actor: Actor;
  t: Translator;
  params: P;
  query: Q;
  body: B;
  /** The address of the person who asks, for throttling; never logged, never stored in the clear. */
  ip: string;
}

/** A page to show. */
export interface View {
  title: string;
  body: VNode;
  status?: number;
  /** The page changes by itself: `all`, or one run (`run:<id>`). What carries `data-live` is brought up to date. */
  live?: string;
}

/** Where to go after a form was sent. `said` is a key of the catalogue's area `said`: what was done, shown there once. */
export interface Redirect {
  to: string;
  said?: string;
}

/** A file to keep instead of a page. */
export interface Download {
  file: string;
  type: string;
  content: string | Readable;
}

/** One page or form of the console. Its roles are the whole permission: whoever has none of them is refused. */
export interface Page {
  method: 'GET' | 'POST';
  path: string;
  roles: readonly Role[];
  params?: z.ZodType;
  query?: z.ZodType;
  body?: z.ZodType;
  handle(ask: never): Promise<View | Redirect | Download>;
}

/** Writes a page down, with the types of its schemas in the handler. */
export function page<P = Record<string, string>, Q = Record<string, unknown>, B = Record<string, unknown>>(definition: {
  method: 'GET' | 'POST';
  path: string;
  roles: readonly Role[];
  params?: z.ZodType<P>;
  query?: z.ZodType<Q>;
  body?: z.ZodType<B>;
  handle(ask: Ask<P, Q, B>): Promise<View | Redirect | Download>;
}): Page {
  return definition as unknown as Page;
}

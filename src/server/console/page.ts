import type { Readable } from 'node:stream';
import type { VNode } from 'preact';
import type { z } from 'zod';
import type { Scope } from '../../core/scope.ts';
import type { Needs } from '../../jobs/needs.ts';
import type { SessionRow } from '../../store/sessions.ts';
import type { Actor, Role } from '../auth.ts';
import type { Language, Translator } from './i18n.ts';

/** What the handler of a page is handed. */
export interface Ask<P = Record<string, string>, Q = Record<string, unknown>, B = Record<string, unknown>> {
  needs: Needs;
  actor: Actor;
  /** Whom the actor sees on this page: every list of people is asked with it. Ids beyond it never arrive here. */
  scope: Scope;
  t: Translator;
  params: P;
  query: Q;
  body: B;
  /** The address of the person who asks, for throttling; never logged, never stored in the clear. */
  ip: string;
  /** Where this console was reached, for links that are handed over. */
  origin: string;
}

/** What the browser keeps from now on. */
interface Keeps {
  /** The token of a new session; null ends it here. */
  session?: string | null;
  /** The language somebody chose. */
  lang?: Language | undefined;
  /** What must be brought back from the identity provider, sealed; null: the journey is over. */
  journey?: string | null;
}

/** A page to show. */
export interface View extends Keeps {
  title: string;
  body: VNode;
  status?: number;
  /** The page changes by itself: `all`, or one run (`run:<id>`). What carries `data-live` is brought up to date. */
  live?: string;
  /** The whole page is in this language, whatever the browser asks for. */
  words?: Translator;
  /** Where the browser goes on by itself: what comes back from another site must leave it before the session counts. */
  goOn?: string;
}

/** Where to go after a form was sent. `said` is a key of the catalogue's area `said`: what was done, shown there once. */
export interface Redirect extends Keeps {
  to: string;
  said?: string;
  /** Only the identity provider: an address that is not this console's. */
  away?: string;
}

/** A file to keep instead of a page. */
export interface Download {
  file: string;
  type: string;
  content: string | Buffer | Readable;
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

/** What the handler of an open page is handed: nobody has to be signed in. */
export interface OpenAsk<P = Record<string, string>, Q = Record<string, unknown>, B = Record<string, unknown>>
  extends Omit<Ask<P, Q, B>, 'actor' | 'scope'> {
  actor: Actor | null;
  /** The session of somebody whose password was right and who owes a code. */
  half: SessionRow | null;
  /** The language that somebody chose here; undefined: it is the browser's, or the controller's. */
  chosen: Language | undefined;
  /** What the address carries after its path. */
  search: string;
  journey: string | undefined;
}

/** A way in: it opens to everybody, and takes a password or a link for what it gives. */
export interface OpenPage extends Omit<Page, 'roles' | 'handle'> {
  handle(ask: never): Promise<View | Redirect | Download>;
  open: true;
  /** A password or a session travels with it: not over plain http through a network. */
  secret: boolean;
}

export function openPage<P = Record<string, string>, Q = Record<string, unknown>, B = Record<string, unknown>>(definition: {
  method: 'GET' | 'POST';
  path: string;
  secret?: boolean;
  params?: z.ZodType<P>;
  query?: z.ZodType<Q>;
  body?: z.ZodType<B>;
  handle(ask: OpenAsk<P, Q, B>): Promise<View | Redirect | Download>;
}): OpenPage {
  return { secret: false, ...definition, open: true } as unknown as OpenPage;
}

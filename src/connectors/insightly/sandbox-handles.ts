import type { SandboxBehaviour } from '../sandbox.ts';
import type { KindName } from './objects.ts';
import type { CustomDefinition } from './sandbox-store.ts';

/** A customer of the fictional firm that `seed` makes: no real person, and addresses of a domain that cannot exist. */
export interface Customer {
  id: string;
  kind: 'contact' | 'lead';
  customer: boolean;
  givenName: string;
  familyName: string;
  email: string;
  newsletter: boolean;
  /** What accounting needs of a customer; absent on leads. */
  customerNumber?: string;
  phone?: string;
  street?: string;
  /** Acts for a firm. */
  organisation?: string;
}

/** Insightly's simulator, and what somebody at work in the product can do there. */
export interface InsightlySandbox extends SandboxBehaviour {
  /** Fills the register with a fictional firm's customers; answers who they are. */
  seed(count: number): Customer[];
  /** The handles below are somebody at work in the product, not the API. */
  add(kind: KindName, fields: Record<string, unknown>): string;
  update(kind: KindName, id: string, fields: Record<string, unknown>): void;
  remove(kind: KindName, id: string): void;
  /** Brings a record back from the bin; answers its id. */
  restore(kind: KindName, id: string): string;
  purge(): void;
  /** Hides a record from the key's user, or shows it again. */
  hide(kind: KindName, id: string, hidden?: boolean): void;
  /** The plan or the key's user lacks a whole kind of record, or has it again (null). */
  deny(kind: KindName, status: 403 | 404 | null): void;
  /** The key belongs to another pod: from now on everything answers 401, or 404 (third-party report); null brings it back. */
  moveAway(status: 401 | 404 | null): void;
  /** The key's user may not see a field: it is missing from every row, or null there (undocumented which); null shows it again. */
  conceal(kind: KindName, field: string, how: 'missing' | 'null' | null): void;
  /** A lead becomes a contact; answers the contact's id. */
  convert(lead: string): string;
  /** Two duplicates become one: the loser is gone from the API's view. */
  merge(winner: string, loser: string): void;
  /** Deleting this record answers 417 from now on. */
  keepFromDeletion(kind: KindName, id: string): void;
  define(kind: KindName, field: CustomDefinition): void;
  record(kind: KindName, id: string): Record<string, unknown> | undefined;
  ids(kind: KindName): string[];
  bin(kind: KindName): string[];
  /** Calls left today. */
  setQuota(left: number): void;
  webhookBody(kind: KindName, id: string): string;
  /** Resolves when every webhook under way was delivered or given up. */
  delivered(): Promise<void>;
}

import { createHash } from 'node:crypto';
import { defaultMergeFields, type MergeField, mergeInto } from './merge-fields.ts';
import { invalid } from './problem.ts';

/** What the simulated vendor keeps: one state per (audience, member), and what it remembers of those it forgot. */

export const statuses = ['subscribed', 'unsubscribed', 'cleaned', 'pending', 'transactional', 'archived'] as const;
export type Status = (typeof statuses)[number];
/** Who acts: the person, somebody in the vendor's pages, a caller of the API. */
export type Actor = 'user' | 'admin' | 'api';

export interface StoredMember {
  id: string;
  contact_id: string;
  web_id: number;
  unique_email_id: string;
  email_address: string;
  email_type: string;
  status: Status;
  merge_fields: Record<string, unknown>;
  interests: Record<string, boolean>;
  tags: { id: number; name: string }[];
  language: string;
  vip: boolean;
  source: string;
  /** ms. */
  lastChanged: number;
  signedUp: number | null;
  optedIn: number | null;
  unsubscribedBy: Actor | null;
  unsubscribedAt: number | null;
  archivedFrom: Status | null;
}

/** An audience and its members as a seed tells them. */
export interface AudienceSeed {
  id: string;
  name?: string | undefined;
  double_optin?: boolean | undefined;
  /** Beside FNAME, LNAME, ADDRESS and PHONE; one with their tag replaces them. */
  merge_fields?: Partial<MergeField>[] | undefined;
  /** Interests, each in a category of its own name. */
  interests?: Interest[] | undefined;
  members?: MemberSeed[] | undefined;
}

export interface Interest {
  id: string;
  name: string;
  category: string;
}

/** A member in short: the address, perhaps a status (default `subscribed`), and merge tags. */
export interface MemberSeed {
  email: string;
  status?: Status | undefined;
  [mergeTag: string]: unknown;
}

export interface Hook {
  id: string;
  url: string;
  events: Record<string, boolean>;
  sources: Record<Actor, boolean>;
  secret: string | null;
  disabled: boolean;
}

export const md5 = (text: string) => createHash('md5').update(text, 'utf8').digest('hex');
export const hashOf = (email: string) => md5(email.trim().toLowerCase());

export class Audience {
  readonly id: string;
  readonly web_id: number;
  readonly name: string;
  double_optin: boolean;
  readonly mergeFields: MergeField[];
  readonly interests: readonly Interest[];
  readonly forgotten = new Set<string>();
  readonly hooks: Hook[] = [];
  readonly #byHash = new Map<string, StoredMember>();
  readonly #byContact = new Map<string, StoredMember>();

  constructor(seed: Pick<AudienceSeed, 'id' | 'name' | 'double_optin' | 'merge_fields' | 'interests'>, web_id: number) {
    this.id = seed.id;
    this.web_id = web_id;
    this.name = seed.name ?? `Audience ${seed.id}`;
    this.double_optin = seed.double_optin ?? false;
    this.interests = seed.interests ?? [];
    this.mergeFields = defaultMergeFields();
    for (const field of seed.merge_fields ?? []) this.addMergeField(field);
  }

  addMergeField(field: Partial<MergeField>): void {
    const at = this.mergeFields.findIndex((f) => f.tag === field.tag);
    const whole: MergeField = {
      merge_id: this.mergeFields.length + 1,
      tag: 'MMERGE',
      name: field.tag ?? 'Field',
      type: 'text',
      required: false,
      ...field,
    };
    if (at >= 0) this.mergeFields[at] = whole;
    else this.mergeFields.push(whole);
  }

  get members(): StoredMember[] {
    return [...this.#byHash.values()];
  }

  byEmail(email: string): StoredMember | undefined {
    return this.#byHash.get(hashOf(email));
  }

  byHash(hash: string): StoredMember | undefined {
    return this.#byHash.get(hash.toLowerCase());
  }

  /** A hash, the plain address or the contact's id. */
  find(key: string, takesContactIds = true): StoredMember | undefined {
    return this.byHash(key) ?? this.byEmail(key) ?? (takesContactIds ? this.#byContact.get(key) : undefined);
  }

  insert(email: string, status: Status, now: number, number: number): StoredMember {
    const member: StoredMember = {
      ...identityOf(email),
      contact_id: md5(`contact ${this.id} ${number}`),
      web_id: 500_000_000 + number,
      email_type: 'html',
      status,
      merge_fields: mergeInto(this.mergeFields, {}, {}, true),
      interests: Object.fromEntries(this.interests.map(({ id }) => [id, false])),
      tags: [],
      language: '',
      vip: false,
      source: 'API - Generic',
      lastChanged: now,
      signedUp: status === 'pending' ? now : null,
      optedIn: status === 'subscribed' ? now : null,
      unsubscribedBy: status === 'unsubscribed' ? 'api' : null,
      unsubscribedAt: status === 'unsubscribed' ? now : null,
      archivedFrom: null,
    };
    this.#byHash.set(member.id, member);
    this.#byContact.set(member.contact_id, member);
    return member;
  }

  /** A new address: hash and address id change, the contact stays who they are. */
  rename(member: StoredMember, email: string): void {
    this.#byHash.delete(member.id);
    Object.assign(member, identityOf(email));
    this.#byHash.set(member.id, member);
  }

  forget(member: StoredMember): void {
    this.#byHash.delete(member.id);
    this.#byContact.delete(member.contact_id);
    this.forgotten.add(member.id);
  }

  hasForgotten(email: string): boolean {
    return this.forgotten.has(hashOf(email));
  }

  /** The person came back by a form of Mailchimp's own. */
  welcomeBack(email: string): void {
    this.forgotten.delete(hashOf(email));
  }
}

const identityOf = (email: string) => ({
  email_address: email.trim(),
  id: hashOf(email),
  unique_email_id: md5(`address ${email.trim().toLowerCase()}`).slice(0, 10),
});

/** Reserved domains fail (seen for example.com); nothing is said about others. */
export function checkAddress(email: unknown): string {
  if (typeof email !== 'string' || !/^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(email.trim()))
    throw invalid('Please provide a valid email address.');
  if (/@example\.com$/i.test(email.trim())) throw invalid(`${email} looks fake or invalid, please enter a real email address.`);
  return email.trim();
}

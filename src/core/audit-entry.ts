import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Evidence, Outcome } from './duty.ts';
import { findIdentityCodes } from './identity-code.ts';

/**
 * What happened, in closed words. The log is kept for years and cannot be changed, so it must never hold personal data: ids,
 * codes and a pseudonym whose nonce is destroyed with the person. No free text and nothing a vendor said.
 */
export const actions = [
  'subject.seen',
  'change.received',
  'duty.raised',
  'duty.moved',
  'case.opened',
  'case.first-approved',
  'case.approved',
  'case.refused',
  'case.withdrawn',
  'case.closed',
  'case.extended',
  'case.paused',
  'case.resumed',
  'case.corrected',
  'identity.noted',
  'intake.received',
  'intake.read',
  'intake.taken',
  'intake.dismissed',
  'answer.prepared',
  'answer.handed-over',
  'answer.expired',
  'letter.made',
  'letter.sent',
  'evidence.made',
  'restriction.announced',
  'restriction.lifted',
  'duty.excepted',
  'permission.refused',
  'permission.granted',
  'link.made',
  'link.removed',
  'subject.merged',
  'subject.tied',
  'subject.untied',
  'subject.split',
  'hold.opened',
  'hold.released',
  'legal-hold.placed',
  'legal-hold.released',
  'legal-hold.prolonged',
  'parked.moved',
  'recheck.done',
  'purpose.over',
  'purpose.resumed',
  'task.asked',
  'task.answered',
  'task.revealed',
  'task.mailed',
  'task.bounced',
  'task.questioned',
  'tombstone.written',
  'tombstone.lifted',
  'erasure.replayed',
  'ledger.backed-up',
  'ledger.restored',
  'key.rotated',
  'log.trimmed',
  'checkpoint.delivered',
  'checkpoint.compared',
  'rearrival.held',
  'run.started',
  'run.finished',
  'run.steered',
  'drift.finished',
  'drift.repaired',
  'token.created',
  'system.paused',
  'system.resumed',
  'recipient.linked',
  'export.taken',
  'sweep.finished',
  'check.done',
  'person.read',
  'clock.moved',
  'sign-in.done',
  'sign-in.failed',
  'session.ended',
  'account.created',
  'account.roles',
  'account.linked',
  'account.password',
  'account.factor',
  'account.locked',
  'account.unlocked',
  'account.disabled',
  'account.enabled',
] as const;
export type Action = (typeof actions)[number];

export interface AuditEntry {
  v: 1;
  /** UUID. */
  id: string;
  /** ISO 8601, UTC. */
  time: string;
  /** Who acted: `kaiku`, a token's id, an OS user; never an address. */
  actor: string;
  action: Action;
  system?: string;
  /** `subjectRef`: hex, 64 characters. */
  subject?: string;
  duty?: string;
  case?: string;
  step?: string;
  from?: string;
  to?: string;
  outcome?: Outcome;
  evidence?: Evidence;
  version?: number;
  /** A code, never a text that somebody typed. */
  reason?: string;
  code?: string;
}

/** An entry that may not enter the log. Names the field, never the value. */
export class AuditEntryError extends Error {
  override readonly name = 'AuditEntryError';
  readonly field: string;

  constructor(field: string, why: string) {
    super(`the audit entry's "${field}" ${why}`);
    this.field = field;
  }
}

const required = ['v', 'id', 'time', 'actor', 'action'] as const;
const optional = [
  'system',
  'subject',
  'duty',
  'case',
  'step',
  'from',
  'to',
  'outcome',
  'evidence',
  'version',
  'reason',
  'code',
] as const satisfies readonly (keyof AuditEntry)[];
const known = new Set<string>([...required, ...optional]);

/** The leaf's bytes and the exported line: RFC 8785 JSON, no newline. Throws `AuditEntryError` for what must not enter. */
export function entryLine(entry: AuditEntry): string {
  const kept = Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
  for (const field of required) if (!(field in kept)) throw new AuditEntryError(field, 'is missing');
  for (const [field, value] of Object.entries(kept)) {
    if (!known.has(field)) throw new AuditEntryError(field, 'is not a field of the log');
    if (field === 'v' || field === 'version') {
      if (!Number.isSafeInteger(value) || Number(value) < 0) throw new AuditEntryError(field, 'is not a count');
    } else if (typeof value !== 'string') throw new AuditEntryError(field, 'is not a text');
    else checkText(field, value);
  }
  return canonicalize(kept) ?? '';
}

/** The subject's pseudonym in the log: hex of SHA-256(nonce ‖ id). Without the nonce nobody can tie the two. */
export function subjectRef(nonce: Buffer, id: string): string {
  return createHash('sha256').update(nonce).update(id, 'utf8').digest('hex');
}

const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;
const isoTime = /\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?/g;

/** The second lock: whoever builds an entry should never have held a value; this refuses the likely slips all the same. */
function checkText(field: string, value: string): void {
  if (value === '' || value.length > 200) throw new AuditEntryError(field, 'is empty or too long for a code');
  if (field === 'action' && !actions.some((action) => action === value))
    throw new AuditEntryError(field, 'is no action of the log');
  if (field === 'subject') {
    if (!/^[0-9a-f]{64}$/.test(value)) throw new AuditEntryError(field, 'is not a pseudonym');
    return;
  }
  if (field !== 'actor' && /\s/u.test(value)) throw new AuditEntryError(field, 'is a text, not a code');
  const looked = value.replace(uuid, 'ID').replace(isoTime, 'TIME');
  if (/[^\s@]@[^\s@]|%40/i.test(looked)) throw new AuditEntryError(field, 'looks like an e-mail address');
  if (findIdentityCodes(looked).length > 0) throw new AuditEntryError(field, 'looks like an identity code');
  if (looksLikePhone(looked)) throw new AuditEntryError(field, 'looks like a phone number');
}

/** Seven digits or more in a row, with the marks people put between them; hexadecimal ids have letters around theirs. */
function looksLikePhone(value: string): boolean {
  return /(?<![\p{L}\p{N}])\+?\(?\d(?:[ ().\-/\u00a0\u2010-\u2013]{0,2}\d){6,}(?![\p{L}\p{N}])/u.test(value);
}

import { normalise } from './identifier.ts';
import { findIdentityCodes } from './identity-code.ts';

/**
 * A request that somebody sent by the public form, from the form to a case:
 *
 *   unconfirmed ──link opened──▶ confirmed ──one person has the address──▶ taken (a case is open)
 *        │                           └──nobody, several, unclear──▶ waiting ──a person──▶ taken, or dismissed
 *        └──nobody opened the link──▶ forgotten                        ▲
 *        └──the mail could not be sent for hours───────────────────────┘
 */
export const intakeStates = ['unconfirmed', 'confirmed', 'waiting', 'taken', 'dismissed'] as const;
export type IntakeState = (typeof intakeStates)[number];

/** Why no case came of a request, in a code: `nobody-known` is also told to the sender. */
export const dismissals = ['nobody-known', 'not-a-request', 'opened-otherwise', 'withdrawn', 'identity-unproven'] as const;
export type Dismissal = (typeof dismissals)[number];

/** How long a link may wait to be opened, in days; what was not confirmed then is forgotten. */
export const linkDays = 3;

/** What one sender may do: forms an hour from one network address, mails a day to one mailbox, mails an hour in all. */
export const formLimits = { perSenderHour: 10, perMailboxDay: 3, perHour: 300 } as const;

/** What a sender wrote. */
export interface FormText {
  name: string;
  email: string;
  phone: string;
  message: string;
}

export interface FormFault {
  field: keyof FormText;
  code: 'missing' | 'too-long' | 'no-email' | 'no-phone' | 'identity-code';
}

const longest: Readonly<Record<keyof FormText, number>> = { name: 200, email: 254, phone: 40, message: 2000 };

/** What is wrong with a form, all at once. An identity code is refused wherever it stands: nobody is asked for one here. */
export function checkForm(given: FormText): FormFault[] {
  const faults: FormFault[] = [];
  for (const field of ['name', 'email', 'phone', 'message'] as const) {
    const text = given[field].trim();
    if (text.length > longest[field]) faults.push({ field, code: 'too-long' });
    else if (findIdentityCodes(text).length > 0) faults.push({ field, code: 'identity-code' });
    else if (text === '' && (field === 'name' || field === 'email')) faults.push({ field, code: 'missing' });
    else if (field === 'email' && !isMailbox(text)) faults.push({ field, code: 'no-email' });
    else if (field === 'phone' && text !== '' && normalise('phone', text) === null) faults.push({ field, code: 'no-phone' });
  }
  return faults;
}

/** One address that a mail can go to, and nothing that would make it two. */
const isMailbox = (text: string) =>
  /^[^\s@,;<>"()]+@[^\s@,;<>"()]+\.[^\s@,;<>"()]+$/.test(text) && normalise('email', text) !== null;

/** What came of looking for the sender in the registers. */
export type Sought = { kind: 'one'; subject: string } | { kind: 'waits'; reason: 'nobody-known' | 'several-people' };

/** One living person has the address in the role the sender named: theirs is the case. Anything else is for a person to see. */
export function whoSent(role: string | null, found: readonly { id: string; role: string; state: string }[]): Sought {
  const living = found.filter((s) => s.state !== 'erased' && (role === null || s.role === role));
  const [only] = living;
  if (!only) return { kind: 'waits', reason: 'nobody-known' };
  return living.length > 1 ? { kind: 'waits', reason: 'several-people' } : { kind: 'one', subject: only.id };
}

/**
 * The roles in which the sender's mailbox is known, where they named none and it is known in several: what they asked concerns each,
 * and each is looked after by other people.
 */
export function rolesSent(role: string | null, found: readonly { role: string; state: string }[]): string[] {
  if (role !== null) return [];
  const living = new Set(found.filter((s) => s.state !== 'erased').map((s) => s.role));
  return living.size > 1 ? [...living].sort() : [];
}

/** What a mail server refuses for good: a mailbox that is none. Codes as `EENVELOPE-550`. */
export const isRefusedForGood = (code: string): boolean => /-5\d\d$/.test(code) && /^E(ENVELOPE|MESSAGE)/.test(code);

import type { Recipient } from '../connectors/connector.ts';
import type { Call } from '../connectors/http.ts';
import type { Fields } from '../core/person.ts';
import { lastAnswer } from '../store/tasks.ts';
import { settled, type Taken } from './converge-taken.ts';
import type { View } from './converge-view.ts';
import { envelopeFields } from './erasure.ts';
import type { Needs } from './needs.ts';

/**
 * What other rows still show of somebody whose own row is gone (`recipient.traces`). Null: nothing, and the erasure counts as it was seen.
 * A row that is the person asks the people once more. One that may be another's asks them too, and ends at what they state, for no
 * export can show it. The same where nobody has the values any more to look for.
 */
export async function tracesLeft(needs: Needs, recipient: Recipient, view: View, call: Call): Promise<'ask' | 'stated' | null> {
  if (!recipient.traces || view.input.subject.state === 'active') return null;
  const found = await tracesOf(recipient, (view.erasure ? envelopeFields(needs, view.erasure) : null) ?? view.fields, call);
  if (found === 'none') return null;
  const said = found === 'doubtful' ? await lastAnswer(needs.db, view.duty.id) : undefined;
  return said?.ask === 'erase' && (said.outcome === 'erased' || said.outcome === 'absent') ? 'stated' : 'ask';
}

/** Without values there is nothing to look for, and nobody can say that it is not there. */
export const tracesOf = async (recipient: Recipient, fields: Fields | null, call: Call) =>
  fields && Object.keys(fields).length > 0 ? ((await recipient.traces?.(fields, call)) ?? 'none') : 'doubtful';

export const sharedValue = 'shared-value';

/** The people are asked, because the system cannot tell. */
export const askAboutTraces = (): Taken & { kind: 'settled' } => ({
  ...settled('refused', 'acknowledged', sharedValue),
  ask: 'erase',
  called: true,
});

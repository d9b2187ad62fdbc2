import { Failure } from '../../core/failure.ts';
import type { RightProbe } from '../connector.ts';
import type { Call } from '../http.ts';
import type { Contacts } from './contacts.ts';
import { keysIn } from './webhook.ts';

/** The version of the contract that this folder speaks. */
export const contract = 'kaiku-panel-1';

export const rights = ['read', 'correct', 'restrict', 'erase'] as const;

/** The panel says itself what the token may do; what it says of reading is tried. */
export async function checkRights(contacts: Contacts, secrets: string | undefined, call: Call): Promise<RightProbe[]> {
  const about = await contacts.about(call);
  const probes = rights.map((right) =>
    probe(right, about.rights.includes(right), 'the panel does not give this right to the token'),
  );
  if (about.contract !== contract)
    probes.push(probe('contract', false, `the panel does not speak ${contract}: Kaiku would misunderstand it`));
  if (secrets !== undefined)
    probes.push(
      probe('webhook', keysIn(secrets) !== null, 'webhookSecret must be one or two secrets of the form whsec_<base64>'),
    );
  return about.rights.includes('read') ? [...probes, await changesRead(contacts, call)] : probes;
}

async function changesRead(contacts: Contacts, call: Call): Promise<RightProbe> {
  try {
    await contacts.changes(null, call);
    return probe('read changes', true, '');
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'RIGHT_MISSING') throw error;
    return probe('read changes', false, 'the token may read contacts, and not what changed');
  }
}

const probe = (right: string, ok: boolean, problem: string): RightProbe => (ok ? { right, ok } : { right, ok, problem });

import { randomBytes } from 'node:crypto';
import { Failure } from '../../core/failure.ts';
import type { RightProbe } from '../connector.ts';
import type { Call } from '../http.ts';
import { missing } from './check-fields.ts';
import type { Client } from './client.ts';
import { kinds } from './objects.ts';
import { everyRow } from './pages.ts';
import { parseId, parseRow, type Row, textOf } from './row.ts';

/**
 * The contact that `kaiku check --write-test` makes is in the register for a moment, or for good where it cannot be removed again, and
 * a poll or a sweep of any process may meet it. Its last name carries 128 random bits, which no person's does: a row with such a name is
 * nobody, whoever made it and with whichever key. A copy of it that somebody names after a person is that person again.
 */
const lastName = (token: string) => `Write test ${token}, may be deleted`;
const marked = /^Write test [0-9a-f]{32}, may be deleted$/;

export const isMarked = (row: Row): boolean =>
  textOf(row, 'FIRST_NAME') === 'Kaiku' && marked.test(textOf(row, 'LAST_NAME') ?? '');

const right = 'contacts: write';
const advice = 'give the user whose key this is the right to add, edit and delete contacts';

/**
 * Makes, changes, reads back and removes the marked contact. It is removed however the rest went; where even that fails, the answer names
 * it, for somebody to remove it by hand.
 */
export async function probeWriting(client: Client, call: Call): Promise<RightProbe> {
  const made: Made = { name: lastName(randomBytes(16).toString('hex')), id: null, isUnsure: false };
  let failed: { error: unknown } | undefined;
  let isProven = false;
  try {
    isProven = await write(client, made, call);
  } catch (error) {
    failed = { error };
  }
  const removal = await remove(client, made, call);
  if (removal.kind === 'remains') return { right, ok: false, problem: removal.problem };
  if (failed) return missing(right, failed.error, advice);
  return isProven && removal.kind === 'removed' ? { right, ok: true } : { right, ok: false, problem: advice };
}

const isLost = (error: unknown) => error instanceof Failure && error.next === 'read-first';

interface Made {
  name: string;
  id: string | null;
  /** The answer was lost or spoilt: the contact may be there under an id that we do not know. */
  isUnsure: boolean;
}

async function write(client: Client, made: Made, call: Call): Promise<boolean> {
  try {
    const body = { FIRST_NAME: 'Kaiku', LAST_NAME: made.name, EMAIL_OPTED_OUT: false };
    made.id = parseId(kinds.contact, await client.post(kinds.contact, body, call));
  } catch (error) {
    made.isUnsure = isLost(error);
    throw error;
  }
  const put = await client.put(kinds.contact, { CONTACT_ID: Number(made.id), EMAIL_OPTED_OUT: true }, call);
  const back = await client.get(kinds.contact, made.id, call);
  return put === 'accepted' && back.kind === 'found' && parseRow(kinds.contact, back.row).standard.EMAIL_OPTED_OUT === true;
}

type Removal = { kind: 'removed' | 'not-there' } | { kind: 'remains'; problem: string };

async function remove(client: Client, made: Made, call: Call): Promise<Removal> {
  const called = made.id === null ? '' : ` ${made.id}`;
  const problem = `the marked contact${called} remains: open Contacts in Insightly, look for "Kaiku ${made.name}" and delete it; ${advice}`;
  try {
    const id = made.id ?? (made.isUnsure ? await idOf(client, made.name, call) : null);
    if (id === null) return { kind: 'not-there' };
    const said = await client.delete(kinds.contact, id, call).catch(async (error: unknown) => {
      // a lost answer is looked after, never sent again
      if (isLost(error) && (await client.get(kinds.contact, id, call)).kind === 'gone') return 'accepted' as const;
      throw error;
    });
    if (said === 'failed') return { kind: 'remains', problem };
    return { kind: said === 'accepted' ? 'removed' : 'not-there' };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { kind: 'remains', problem };
  }
}

async function idOf(client: Client, name: string, call: Call): Promise<string | null> {
  const query = { field_name: 'LAST_NAME', field_value: name };
  const idOfRow = (row: unknown) => parseId(kinds.contact, row);
  for await (const rows of everyRow(client, kinds.contact, { how: '/Search', query, top: 10, idOf: idOfRow }, call))
    for (const row of rows) if (textOf(parseRow(kinds.contact, row), 'LAST_NAME') === name) return idOfRow(row);
  return null;
}

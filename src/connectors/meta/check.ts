import { Failure } from '../../core/failure.ts';
import type { RightProbe } from '../connector.ts';
import type { Call } from '../http.ts';
import type { CustomerList, MetaClient } from './client.ts';
import type { MetaSettings } from './settings.ts';

export interface CheckNeeds {
  client: MetaClient;
  settings: MetaSettings;
  /** The hash of nobody: 64 random hexadecimal digits. */
  mark(): string;
}

const right =
  'give the system user the ad account with the task to manage campaigns, and its token the permission ads_management';

/**
 * Reads the lists of each ad account, and names those that Meta flagged. Whether somebody may be taken out shows only in doing it: the
 * write test takes a random hash, which is nobody's, out of the first list.
 */
export async function checkRights({ client, settings, mark }: CheckNeeds, call: Call, writeTest: boolean): Promise<RightProbe[]> {
  const probes: RightProbe[] = [];
  for (const account of settings.adAccounts) {
    let lists: CustomerList[] = [];
    const read = await probe(`audiences ${account}`, async () => {
      lists = await client.customerLists(account, call);
      return undefined;
    });
    probes.push(read, ...lists.filter(({ isFlagged }) => isFlagged).map(flagged));
    if (read.ok) probes.push(await removal(client, account, lists, writeTest ? mark() : null, call));
  }
  return probes;
}

const flagged = ({ id }: CustomerList): RightProbe => ({
  right: `audience ${id}`,
  ok: null,
  problem: 'Meta flagged this list: whoever is in it stays in until the restriction is solved in the Ads Manager',
});

async function removal(
  client: MetaClient,
  account: string,
  lists: readonly CustomerList[],
  nobody: string | null,
  call: Call,
): Promise<RightProbe> {
  const name = `removal ${account}`;
  const first = lists.find(({ isFlagged }) => !isFlagged);
  if (!first) return { right: name, ok: null, problem: 'the ad account has no customer list that can be changed' };
  if (nobody === null) return { right: name, ok: null, problem: 'provable only by a removal: --write-test does' };
  return probe(name, async () => {
    const said = await client.remove(first.id, 'EMAIL', nobody, call);
    return said === 'accepted' ? undefined : `the removal of nobody was refused: ${said}`;
  });
}

async function probe(name: string, work: () => Promise<string | undefined>): Promise<RightProbe> {
  try {
    const problem = await work();
    return problem === undefined ? { right: name, ok: true } : { right: name, ok: false, problem };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.code === 'RIGHT_MISSING') return { right: name, ok: false, problem: error.hint ?? right };
    if (error.code === 'CREDENTIALS_REJECTED')
      return { right: name, ok: false, problem: 'Meta rejects the token: make a new one for the system user' };
    throw error;
  }
}

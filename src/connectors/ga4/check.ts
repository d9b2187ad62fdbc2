import { Failure } from '../../core/failure.ts';
import type { RightProbe } from '../connector.ts';
import type { Call } from '../http.ts';
import type { Ga4Client } from './client.ts';
import { placesOf } from './mapping.ts';
import type { Ga4Settings } from './settings.ts';

export interface CheckNeeds {
  client: Ga4Client;
  settings: Ga4Settings;
  /** A client id that nobody has. */
  mark(): string;
}

const role = 'give the service account the role Editor of the property, under Admin, Property access management';

/**
 * Reads each property. Whether a deletion is allowed shows only in asking for one: the write test asks for that of a made-up
 * identifier, which is nobody's.
 */
export async function checkRights({ client, settings, mark }: CheckNeeds, call: Call, writeTest: boolean): Promise<RightProbe[]> {
  const probes: RightProbe[] = [];
  for (const property of settings.properties) {
    const sees: RightProbe =
      settings.api === 'admin'
        ? await probe(`property ${property}`, async () => {
            if (!(await client.seesProperty(property, call)))
              return `there is no property ${property}, or the account does not see it`;
            return undefined;
          })
        : { right: `property ${property}`, ok: null, problem: 'the v3 API shows no property' };
    probes.push(sees);
    if (sees.ok === false) continue;
    probes.push(
      writeTest
        ? await probe(`user-deletion ${property}`, async () => {
            const said = await client.submitDeletion({ property, kind: firstKind(settings) }, mark(), call);
            return said === 'accepted' ? undefined : `the deletion of a made-up user was refused: ${said}`;
          })
        : { right: `user-deletion ${property}`, ok: null, problem: 'provable only by asking for a deletion: --write-test does' },
    );
  }
  return probes;
}

/** A made-up client id fits every property; one that knows people by another identifier alone is asked by that. */
const firstKind = (settings: Ga4Settings) => {
  const kinds = [...placesOf(settings).values()].map(({ kind }) => kind);
  return kinds.find((kind) => kind !== 'userProvidedData') ?? 'clientId';
};

async function probe(right: string, work: () => Promise<string | undefined>): Promise<RightProbe> {
  try {
    const problem = await work();
    return problem === undefined ? { right, ok: true } : { right, ok: false, problem };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.code === 'RIGHT_MISSING') return { right, ok: false, problem: role };
    if (error.code === 'CREDENTIALS_REJECTED')
      return { right, ok: false, problem: error.hint ?? 'Google rejects the service account: make a new key for it' };
    throw error;
  }
}

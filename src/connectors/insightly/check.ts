import { Failure } from '../../core/failure.ts';
import type { RightProbe } from '../connector.ts';
import type { Call } from '../http.ts';
import { missing, probeFields } from './check-fields.ts';
import type { Client } from './client.ts';
import type { Mapping } from './mapping.ts';
import { probeWriting } from './write-test.ts';

/** Reads each kind of record once and looks every configured field up; with `writeTest` makes, changes and removes a marked contact. */
export async function checkRights(client: Client, mapping: Mapping, call: Call, writeTest: boolean): Promise<RightProbe[]> {
  const { settings } = mapping;
  const rights: { right: string; path: string; advice: string }[] = [
    { right: 'users/me: read', path: 'Users/Me', advice: 'switch API access on for the user whose key this is' },
    {
      right: 'contacts: read',
      path: 'Contacts?brief=true&top=1',
      advice: 'give the user whose key this is the right to read contacts; best is an administrator of its own',
    },
  ];
  if (settings.leads)
    rights.push({
      right: 'leads: read',
      path: 'Leads?brief=true&top=1',
      advice: 'give that user the right to read leads, or set leads: false where the plan has none',
    });
  if (settings.organisations) {
    rights.push({
      right: 'organisations: read',
      path: 'Organisations?brief=true&top=1',
      advice: 'give that user the right to read organisations, or set organisations: false',
    });
  }
  const probes: RightProbe[] = [];
  try {
    for (const { right, path, advice } of rights) probes.push(await probe(right, path, advice, client, call));
    probes.push(...(await probeFields(client, mapping, call)));
    probes.push(
      writeTest
        ? await probeWriting(client, call)
        : { right: 'contacts: write', ok: null, problem: 'provable only by writing; --write-test tries it' },
    );
  } catch (error) {
    // what was found until the day's calls ran out is still worth reading
    if (!(error instanceof Failure && error.code === 'RECIPIENT_QUOTA_SPENT')) throw error;
    const hours = Math.ceil((error.retryAfterMs ?? 0) / 3_600_000);
    return [...probes, { right: 'daily quota', ok: false, problem: `no calls are left today; asked again within ${hours} h` }];
  }
  return [...probes, ...quotaProbe(client)];
}

function quotaProbe(client: Client): RightProbe[] {
  const [left, limit] = [client.left(), client.limit()];
  if (left === null) return [];
  const of = limit === null ? '' : ` of ${limit}`;
  return [
    left > 0
      ? { right: 'daily quota', ok: true, problem: `${left}${of} calls are left today` }
      : { right: 'daily quota', ok: false, problem: `none${of} calls are left today` },
  ];
}

async function probe(right: string, path: string, advice: string, client: Client, call: Call): Promise<RightProbe> {
  try {
    const { status } = await client.probe(path, call);
    // a plan without the object answers 403 or 404
    if (status >= 200 && status < 300) return { right, ok: true };
    // an older account may lack this call altogether; the key itself was accepted
    if (right === 'users/me: read' && status === 404) return { right, ok: true };
    return { right, ok: false, problem: advice };
  } catch (error) {
    return missing(right, error, advice);
  }
}

import { z } from 'zod';
import { Failure } from '../../core/failure.ts';
import type { RightProbe } from '../connector.ts';
import type { Call } from '../http.ts';
import { type Client, mustBe } from './client.ts';
import { configuredFields, type Mapping } from './mapping.ts';
import { type KindName, kinds } from './objects.ts';
import { parseRow } from './row.ts';

const Definition = z.object({ FIELD_NAME: z.string(), FIELD_FOR: z.string().nullish() });
const keyAdvice =
  'the API key is rejected: renew it under User Settings, API, and compare the pod in baseUrl with the API URL shown there';

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

/** An unreachable system is no missing right: that failure travels on. */
function missing(right: string, error: unknown, advice: string): RightProbe {
  if (!(error instanceof Failure)) throw error;
  if (error.code === 'CREDENTIALS_REJECTED') return { right, ok: false, problem: keyAdvice };
  if (error.code === 'RIGHT_MISSING' || error.code === 'RECIPIENT_REFUSED') return { right, ok: false, problem: advice };
  throw error;
}

/** A field that does not exist is read as unset for ever: a refusal or an erasure would never be seen. */
async function probeFields(client: Client, mapping: Mapping, call: Call): Promise<RightProbe[]> {
  const wanted = configuredFields(mapping);
  const probes: RightProbe[] = [];
  for (const kind of ['contact', 'lead', 'organisation'] as const) {
    const names = [...new Set(wanted.filter((field) => field.kind === kind).map(({ field }) => field))];
    if (names.length === 0) continue;
    const right = `${kind}s: configured fields`;
    try {
      const known = [...Object.keys(kinds[kind].fields), ...(await customFields(client, kind, call))];
      const problems = names
        .filter((name) => !known.includes(name))
        .map((name) => `${name} is no field of a ${kind}; the nearest is ${nearest(name, known)}`);
      probes.push(problems.length === 0 ? { right, ok: true } : { right, ok: false, problem: problems.join('; ') });
    } catch (error) {
      probes.push(
        missing(right, error, 'the list of custom fields cannot be read; give the user whose key this is access to them'),
      );
    }
  }
  return probes;
}

/** Asked for a kind that it does not know, Insightly lists the fields of all kinds (third-party report): `FIELD_FOR` decides. */
async function customFields(client: Client, kind: KindName, call: Call): Promise<string[]> {
  const { fieldFor } = kinds[kind];
  const { status, body } = await client.probe(`CustomFields/${fieldFor}`, call);
  if (status < 200 || status >= 300) throw new Failure('RIGHT_MISSING', { status });
  return mustBe(z.array(Definition), body).flatMap((d) => (d.FIELD_FOR?.toUpperCase() === fieldFor ? [d.FIELD_NAME] : []));
}

async function probeWriting(client: Client, call: Call): Promise<RightProbe> {
  const right = 'contacts: write';
  const advice = 'give the user whose key this is the right to add, edit and delete contacts';
  try {
    const made = parseRow(
      kinds.contact,
      await client.post(
        kinds.contact,
        { FIRST_NAME: 'Kaiku', LAST_NAME: 'Write test, may be deleted', EMAIL_OPTED_OUT: false },
        call,
      ),
    );
    const put = await client.put(kinds.contact, { CONTACT_ID: Number(made.id), EMAIL_OPTED_OUT: true }, call);
    const back = await client.get(kinds.contact, made.id, call);
    const removed = await client.delete(kinds.contact, made.id, call);
    const shows = back.kind === 'found' && parseRow(kinds.contact, back.row).standard.EMAIL_OPTED_OUT === true;
    return put === 'accepted' && shows && removed === 'accepted' ? { right, ok: true } : { right, ok: false, problem: advice };
  } catch (error) {
    return missing(right, error, advice);
  }
}

function nearest(name: string, known: readonly string[]): string {
  return known.reduce(
    (best, other) =>
      distance(name.toLowerCase(), other.toLowerCase()) < distance(name.toLowerCase(), best.toLowerCase()) ? other : best,
    known[0] ?? '',
  );
}

/** How many letters must be added, dropped or changed. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}

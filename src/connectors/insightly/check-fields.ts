import { Failure } from '../../core/failure.ts';
import type { FieldIs, RightProbe } from '../connector.ts';
import type { Call } from '../http.ts';
import type { Client } from './client.ts';
import { type Definition, readDefinitions } from './definitions.ts';
import { configuredFields, type Mapping, mapOf } from './mapping.ts';
import { kinds } from './objects.ts';

const keyAdvice =
  'the API key is rejected: renew it under User Settings, API, and compare the pod in baseUrl with the API URL shown there';

/** An unreachable system is no missing right: that failure travels on. */
export function missing(right: string, error: unknown, advice: string): RightProbe {
  if (!(error instanceof Failure)) throw error;
  if (error.code === 'CREDENTIALS_REJECTED') return { right, ok: false, problem: keyAdvice };
  if (error.code === 'RIGHT_MISSING' || error.code === 'RECIPIENT_REFUSED') return { right, ok: false, problem: advice };
  throw error;
}

/**
 * Looks up every configured field, and whether a signal can be set at all: a field that does not exist, or an option that nobody
 * can choose, is read as unset for ever, and a refusal or an erasure would never be seen. Throws what the lookup throws.
 */
export async function probeFields(client: Client, mapping: Mapping, call: Call): Promise<RightProbe[]> {
  const wanted = configuredFields(mapping);
  const probes: RightProbe[] = [];
  for (const kind of ['contact', 'lead', 'organisation'] as const) {
    const names = [...new Set(wanted.filter((field) => field.kind === kind).map(({ field }) => field))];
    const signals = kind === 'organisation' || (kind === 'lead' && !mapping.settings.leads) ? [] : signalsOf(mapping);
    if (names.length === 0 && signals.length === 0) continue;
    const right = `${kind}s: configured fields`;
    let defined: Definition[];
    try {
      defined = await readDefinitions(client, kind, call);
    } catch (error) {
      probes.push(
        missing(right, error, 'the list of custom fields cannot be read; give the user whose key this is access to them'),
      );
      continue;
    }
    const known = [...Object.keys(kinds[kind].fields), ...defined.map(({ name }) => name)];
    const unknown = (list: readonly string[]) =>
      list
        .filter((name) => !known.includes(name))
        .map((name) => `${name} is no field of a ${kind}; the nearest is ${nearest(name, known)}`);
    const unfit = signals.flatMap((signal) => problemOf(signal, defined) ?? []);
    const problems = [...unknown(names), ...unfit, ...(kind === 'organisation' ? [] : await unseen(kind, client, mapping, call))];
    // a lead may do without a field of contacts: its signals then come with the contact that it becomes
    const doubts = kind === 'lead' ? unknown([...new Set(signals.map(({ is }) => is.field))]) : [];
    if (problems.length > 0) probes.push({ right, ok: false, problem: [...problems, ...doubts].join('; ') });
    else if (doubts.length > 0) probes.push({ right, ok: null, problem: doubts.join('; ') });
    else probes.push({ right, ok: true });
  }
  return probes;
}

/**
 * Standard fields of the map that a whole row lacks: recorded rows have every key, so the key's user may not see these. Read as
 * unset, they would be blanked everywhere. Where such a field comes as null instead (undocumented), nothing tells it.
 */
async function unseen(kind: 'contact' | 'lead', client: Client, { settings }: Mapping, call: Call): Promise<string[]> {
  const { status, body } = await client.probe(`${kinds[kind].path}?top=1`, call);
  const row: unknown = status === 200 && Array.isArray(body) ? body[0] : undefined;
  if (typeof row !== 'object' || row === null) return [];
  const names = Object.values(mapOf(kind, settings)).flatMap((field) =>
    field in kinds[kind].fields ? [field] : Object.keys(kinds[kind].fields).filter((name) => name.startsWith(`${field}_`)),
  );
  return [...new Set(names)]
    .filter((name) => !(name in row))
    .map((name) => `${name} is not shown to this key; give its user the right to see that field`);
}

interface Signal {
  is: FieldIs;
  /** Kaiku itself writes it. */
  isWritten: boolean;
}

function signalsOf({ register }: Mapping): Signal[] {
  const read = [register?.erasureSignal, ...Object.values(register?.permissions ?? {}).map(({ granted }) => granted)];
  const written = Object.values(register?.permissions ?? {}).map(({ refused }) => refused);
  return [
    ...read.flatMap((is): Signal[] => (is === undefined ? [] : [{ is, isWritten: false }])),
    ...written.flatMap((is): Signal[] => (is === undefined ? [] : [{ is, isWritten: true }])),
  ].filter(({ is }) => is.field !== 'TAGS');
}

function problemOf({ is: { field, equals }, isWritten }: Signal, defined: readonly Definition[]): string | undefined {
  const definition = defined.find(({ name }) => name === field);
  if (!definition) return undefined;
  const { type, options, isEditable } = definition;
  const text = String(equals).trim();
  if (type === 'BIT' && !/^(true|false|yes|no|1|0)$/i.test(text)) return `${field} is yes or no, and never equals "${text}"`;
  if ((type === 'NUMERIC' || type === 'PERCENT') && !Number.isFinite(Number(text)))
    return `${field} is a number, and never equals "${text}"`;
  if ((type === 'DROPDOWN' || type === 'MULTISELECT') && options.length > 0 && !options.includes(text))
    return `${field} has no option "${text}"; the nearest is "${nearest(text, options)}"`;
  if (isWritten && !isEditable) return `${field} cannot be edited, so a refusal cannot be written there`;
  return undefined;
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

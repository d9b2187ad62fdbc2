import fc from 'fast-check';
import type { ProxiedAnswer } from './proxy.ts';

/** One way to spoil an answer. Pure: the same mutation of the same answer gives the same bytes. */
export type Mutation =
  | { kind: 'cut'; at: number }
  | { kind: 'flip'; at: number; to: number }
  | { kind: 'insert'; at: number; bytes: Uint8Array }
  | { kind: 'drop'; at: number; length: number }
  | { kind: 'html' }
  | { kind: 'empty' }
  | { kind: 'twice' }
  | { kind: 'remove-key'; which: number }
  | { kind: 'change-value'; which: number; to: unknown }
  | { kind: 'wrap' };

const where = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const which = fc.nat({ max: 10_000 });
const strange = fc.constantFrom<unknown>(
  null,
  '',
  0,
  -1,
  1e300,
  true,
  [],
  {},
  [null],
  '\u0000',
  '1',
  'NaN',
  { id: {} },
  'x'.repeat(5000),
);

export const mutations: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), at: where }),
  fc.record({ kind: fc.constant('flip' as const), at: where, to: fc.nat({ max: 255 }) }),
  fc.record({ kind: fc.constant('insert' as const), at: where, bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }) }),
  fc.record({ kind: fc.constant('drop' as const), at: where, length: fc.integer({ min: 1, max: 40 }) }),
  fc.constantFrom<Mutation>({ kind: 'html' }, { kind: 'empty' }, { kind: 'twice' }, { kind: 'wrap' }),
  fc.record({ kind: fc.constant('remove-key' as const), which }),
  fc.record({ kind: fc.constant('change-value' as const), which, to: strange }),
);

/** Spoils an answer; the status stays, but for an answer without a body, which becomes a 200 with one. */
export function spoil(answer: ProxiedAnswer, mutation: Mutation): ProxiedAnswer {
  const { body } = answer;
  if (body.length === 0) return { ...answer, status: 200, body: Buffer.from(mutation.kind === 'html' ? html : '{"cut') };
  const at = 'at' in mutation ? Math.floor(mutation.at * body.length) : 0;
  const pieces = (...parts: Uint8Array[]) => ({ ...answer, body: Buffer.concat(parts) });
  switch (mutation.kind) {
    case 'cut':
      return pieces(body.subarray(0, at));
    case 'flip':
      return pieces(body.subarray(0, at), Buffer.from([mutation.to]), body.subarray(at + 1));
    case 'insert':
      return pieces(body.subarray(0, at), mutation.bytes, body.subarray(at));
    case 'drop':
      return pieces(body.subarray(0, at), body.subarray(at + mutation.length));
    case 'html':
      return pieces(Buffer.from(html));
    case 'empty':
      return pieces();
    case 'twice':
      return pieces(body, body);
    default:
      return pieces(
        isJson(body) ? Buffer.from(JSON.stringify(changed(JSON.parse(body.toString('utf8')), mutation))) : marked(body, mutation),
      );
  }
}

const html = '<html><body>Request blocked</body></html>';

type Tree = Record<string | number, unknown>;
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

function changed(json: unknown, mutation: Extract<Mutation, { kind: 'remove-key' | 'change-value' | 'wrap' }>): unknown {
  if (mutation.kind === 'wrap') return [json];
  const places: { parent: Tree; key: string }[] = [];
  const walk = (value: unknown): void => {
    if (!isTree(value)) return;
    for (const key of Object.keys(value)) {
      places.push({ parent: value, key });
      walk(value[key]);
    }
  };
  walk(json);
  const place = places[mutation.which % Math.max(1, places.length)];
  if (!place) return [json];
  if (mutation.kind === 'change-value') place.parent[place.key] = mutation.to;
  else if (Array.isArray(place.parent)) place.parent.splice(Number(place.key), 1);
  else delete place.parent[place.key];
  return json;
}

/** The same for an answer in XML: one innermost element gone or with another text; bytes beyond ASCII stay as they are. */
function marked(body: Buffer, mutation: Extract<Mutation, { kind: 'remove-key' | 'change-value' | 'wrap' }>): Buffer {
  const text = body.toString('latin1');
  if (mutation.kind === 'wrap') return Buffer.from(`<Wrapped>${text}</Wrapped>`, 'latin1');
  const leaves = [...text.matchAll(/<([\w:.-]+)([^<>]*)>([^<>]*)<\/\1>/g)];
  const leaf = leaves[mutation.which % Math.max(1, leaves.length)];
  if (!leaf) return Buffer.from(`<Wrapped>${text}</Wrapped>`, 'latin1');
  const [whole, name, attributes] = leaf;
  const said = mutation.kind === 'change-value' ? mutation.to : null;
  const value = typeof said === 'object' ? '' : String(said).replace(/[<&]/g, '');
  const instead = mutation.kind === 'remove-key' ? '' : `<${name}${attributes}>${value}</${name}>`;
  return Buffer.from(text.slice(0, leaf.index) + instead + text.slice(leaf.index + whole.length), 'latin1');
}

export function isJson(body: Buffer): boolean {
  try {
    JSON.parse(body.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

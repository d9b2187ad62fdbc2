/** How two spellings of a name compare. `unknown`: one side says too little. */
export type Likeness = 'same' | 'near' | 'different' | 'unknown';

export interface Name {
  givenName?: string | undefined;
  familyName?: string | undefined;
}

/**
 * Compares two names whatever their order. `same`: the same words, or all words of the one among the other's (a second given name),
 * two of them at least. `near`: a slip of the hand in one word, an initial, one word of two. Names never make a link by themselves;
 * they stop one.
 */
export function likeness(a: Name, b: Name): Likeness {
  const [few, many] = [wordsOf(a), wordsOf(b)].sort((x, y) => x.length - y.length) as [string[], string[]];
  if (few.length === 0) return 'unknown';
  const left = [...many];
  const missing = few.filter((word) => {
    const at = left.indexOf(word);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  if (missing.length === 0) return few.length > 1 || many.length === 1 ? 'same' : 'unknown';
  if (few.length === 1) return left.some((word) => isSlip(word, few[0] ?? '')) ? 'unknown' : 'different';
  const [only, ...others] = missing;
  if (only === undefined || others.length > 0) return 'different';
  return left.some((word) => isSlip(only, word) || isInitial(only, word) || isInitial(word, only)) ? 'near' : 'different';
}

/** Letters alone, without their marks: `Mäkelä-Åström` and `makela astrom` are written by two hands of one name. */
export function wordsOf(name: Name): string[] {
  return `${name.givenName ?? ''} ${name.familyName ?? ''}`
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/ß/gu, 'ss')
    .replace(/ø/giu, 'o')
    .replace(/æ/giu, 'ae')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

const isInitial = (short: string, long: string) => short.length === 1 && long.startsWith(short);

/** One letter more, less, other, or two that changed places. */
export function isSlip(a: string, b: string): boolean {
  if (a === b || Math.abs(a.length - b.length) > 1) return a === b;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const [inA, inB] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (inA.length <= 1 && inB.length <= 1) return true;
  return inA.length === 2 && inB.length === 2 && inA[0] === inB[1] && inA[1] === inB[0];
}

const letters = [...'abcdefghijklmnopqrstuvwxyz0123456789.-_'];

/** Every address that one slip of the hand turns into this one: to ask the keyed hashes, which cannot be searched for "almost". */
export function slipsOf(address: string): string[] {
  const found = new Set<string>();
  for (let i = 0; i <= address.length; i++) {
    const [head, tail] = [address.slice(0, i), address.slice(i)];
    for (const letter of letters) found.add(head + letter + tail);
    if (tail === '' || tail.startsWith('@')) continue;
    found.add(head + tail.slice(1));
    for (const letter of letters) found.add(head + letter + tail.slice(1));
    if (tail.length > 1 && tail[1] !== '@') found.add(`${head}${tail[1]}${tail[0]}${tail.slice(2)}`);
  }
  found.delete(address);
  return [...found];
}

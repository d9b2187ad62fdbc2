import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

/** One thing that is wrong in a configuration: where, what, and what to do. */
export interface Fault {
  /** As in `systems.crm.register.pollSeconds`. */
  path: string;
  line: number;
  column: number;
  message: string;
  suggestion?: string;
}

/** Every fault of a configuration at once. Never quotes a secret. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly file: string;
  readonly faults: Fault[];
  constructor(file: string, faults: Fault[]) {
    super(
      faults
        .map(
          (f) =>
            `${file}:${f.line}:${f.column}  ${f.path ? `${f.path}: ` : ''}${f.message}${f.suggestion ? `; did you mean "${f.suggestion}"?` : ''}`,
        )
        .join('\n'),
    );
    this.file = file;
    this.faults = faults;
  }
}

export type Path = readonly (string | number)[];

/** A YAML text with the place of everything in it. */
export interface Located {
  value: unknown;
  faults: Fault[];
  at(path: Path, key?: boolean): { line: number; column: number };
}

export function readYaml(text: string): Located {
  const lines = new LineCounter();
  const document: Document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const faults: Fault[] = document.errors.map((e) => ({
    path: '',
    ...place(e.pos[0]),
    message: e.code === 'DUPLICATE_KEY' ? 'this key stands here twice' : firstLine(e.message),
  }));
  return {
    value: faults.length > 0 ? undefined : document.toJS(),
    faults,
    at: (path, key = false) => place(offsetOf(document.contents, path, key)),
  };
}

const firstLine = (text: string) => text.split('\n')[0] ?? text;

/** The nearest thing that is there: a missing key is told at its parent. */
function offsetOf(root: unknown, path: Path, key: boolean): number {
  let node = root;
  let offset = rangeOf(node) ?? 0;
  for (const [i, step] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => (isScalar(item.key) ? item.key.value === step : item.key === step));
      if (!pair) return offset;
      const last = i === path.length - 1;
      offset = (last && !key ? rangeOf(pair.value) : undefined) ?? rangeOf(pair.key) ?? offset;
      if (!last) offset = rangeOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      offset = rangeOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

const rangeOf = (node: unknown): number | undefined => (node as Node | null | undefined)?.range?.[0];

/** The nearest of the known words, if it is near enough to be a slip. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const scored = known
    .map((k): [number, string] => [distance(word.toLowerCase(), k.toLowerCase()), k])
    .sort((a, b) => a[0] - b[0]);
  const [best] = scored;
  return best && best[0] <= Math.max(2, Math.floor(word.length / 3)) ? best[1] : undefined;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const now = [i];
    for (let j = 1; j <= b.length; j++)
      now.push(Math.min((before[j] ?? 0) + 1, (now[j - 1] ?? 0) + 1, (before[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    before = now;
  }
  return before[b.length] ?? 0;
}

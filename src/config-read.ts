import type { z } from 'zod';
import { ConfigError, type Fault, nearest, type Path, readYaml } from './config-faults.ts';
import type { Tell } from './config-secrets.ts';

export interface Checked<T> {
  value: T;
  /** Empty; what `tell` adds stands here. */
  faults: Fault[];
  tell: Tell;
}

/** A YAML text in the shape of a schema, or `ConfigError` with every fault at its place. `holds`: what must stand in it, in words. */
export function readChecked<S extends z.ZodType>(text: string, file: string, schema: S, holds: string): Checked<z.infer<S>> {
  const yaml = readYaml(text);
  const faults: Fault[] = [...yaml.faults];
  const tell: Tell = (path, message, more = {}) =>
    faults.push({
      path: path.join('.'),
      ...yaml.at(path, more.key),
      message,
      ...(more.suggestion ? { suggestion: more.suggestion } : {}),
    });
  if (faults.length > 0) throw new ConfigError(file, faults);
  if (typeof yaml.value !== 'object' || yaml.value === null || Array.isArray(yaml.value)) {
    tell([], `the file must hold ${holds}`);
    throw new ConfigError(file, faults);
  }
  const parsed = schema.safeParse(yaml.value, { reportInput: true });
  if (parsed.success) return { value: parsed.data, faults, tell };
  for (const issue of parsed.error.issues) tellIssue(issue, [], tell, schema);
  throw new ConfigError(file, sorted(faults));
}

export const sorted = (faults: Fault[]) => faults.sort((a, b) => a.line - b.line || a.column - b.column);

/** zod's issues in words of ours; an unknown key is told at the key, with the nearest known one. */
export function tellIssue(issue: z.core.$ZodIssue, base: Path, tell: Tell, schema: z.ZodType): void {
  const path: Path = [...base, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))];
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path as (string | number)[]);
    for (const key of issue.keys)
      tell(
        [...path, key],
        `"${key}" is not a key that may stand here${known.length > 0 ? `; known are ${known.join(', ')}` : ''}`,
        { suggestion: nearest(key, known), key: true },
      );
    return;
  }
  if (issue.code === 'invalid_union') {
    tell(
      path,
      issue.message === 'Invalid input' ? 'must be { env: NAME } or { file: PATH }, never the secret itself' : issue.message,
    );
    return;
  }
  if (issue.code === 'invalid_value') {
    tell(path, `must be one of ${issue.values.join(', ')}`, {
      suggestion: typeof issue.input === 'string' ? nearest(issue.input, issue.values.map(String)) : undefined,
    });
    return;
  }
  if (issue.code === 'invalid_key') {
    tell(path, issue.issues[0]?.message ?? 'this name cannot be used', { key: true });
    return;
  }
  tell(
    path,
    issue.code === 'invalid_type' && issue.input === undefined ? `is missing (a ${issue.expected})` : plain(issue.message),
  );
}

const plain = (message: string) =>
  message
    .replace(/^Invalid input: /, '')
    .replace(/^Too small: /, 'too small: ')
    .replace(/^Too big: /, 'too big: ');

/** The keys a strict object knows at a path, walked through records, arrays, optionals and defaults. */
function keysAt(schema: z.ZodType, path: readonly (string | number)[]): string[] {
  let at: unknown = schema;
  const open = (node: unknown): { shape?: Record<string, unknown>; valueType?: unknown; element?: unknown } => {
    let inner = node as {
      def?: { innerType?: unknown; valueType?: unknown; element?: unknown };
      shape?: Record<string, unknown>;
    };
    while (inner?.def?.innerType) inner = inner.def.innerType as typeof inner;
    return { ...(inner?.shape ? { shape: inner.shape } : {}), valueType: inner?.def?.valueType, element: inner?.def?.element };
  };
  for (const step of path) {
    const { shape, valueType, element } = open(at);
    at = shape?.[String(step)] ?? valueType ?? element;
  }
  return Object.keys(open(at).shape ?? {});
}

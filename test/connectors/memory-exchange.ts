import type { Exchange } from '../../src/connectors/exchange.ts';

/** A folder in memory, for tests that are about what stands in a file, thousands of times. */
export class MemoryExchange implements Exchange {
  readonly files = new Map<string, { bytes: Buffer; modifiedMs: number }>();
  /** Every operation that changed something. */
  readonly writes: string[] = [];

  put(path: string, bytes: Buffer | string, modifiedMs = Date.UTC(2026, 4, 4)): void {
    this.files.set(path, { bytes: Buffer.from(bytes), modifiedMs });
  }
  async list(folder: string) {
    const under = folder === '' ? '' : `${folder}/`;
    return [...this.files].flatMap(([path, { bytes, modifiedMs }]) =>
      path.startsWith(under) && !path.slice(under.length).includes('/')
        ? [{ name: path.slice(under.length), size: bytes.length, modifiedMs }]
        : [],
    );
  }
  async read(path: string) {
    return this.files.get(path)?.bytes ?? null;
  }
  async write(path: string, bytes: Buffer) {
    this.writes.push(`write ${path}`);
    this.put(path, bytes);
  }
  async move(from: string, to: string) {
    const found = this.files.get(from);
    if (!found) return false;
    this.writes.push(`move ${from} ${to}`);
    this.files.delete(from);
    this.files.set(to, found);
    return true;
  }
  async remove(path: string) {
    this.writes.push(`remove ${path}`);
    return this.files.delete(path);
  }
}

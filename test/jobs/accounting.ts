import type { Bound, RemoteRef, Written } from '../../src/connectors/connector.ts';
import type { Call } from '../../src/connectors/http.ts';
import type { Config } from '../../src/core/configuration.ts';
import type { FieldName, Fields } from '../../src/core/person.ts';
import { MemoryRecipient, memoryConfig } from './world.ts';

/** Accounting in memory: rows with invoices are not deleted, they are stripped. */
export class Accounting extends MemoryRecipient {
  readonly invoices = new Map<string, { newest: string; open: boolean; pending?: string }>();
  readonly named = new Set<string>();
  neutral: string | null = null;
  keeps: FieldName[] = ['givenName', 'familyName', 'customerNumber'];

  async bound(ref: RemoteRef, call: Call): Promise<Bound | null> {
    await call.beforeWire('read');
    const found = this.invoices.get(ref.id);
    const keeps = [...this.keeps];
    return found ? { ...found, keeps } : null;
  }

  async strip(ref: RemoteRef, bound: Bound, call: Call): Promise<Written> {
    await call.beforeWire('write');
    this.log.push('strip');
    const row = this.rows.get(ref.id);
    if (!row) return { kind: 'not-found' };
    row.fields = Object.fromEntries(
      Object.entries(row.fields).filter(([name]) => bound.keeps.includes(name as FieldName)),
    ) as Fields;
    row.standing = 'restricted';
    const lost = this.failAfter;
    this.failAfter = null;
    if (lost) throw lost;
    return { kind: 'accepted', ref };
  }

  async neutralise(ref: RemoteRef, call: Call): Promise<Written> {
    await call.beforeWire('write');
    this.log.push('neutralise');
    const row = this.rows.get(ref.id);
    if (this.neutral === null) return { kind: 'refused', code: 'no-neutral-values' };
    if (!row) return { kind: 'not-found' };
    row.fields = { familyName: this.neutral };
    return { kind: 'accepted', ref };
  }

  override erase(ref: RemoteRef, call: Call): Promise<Written> {
    if (this.named.has(ref.id))
      return call.beforeWire('write').then(() => ({ kind: 'refused', code: 'named-in-text', ask: true }));
    if (!this.invoices.has(ref.id)) return super.erase(ref, call);
    this.log.push('erase');
    return call.beforeWire('write').then(() => ({ kind: 'refused', code: 'has-invoices' }));
  }
}

/** The newsletter's place in the world, taken by accounting. */
export const accountingConfig: Config = {
  ...memoryConfig,
  systems: {
    ...memoryConfig.systems,
    newsletter: {
      ...(memoryConfig.systems['newsletter'] as Config['systems'][string]),
      owner: 'accountant',
      recipient: { purposes: ['invoicing'], undoHours: 0, dueDays: 14, retention: ['fi/vouchers'] },
    },
  },
};

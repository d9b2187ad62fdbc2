import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/core/configuration.ts';
import { type Carrier, givenFields, policyWarnings, rolesUnknown } from '../../src/core/policy-check.ts';

const config: Config = {
  controller: { name: 'Esimerkki Oy', languages: ['fi'] },
  purposes: {
    invoicing: { name: 'invoicing', basis: 'contract', fields: ['email', 'identityCode'] },
    service: { name: 'service', basis: 'contract', fields: ['email', 'phone'] },
    unused: { name: 'unused', basis: 'consent', fields: ['email'] },
  },
  systems: {
    tool: {
      name: 'tool',
      connector: 'memory',
      baseUrl: '',
      credentials: {},
      owner: null,
      settings: {},
      recipient: { purposes: ['invoicing', 'service'], undoHours: 0, dueDays: 14, retention: [] },
    },
  },
};
const books: Carrier = { human: false, carries: null, retention: ['fi/vouchers'] };

describe('the policy', () => {
  it('says who is given which field for which purposes', () => {
    expect(givenFields(config).map((g) => [g.system, [...g.fields]])).toEqual([
      [
        'tool',
        [
          ['email', ['invoicing', 'service']],
          ['identityCode', ['invoicing']],
          ['phone', ['service']],
        ],
      ],
    ]);
  });

  it('warns of a purpose that serves no system, and of nothing else where all is well', () => {
    expect(policyWarnings(config, { tool: books })).toEqual([{ kind: 'purpose-unused', purpose: 'unused' }]);
  });

  it('warns of a purpose for a role that no register has people in', () => {
    const crm = { ...config.systems['tool'], name: 'crm', register: { for: 'customer' } } as Config['systems'][string];
    const of = (roles: string[]) => {
      const service = { ...config.purposes['service'], name: 'service', for: roles } as Config['purposes'][string];
      const purposes = { ...config.purposes, service };
      return rolesUnknown({ purposes, systems: { ...config.systems, crm } });
    };
    expect(of(['customer', 'prospect'])).toEqual([]);
    expect(of(['customer', 'staff'])).toEqual([{ purpose: 'service', roles: ['staff'] }]);
    const service = { ...config.purposes['service'], name: 'service', for: ['customer'] } as Config['purposes'][string];
    expect(policyWarnings({ ...config, purposes: { ...config.purposes, service } }, { tool: books })).toContainEqual({
      kind: 'role-unknown',
      purpose: 'service',
      roles: ['customer'],
    });
  });

  it('warns of fields that a system has no place for', () => {
    expect(policyWarnings(config, { tool: { ...books, carries: ['email'] } })).toContainEqual({
      kind: 'field-not-carried',
      system: 'tool',
      fields: ['identityCode', 'phone'],
    });
  });

  it('warns of an identity code where no law binds the rows', () => {
    expect(policyWarnings(config, { tool: { ...books, retention: [] } }).slice(1)).toEqual([
      { kind: 'no-retention', system: 'tool' },
      { kind: 'identity-code', system: 'tool', purpose: 'invoicing' },
    ]);
  });

  it('warns of a purpose that is for nobody whom the system has rows of', () => {
    const { invoicing, ...others } = config.purposes;
    const forStaff = {
      ...config,
      purposes: { ...others, invoicing: { ...invoicing, for: ['employee'] } as Config['purposes'][string] },
    };
    const warned = (role: string) => policyWarnings(forStaff, { tool: { ...books, serves: (one) => one === role } });
    expect(warned('customer')).toContainEqual({ kind: 'purpose-not-served', system: 'tool', purpose: 'invoicing' });
    expect(warned('employee').map(({ kind }) => kind)).not.toContain('purpose-not-served');
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Bound, Recipient, RemoteRef, Written } from '../../../src/connectors/connector.ts';
import { createWire, memoryGate } from '../../../src/connectors/http.ts';
import { netvisor } from '../../../src/connectors/netvisor/connector.ts';
import { Failure } from '../../../src/core/failure.ts';
import { type Mutation, mutations, spoil } from '../../conformance/mutations.ts';
import { startProxy } from '../../conformance/proxy.ts';
import { call, credentials, given, settingsOf, world } from './setup.ts';

/** Spoilt answers at the verbs that the suite's own mutations leave out: what binds an employee, and the narrowing. */

const runs = Number(process.env['KAIKU_MUTATIONS'] ?? 200);
const seed = Number(process.env['KAIKU_SEED'] ?? 2_017_540_147);
const now = () => new Date('2026-05-20T09:00:00Z');
const deeds = ['bound', 'strip', 'rectify'] as const;
type Deed = (typeof deeds)[number];
const fresh = { givenName: 'Anna', familyName: 'Mäkelä', email: 'anna@cervi.test' };
const theirs: Bound = { newest: '2026-04-15', open: false, keeps: ['givenName', 'familyName', 'identityCode', 'address'] };

function perform(by: Recipient, deed: Deed, ref: RemoteRef): Promise<unknown> {
  if (deed === 'rectify') return by.rectify(ref, given(fresh), [], call);
  return deed === 'bound' ? (by.bound?.(ref, call) ?? Promise.reject()) : (by.strip?.(ref, theirs, call) ?? Promise.reject());
}

it(`makes nothing of spoilt answers about an employee who is narrowed but failures (${runs})`, {
  timeout: 60_000 + runs * 200,
}, async () => {
  await using w = await world({ now, settings: { payroll: true } });
  let mutation: Mutation | null = null;
  const proxy = await startProxy(w.server.url, { after: (_, answer) => (mutation ? spoil(answer, mutation) : answer) });
  w.vendor.act?.({ do: 'switch', publicUrl: proxy.url });
  const wire = createWire({ gate: memoryGate({ connections: 1 }), deadlineMs: 5000 });
  const by = netvisor.connect(
    { system: 'payroll', baseUrl: w.server.url, credentials, settings: settingsOf({ payroll: true }) },
    (request, c) => wire({ ...request, url: request.url.replace(w.server.url, proxy.url) }, c),
  ).recipient;
  if (!by) throw new Error('no recipient');
  const told: Record<string, number> = {};
  try {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...deeds), mutations, async (deed, spoilt) => {
        const key = w.vendor.seedEmployee({
          firstName: 'Aino',
          lastName: 'Virtanen',
          email: 'aino@cervi.test',
          phone: '040 123',
          identifier: '131052-308T',
          bankAccount: 'FI7179979580007335',
          ends: '2026-03-31',
        });
        w.vendor.seedPayslip({ employee: key, date: theirs.newest });
        const ref = { place: 'employee', id: String(key) };
        mutation = spoilt;
        // a vendor's failure is one thing, a crash of ours another
        const said = await perform(by, deed, ref)
          .catch((error: unknown) => {
            if (error instanceof Failure) return error;
            throw error;
          })
          .finally(() => (mutation = null));
        const { card = {} } = w.vendor.employee(key) ?? {};
        w.vendor.act?.({ do: 'removeEmployee', employee: key });
        told[said instanceof Failure ? 'failure' : 'answer'] = (told[said instanceof Failure ? 'failure' : 'answer'] ?? 0) + 1;
        if (said instanceof Failure || deed === 'bound') return;
        const { kind } = said as Written;
        const isTrue =
          kind === 'refused' ||
          (kind === 'accepted' &&
            (deed === 'rectify'
              ? card['email'] === fresh.email && card['lastname'] === 'Mäkelä'
              : card['email'] === '' && card['bankaccountnumber'] === '' && card['activity'] === '0'));
        if (!isTrue) throw new Error(`${deed}: ${kind}, of ${JSON.stringify(spoilt)}`);
      }),
      { numRuns: runs, seed },
    );
  } finally {
    await proxy.close();
  }
  expect(told['failure']).toBeGreaterThan(runs / 4);
});

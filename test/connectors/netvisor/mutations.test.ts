import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Bound, Recipient, RemoteRef, Written } from '../../../src/connectors/connector.ts';
import { createWire, memoryGate } from '../../../src/connectors/http.ts';
import { netvisor } from '../../../src/connectors/netvisor/connector.ts';
import { Failure } from '../../../src/core/failure.ts';
import { type Mutation, mutations, spoil } from '../../conformance/mutations.ts';
import { startProxy } from '../../conformance/proxy.ts';
import { block, call, contact, credentials, customer, given, settingsOf, world } from './setup.ts';

/** Spoilt answers at the places and verbs that the suite's own mutations leave out: they go to customers' cards alone. */

const runs = Number(process.env['KAIKU_MUTATIONS'] ?? 200);
const seed = Number(process.env['KAIKU_SEED'] ?? 2_017_540_147);
const settings = settingsOf({ neutral: { name: 'Poistettu asiakas' } });

type World = Awaited<ReturnType<typeof world>>;
const deeds = ['read', 'rectify', 'erase', 'bound', 'strip', 'neutralise'] as const;
type Deed = (typeof deeds)[number];
const placed = (['contact', 'card-contact', 'customer'] as const).flatMap((place) =>
  deeds
    .filter((deed) => place === 'customer' || deed === 'read' || deed === 'rectify' || deed === 'erase')
    .map((deed) => ({ place, deed })),
);
const fresh = { givenName: 'Anna', familyName: 'Mäkelä', email: 'anna@putki.test' };
const theirs = { newest: '2025-03-15', open: false, keeps: ['givenName', 'familyName', 'billingAddress', 'customerNumber'] };

/** A firm with a contact person and a block, and a customer with an invoice: everything of theirs is at one of the places. */
function seeded(w: World, place: string): RemoteRef {
  if (place === 'customer') {
    const key = w.vendor.seedCustomer({ name: 'Aino Virtanen', email: 'aino@putki.test', isPrivate: true, comment: 'Aino' });
    w.vendor.seedInvoice({ customer: key, date: theirs.newest, status: 'paid' });
    return customer(key);
  }
  const person = { firstName: 'Aino', lastName: 'Virtanen', email: 'aino@putki.test', phone: '040 111 2222' };
  const contactBlock = { name: 'Aino Virtanen', email: person.email, phone: person.phone };
  const key = w.vendor.seedCustomer({
    name: 'Putki Oy',
    email: person.email,
    contactPersons: place === 'contact' ? [person] : [],
    contactBlock,
  });
  return place === 'contact' ? contact(key, w.vendor.customer(key)?.contactPersons[0]?.id) : block(key);
}

function perform(by: Recipient, deed: Deed, ref: RemoteRef): Promise<unknown> {
  const bound = theirs as Bound;
  switch (deed) {
    case 'read':
      return by.read(ref, call);
    case 'rectify':
      return by.rectify(ref, given(fresh), [], call);
    case 'erase':
      return by.erase(ref, call);
    case 'bound':
      return by.bound?.(ref, call) ?? Promise.reject();
    case 'strip':
      return by.strip?.(ref, bound, call) ?? Promise.reject();
    case 'neutralise':
      return by.neutralise?.(ref, call) ?? Promise.reject();
  }
}

/** What the vendor's truth holds against a claim; undefined where it is so. */
async function denied(w: World, deed: Deed, ref: RemoteRef, said: unknown): Promise<string | undefined> {
  if (deed === 'read')
    return said === null ? 'nobody is there' : (said as { ref: RemoteRef }).ref.id === ref.id ? undefined : 'another row';
  if (deed === 'bound') return said === null ? 'nothing binds it' : undefined;
  const { kind } = said as Written;
  const row = await w.recipient.read(ref, call);
  if (kind === 'not-found') return row === null ? undefined : 'not found, and there';
  if (kind !== 'accepted') return undefined;
  const left = JSON.stringify(w.vendor.customer(Number(ref.id.split('/')[0])) ?? null);
  if (deed === 'erase') return row === null && !/aino/i.test(left) ? undefined : 'erased, and there';
  if (deed === 'rectify')
    return row?.fields.email === fresh.email && row.fields.familyName === 'Mäkelä' ? undefined : 'as before';
  if (row?.standing !== 'restricted' || /aino@/.test(left)) return 'stripped, and there';
  return deed === 'neutralise' && row.fields.familyName !== 'asiakas' ? 'not neutral' : undefined;
}

it(`makes nothing of spoilt answers but failures, at every place and with every verb (${runs})`, {
  timeout: 60_000 + runs * 200,
}, async () => {
  await using w = await world({ settings: { neutral: { name: 'Poistettu asiakas' } } });
  let now: Mutation | null = null;
  const proxy = await startProxy(w.server.url, { after: (_, answer) => (now ? spoil(answer, now) : answer) });
  w.vendor.act?.({ do: 'switch', publicUrl: proxy.url });
  const wire = createWire({ gate: memoryGate({ connections: 1 }), deadlineMs: 5000 });
  const by = netvisor.connect({ system: 'accounting', baseUrl: w.server.url, credentials, settings }, (request, c) =>
    wire({ ...request, url: request.url.replace(w.server.url, proxy.url) }, c),
  ).recipient;
  if (!by) throw new Error('no recipient');
  const told: Record<string, number> = {};
  try {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...placed), mutations, async ({ place, deed }, mutation) => {
        const ref = seeded(w, place);
        now = mutation;
        // a vendor's failure is one thing, a crash of ours another
        const said = await perform(by, deed, ref)
          .catch((error: unknown) => {
            if (error instanceof Failure) return error;
            throw error;
          })
          .finally(() => (now = null));
        const outcome = said instanceof Failure ? 'failure' : 'answer';
        told[outcome] = (told[outcome] ?? 0) + 1;
        if (said instanceof Failure) return;
        const untrue = await denied(w, deed, ref, said);
        if (untrue) throw new Error(`${place} ${deed}: ${untrue}, of ${JSON.stringify(mutation)}`);
      }),
      { numRuns: runs, seed },
    );
  } finally {
    await proxy.close();
  }
  expect(told['failure']).toBeGreaterThan(runs / 4);
});

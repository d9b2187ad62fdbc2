import { beforeEach, expect, it } from 'vitest';
import type { Connector } from '../../src/connectors/connector.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { recordByRemote, remoteHash } from '../../src/store/records.ts';
import { audience, world as mailchimpWorld } from '../connectors/mailchimp/setup.ts';
import { world as netvisorWorld } from '../connectors/netvisor/setup.ts';
import { testRuntime } from '../support/runtime.ts';
import { makePair, type Pair } from './pairs.ts';
import { knowPeople } from './people.ts';
import { openWorld, type World } from './world.ts';

/** The pairs again, but each row goes through the vendor's own spelling and back through the connector's mapping. */
let world: World;
beforeEach(async () => {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl);
  return async () => {
    await world.close();
    await runtime.drop();
  };
});

const pairs = Array.from({ length: 25 }, (_, n) => makePair(40_000 + n));
type Row = Pair['rows'][number];
const rows = pairs.flatMap((pair) => pair.rows);
const said = (row: Row, name: 'givenName' | 'familyName' | 'email' | 'phone' | 'customerNumber') =>
  String(row.fields[name] ?? '');

/** Links what the vendor holds, and holds each row to the truth; `refs` says where each stands. */
async function judge(connector: Connector, refs: Map<Row, { place: string; id: string }>): Promise<number> {
  const subjects = await knowPeople(
    world,
    pairs.flatMap((pair) => pair.register),
  );
  world.needs.connectors['newsletter'] = connector;
  const result = await linkRecipient(world.needs, 'newsletter', true, 'test');
  const wrong: string[] = [];
  const strange = ['family member', 'number handed on', 'namesake', 'name alone', 'stranger'];
  let equal = 0;
  let found = 0;
  for (const [row, { place, id }] of refs) {
    const hash = remoteHash(world.needs.vault, 'newsletter', place, id);
    const owner = (await recordByRemote(world.needs.db, 'newsletter', place, hash))?.subject;
    if (owner && (strange.includes(row.what) || owner !== subjects.get(row.truth ?? ''))) wrong.push(row.what);
    if (row.what === 'equal') equal++;
    if (row.what === 'equal' && owner) found++;
  }
  process.stdout.write(
    `pairs through ${connector.manifest.vendor}: rows ${result.read}, found ${result.linked}, held ${result.ambiguous + result.shared}, orphans ${result.orphans}, wrong ${wrong.length}\n`,
  );
  expect(wrong).toEqual([]);
  expect(result.read).toBe(refs.size);
  expect(equal).toBeGreaterThan(0);
  return found / equal;
}

it("links nobody to a stranger through Mailchimp's members", async () => {
  await using vendor = await mailchimpWorld();
  const refs = new Map<Row, { place: string; id: string }>();
  const taken = new Set<string>();
  for (const row of rows) {
    const address = said(row, 'email').trim();
    // an audience takes an address once
    if (address === '' || taken.has(address.toLowerCase())) continue;
    taken.add(address.toLowerCase());
    const member = vendor.vendor.seedMember(audience, {
      email: address,
      status: 'subscribed',
      FNAME: said(row, 'givenName'),
      LNAME: said(row, 'familyName'),
    });
    refs.set(row, { place: audience, id: String(member['contact_id']) });
  }
  expect(await judge(vendor.connector, refs)).toBeGreaterThan(0.6);
}, 300_000);

it("links nobody to a stranger through Netvisor's cards", async () => {
  await using vendor = await netvisorWorld();
  const refs = new Map<Row, { place: string; id: string }>();
  for (const row of rows) {
    const name = `${said(row, 'givenName')} ${said(row, 'familyName')}`.trim();
    const [email, phone, code] = [said(row, 'email').trim(), said(row, 'phone'), said(row, 'customerNumber')];
    const key = vendor.vendor.seedCustomer({
      name: name === '' ? 'Asiakas' : name,
      isPrivate: true,
      ...(email === '' ? {} : { email }),
      ...(phone === '' ? {} : { phone }),
      ...(code === '' ? {} : { code }),
    });
    refs.set(row, { place: 'customer', id: String(key) });
  }
  expect(await judge(vendor.connector, refs)).toBeGreaterThan(0.6);
}, 300_000);

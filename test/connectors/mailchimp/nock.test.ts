import nock from 'nock';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createWire, freeCall, memoryGate } from '../../../src/connectors/http.ts';
import { mailchimp } from '../../../src/connectors/mailchimp/connector.ts';

/** The real host's name, with the network off: what goes over the wire, to the letter. */
const host = 'https://us6.api.mailchimp.com';
const hash = '62eeb292278cc15f5817cb78f7790b08';
const member = {
  id: hash,
  contact_id: 'c'.repeat(32),
  email_address: 'urist.mcvankab@freddiesjokes.com',
  status: 'subscribed',
  merge_fields: { FNAME: 'Urist', LNAME: '' },
};
const connect = () =>
  mailchimp.connect(
    {
      system: 'newsletter',
      baseUrl: `${host}/3.0`,
      credentials: { apiKey: 'key-us6' },
      settings: mailchimp.settings.parse({ audiences: ['a1'] }),
    },
    createWire({ gate: memoryGate({ connections: 2 }), deadlineMs: 2000 }),
  );

beforeAll(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());
afterAll(() => {
  nock.enableNetConnect();
  nock.restore();
});

it("finds the documentation's own test address by its hash, with Basic auth, and asks only for what it reads", async () => {
  const scope = nock(host, { reqheaders: { authorization: `Basic ${Buffer.from('user:key-us6').toString('base64')}` } })
    .get(`/3.0/lists/a1/members/${hash}`)
    .query((query) => !JSON.stringify(query).includes('_links'))
    .reply(200, member, { 'content-type': 'application/json; charset=utf-8' });
  const [found] = (await connect().recipient?.find({ email: 'Urist.McVankab@freddiesjokes.com ' }, 'a1', freeCall)) ?? [];
  expect(found).toMatchObject({ ref: { place: 'a1', id: member.contact_id }, standing: 'active', refused: false });
  expect(scope.isDone()).toBe(true);
});

it('erases by the permanent action and by nothing else', async () => {
  nock(host).get(`/3.0/lists/a1/members/${hash}`).query(true).reply(200, member, { 'content-type': 'application/json' });
  const scope = nock(host).post(`/3.0/lists/a1/members/${hash}/actions/delete-permanent`).reply(204);
  const said = await connect().recipient?.erase({ place: 'a1', id: member.contact_id, key: hash }, freeCall);
  expect(said).toMatchObject({ kind: 'accepted' });
  expect(scope.isDone()).toBe(true);
});

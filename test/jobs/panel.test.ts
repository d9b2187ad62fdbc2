import { beforeEach, describe, expect, it } from 'vitest';
import { panelSandbox } from '../../src/connectors/panel/sandbox.ts';
import { serveSandbox } from '../../src/connectors/sandbox.ts';
import type { DutyView } from '../../src/core/duty.ts';
import { audience, hookSecret, type Journey, openJourney, settled, until } from '../journeys/hub.ts';

/**
 * The control panel as the master of the address, with the register's and the newsletter's sandboxes, on a real ledger: what a contact
 * edits there is everywhere, once, and does not come back.
 */
const webhookSecret = `whsec_${Buffer.from('a secret of twenty-four bytes').toString('base64')}`;
const moved = 'aino.uusi@sahko.test';
const sites = ['sahko.test'];

let journey: Journey;
let panel: ReturnType<typeof panelSandbox>;
let server: Awaited<ReturnType<typeof serveSandbox>>;
let [contact, row, subject] = ['', '', ''];

beforeEach(async () => {
  panel = panelSandbox({ token: 'panel-token' });
  server = await serveSandbox(panel);
  const systems = `
  panel:
    connector: panel
    baseUrl: ${server.url}
    credentials: { token: { env: PANEL_TOKEN }, webhookSecret: { env: PANEL_WEBHOOK } }
    settings: { deadlineSeconds: 5 }
    recipient: { purposes: [invoicing], masterOf: [email] }
    webhook: { secret: { env: HOOK } }
`;
  contact = panel.add({ email: 'aino@sahko.test', givenName: 'Aino', familyName: 'Virtanen' }, sites).id;
  panel.add({ email: 'eino@sahko.test', givenName: 'Eino', familyName: 'Salo' }, sites);
  const env = { PANEL_TOKEN: 'panel-token', PANEL_WEBHOOK: webhookSecret };
  journey = await openJourney(undefined, { more: { systems, env } });
  row = journey.customer();
  subject = await until('the subject', () => journey.subjectOf('aino@sahko.test'));
  await settled(journey, subject, 'newsletter', 'created');
  expect((await journey.post('/systems/panel/link', { apply: true })).json).toMatchObject({ linked: 1, orphans: 1 });
  await settled(journey, subject, 'panel', 'unchanged');
  return async () => {
    await journey.close();
    await server.close();
  };
});

/**
 * Insightly's connector leaves contact data to people, by design; here the register takes corrections, over the sandbox's own interface,
 * as a connector that writes would.
 */
function registerTakesCorrections(): void {
  const crm = journey.needs.connectors['crm']?.recipient;
  if (!crm) throw new Error('the register has no verbs');
  crm.rectify = async (ref, { email }) => {
    const answer = await fetch(`${journey.crmServer.url}/v3.1/Contacts`, {
      method: 'PUT',
      headers: { authorization: `Basic ${btoa('crm:')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ CONTACT_ID: Number(ref.id), EMAIL_ADDRESS: email }),
    });
    return answer.ok ? { kind: 'accepted', ref } : { kind: 'refused', code: 'not-accepted' };
  };
}

/** The panel tells the hub of every change from now on. */
const listen = () => panel.hook({ url: `${journey.url}/webhooks/panel/${hookSecret}`, secrets: [webhookSecret] });
const stopPolls = () => server.fault({ kind: 'server-error', path: '/changes', times: 1_000_000 });

const inRegister = () => journey.crm.record('contact', row)?.['EMAIL_ADDRESS'];
const inNewsletter = () =>
  journey.newsletter.members(audience).map((member) => (member as { email_address: string }).email_address);
const inPanel = () => panel.contacts().find(({ id }) => id === contact)?.email;
const cases = async () => (await journey.get<{ type: string; state: string }[]>('/cases')).map(({ type }) => type);
const writes = () => ({
  register: journey.crmServer.log.filter(({ method, path }) => method === 'PUT' && path.startsWith('/v3.1/Contacts')).length,
  newsletter: journey.newsletterServer.log.filter(({ method, path }) => method === 'PATCH' && path.includes('/members/')).length,
  panel: server.log.filter(({ method, path }) => method !== 'GET' && !path.endsWith('/search')).length,
});

const everywhere = (email: string) =>
  until(`${email} everywhere`, async () => inRegister() === email && inNewsletter().join() === email && inPanel() === email, 40);
const heardPolls = () => server.log.filter(({ path, status }) => path === '/changes' && status === 200).length;
const polls = (times: number) => {
  const before = heardPolls();
  return until(`${times} polls`, async () => heardPolls() >= before + times);
};
const waits = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('an address that a contact edits in the panel', () => {
  beforeEach(registerTakesCorrections);

  it('reaches the register and the newsletter once, by the signed webhook alone, and does not come back', async () => {
    stopPolls();
    listen();
    panel.edit(contact, { email: moved });
    await everywhere(moved);
    panel.webhooks.sendAgain();
    await panel.webhooks.settled();
    await waits(3000);
    // the edit, and then all three that there were, once more
    expect(panel.webhooks.deliveries.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    expect(await cases()).toEqual(['rectification']);
    expect(writes()).toEqual({ register: 1, newsletter: 1, panel: 0 });
    expect([inRegister(), inNewsletter(), inPanel()]).toEqual([moved, [moved], moved]);
    expect(await journey.subjectOf(moved)).toBe(subject);
    expect(journey.logged.join()).not.toContain(moved);
  });

  it('reaches them once by the poll where no webhook comes, and does not come back in later polls', async () => {
    await polls(1);
    panel.edit(contact, { email: moved });
    await everywhere(moved);
    await polls(3);
    expect(await cases()).toEqual(['rectification']);
    expect(writes()).toEqual({ register: 1, newsletter: 1, panel: 0 });
  });

  it('is the same once where both tell of it', async () => {
    await polls(1);
    listen();
    panel.edit(contact, { email: moved });
    await everywhere(moved);
    await polls(2);
    expect(await cases()).toEqual(['rectification']);
    expect(writes()).toEqual({ register: 1, newsletter: 1, panel: 0 });
  });
});

it('waits for people where the register takes no corrections, and is everywhere once they made it', async () => {
  listen();
  panel.edit(contact, { email: moved });
  const held = async () => (await journey.get<{ hindered?: { code: string } }[]>('/cases'))[0]?.hindered?.code;
  await until('the case to be held', async () => (await held()) === 'register-refuses');
  expect(inNewsletter()).toEqual(['aino@sahko.test']);
  journey.crm.update('contact', row, { EMAIL_ADDRESS: moved });
  await everywhere(moved);
  expect(await cases()).toEqual(['rectification']);
  expect(writes()).toEqual({ register: 0, newsletter: 1, panel: 0 });
});

describe('what Kaiku wrote into the panel itself', () => {
  beforeEach(registerTakesCorrections);

  it('is no edit, though the register says something else by then', async () => {
    listen();
    await polls(1);
    const { id } = (await journey.post('/cases', { type: 'rectification', subject, asked: { fields: { email: moved } } }))
      .json as {
      id: string;
    };
    await journey.post(`/cases/${id}/approve`);
    await everywhere(moved);
    expect(panel.bodies.filter((body) => body.includes(moved))).toEqual([JSON.stringify({ email: moved })]);
    const task = await until('the task', async () => (await journey.get<{ id: string }[]>('/tasks'))[0]);
    await journey.post(`/tasks/${task.id}/answer`, { outcome: 'updated' });
    await until('the end of the case', async () => {
      const found = await journey.get<{ state: string }>(`/cases/${id}`);
      return found.state !== 'running';
    });
    journey.crm.update('contact', row, { EMAIL_ADDRESS: 'later@sahko.test' });
    await until('the newsletter', async () => inNewsletter().join() === 'later@sahko.test');
    panel.webhooks.sendAgain();
    await panel.webhooks.settled();
    await polls(2);
    await waits(1000);
    expect(await cases()).toEqual(['rectification']);
    expect([inRegister(), inPanel()]).toEqual(['later@sahko.test', moved]);
  });
});

describe('an erasure', () => {
  it('of the last owner of a site leaves contact and site there, and asks the people of the panel', async () => {
    panel.add({ email: 'unrelated@sahko.test' });
    const eino = panel.contacts().find(({ email }) => email === 'eino@sahko.test')?.id ?? '';
    await fetch(`${server.url}/_sandbox/act`, { method: 'POST', body: JSON.stringify({ do: 'remove', id: eino }) });
    const { id } = (await journey.post('/cases', { type: 'erasure', subject })).json as { id: string };
    await journey.post(`/cases/${id}/approve`);
    let duty: DutyView | undefined;
    await until('the question', async () => {
      duty = (await journey.duties(subject))['panel'];
      return duty?.state === 'asked';
    });
    expect(duty).toMatchObject({ reason: 'last-owner' });
    expect(
      (await journey.get<{ system: string; ask: string }[]>('/tasks')).filter(({ system }) => system === 'panel'),
    ).toMatchObject([{ ask: 'erase' }]);
    expect([inPanel(), panel.sites()]).toEqual(['aino@sahko.test', { 'sahko.test': [contact] }]);
  });
});

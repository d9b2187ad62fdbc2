import { beforeEach, expect, it } from 'vitest';
import { alertKinds, usualLimits } from '../../src/core/alert.ts';
import { mailTasks, replyMailer } from '../../src/jobs/mail-tasks.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { mailWords } from '../../src/server/alerts.ts';
import { recordsOf, updateRecord } from '../../src/store/records.ts';
import { aino } from '../jobs/world.ts';
import { decoded, mailServer } from '../support/mail-server.ts';
import { linkedAino, openTestHub, type TestHub } from './hub.ts';

/** A system that a machine reads and whose people do what it will not: asked as people who run a system are, and told the same way. */
const people = { address: 'support@sahko.test', language: 'sv', instructions: 'Sajtens sista ägare: lämna över den.' } as const;
let hub: TestHub;
let server: Awaited<ReturnType<typeof mailServer>>;
let subject: string;
beforeEach(async () => {
  server = await mailServer();
  const smtp = `smtp://127.0.0.1:${server.port}`;
  hub = await openTestHub({
    needs: (needs) => {
      const newsletter = needs.connectors['newsletter'];
      if (!newsletter) throw new Error('the world has no newsletter');
      return {
        ...needs,
        connectors: { ...needs.connectors, newsletter: { ...newsletter, people } },
        config: {
          ...needs.config,
          replies: { url: 'http://127.0.0.1:1' },
          notify: { mail: { smtp, from: 'kaiku@sahko.test', to: [] }, owners: {}, on: [...alertKinds], after: usualLimits },
        },
      };
    },
  });
  subject = await linkedAino(hub);
  return async () => {
    await hub.close();
    await server.close();
  };
});

interface Task {
  id: string;
  system: string;
  ask: string;
}
const taskAt = async (system: string) =>
  (await hub.ask('GET', '/tasks')).json<Task[]>().find((task) => task.system === system)?.id;
const answer = async (id: string, body: object) => (await hub.ask('POST', `/tasks/${id}/answer`, body)).status;

it('are mailed in their language, and shown the words of the configuration', async () => {
  hub.newsletter.erase = async () => ({ kind: 'refused', code: 'last-owner', ask: true });
  const { id } = (await hub.ask('POST', '/cases', { type: 'erasure', subject })).json<{ id: string }>();
  await hub.ask('POST', `/cases/${id}/approve`);
  await hub.settle();
  await mailTasks(hub.needs, replyMailer(hub.needs), (language) => mailWords(hub.needs.config, language));
  const mail = server.mails.find(({ to }) => to.includes(people.address));
  expect(decoded(mail?.raw ?? '')).toContain('ber er radera');
  for (const value of [aino.email, aino.familyName]) expect(decoded(mail?.raw ?? '')).not.toContain(value);
  const task = await taskAt('newsletter');
  expect((await hub.ask('GET', `/tasks/${task}`)).json()).toMatchObject({ ask: 'erase', ownInstructions: people.instructions });
});

it('say which fields stay, of those that they were given and no others', async () => {
  const { id } = (await hub.ask('POST', '/cases', { type: 'erasure', subject })).json<{ id: string }>();
  await hub.ask('POST', `/cases/${id}/approve`);
  await hub.settle();
  const task = (await taskAt('partner')) ?? '';
  const kept = { outcome: 'retained', until: '2032-12-31', law: 'Accounting Act 1336/1997, chapter 2 section 10' };
  expect(await answer(task, { outcome: 'erased', fields: ['familyName'] })).toBe(400);
  expect(await answer(task, { ...kept, fields: ['familyName', 'identityCode'] })).toBe(400);
  expect(await answer(task, { ...kept, fields: ['familyName', 'customerNumber'] })).toBe(200);
  const { duties } = (await hub.ask('GET', `/subjects/${subject}`)).json<{ duties: { system: string; retained?: object }[] }>();
  expect(duties.find(({ system }) => system === 'partner')?.retained).toMatchObject({ fields: ['familyName', 'customerNumber'] });
});

it('are told which field goes, and that the rest stays', async () => {
  const { needs } = hub;
  const [record] = await recordsOf(needs.db, subject, 'partner');
  if (!record) throw new Error('the bureau holds nobody');
  // as the end of a purpose leaves it
  await updateRecord(needs.db, record.id, {
    state: record.state,
    evidence: record.evidence,
    observed: false,
    unwanted: ['phone'],
  });
  hub.register.put('1', { person: { ...aino, familyName: 'Uusitalo' } });
  await pollRegister(needs, 'crm');
  await hub.settle();
  const task = (await taskAt('partner')) ?? '';
  const told = (await hub.ask('GET', `/tasks/${task}`)).json();
  expect(told).toMatchObject({ ask: 'update', takeOut: ['phone'], instructions: expect.stringMatching(/nothing else: phone\./) });
  const page = await hub.raw({
    method: 'GET',
    url: `/tasks/${task}`,
    headers: { authorization: 'Bearer token-of-dpo', 'accept-language': 'fi' },
  });
  expect(page.text).toContain('Poista tämän ihmisen tiedoista vain: puhelin.');
  // by their word it is out: nobody asks for it again
  expect(await answer(task, { outcome: 'updated' })).toBe(200);
  expect((await recordsOf(needs.db, subject, 'partner'))[0]).toMatchObject({ unwanted: [] });
});

import { createHash } from 'node:crypto';
import { beforeEach, expect, it } from 'vitest';
import { audience, type Journey, openJourney, until } from './hub.ts';

let journey: Journey;
beforeEach(async () => {
  journey = await openJourney(undefined, { accounting: {} });
  return () => journey.close();
});

interface Report {
  run: string;
  state: string;
  counts: Record<string, number>;
}
interface Finding {
  kind: string;
  subject?: string;
  fields: string[];
  reason?: string;
}

const drift = async (system: string): Promise<{ run: string; counts: Record<string, number>; findings: Finding[] }> => {
  const started = (await journey.post(`/systems/${system}/drift`)).json as Report;
  const run = await until('the comparison', async () => {
    const found = await journey.get<Report & { findings: Finding[] }>(`/drift/${started.run}`);
    return found.state === 'running' ? undefined : found;
  });
  expect(run.state).toBe('finished');
  return run;
};
const isSettled = (duty: { state: string } | undefined) => duty?.state === 'settled';
const shown = (findings: Finding[]) => findings.map((f) => [f.kind, f.subject, f.fields]).sort();

const customer = async (name: string, code: string) => {
  const email = `${name.toLowerCase()}@sahko.test`;
  journey.customer({ FIRST_NAME: name, EMAIL_ADDRESS: email, Customer_No__c: code });
  const subject = await until('the subject', () => journey.subjectOf(email));
  for (const system of ['newsletter', 'accounting'])
    await until(`${name} at ${system}`, async () => (isSettled((await journey.duties(subject))[system]) ? true : undefined));
  return { subject, email };
};

const deleteByHand = async (email: string) => {
  const hash = createHash('md5').update(email).digest('hex');
  const answer = await fetch(`${journey.newsletterServer.url}/3.0/lists/${audience}/members/${hash}/actions/delete-permanent`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('any:news-us1').toString('base64')}` },
  });
  expect(answer.status).toBe(204);
};

it('finds at Mailchimp and Netvisor what somebody changed there, puts it right, and invents nothing', async () => {
  const aino = await customer('Aino', 'C-1');
  const bo = await customer('Bo', 'C-2');
  const eeva = await customer('Eeva', 'C-3');
  const finn = await customer('Finn', 'C-4');
  for (const system of ['newsletter', 'accounting']) expect(shown((await drift(system)).findings)).toEqual([]);

  const opened = (await journey.post('/cases', { type: 'erasure', subject: finn.subject })).json as { id: string };
  await journey.post(`/cases/${opened.id}/approve`);
  await until('Finn to be erased', async () => {
    const duties = await journey.duties(finn.subject);
    return ['newsletter', 'accounting'].every((s) => duties[s]?.outcome === 'erased' && duties[s]?.state === 'settled')
      ? true
      : undefined;
  });

  journey.newsletter.editProfile(aino.email, { FNAME: 'Muutettu' });
  await deleteByHand(bo.email);
  journey.newsletter.seedMember(audience, { email: 'stranger@sahko.test' });
  const news = await drift('newsletter');
  expect(shown(news.findings)).toEqual(
    [
      ['missing', bo.subject, []],
      ['orphan', undefined, []],
      ['stale', aino.subject, ['givenName']],
    ].sort(),
  );

  const card = journey.accounting.customers().find((c) => c.card['internalidentifier'] === 'C-3');
  const edit = { do: 'editCard', customer: card?.key, set: { email: 'vaara@sahko.test' } };
  await fetch(`${journey.accountingServer.url}/_sandbox/act`, {
    method: 'POST',
    body: JSON.stringify(edit),
    headers: { 'content-type': 'application/json' },
  });
  const back = journey.accounting.seedCustomer({ name: 'Finn Virtanen', code: 'C-77', isPrivate: true, email: finn.email });
  const stranger = journey.accounting.seedCustomer({
    name: 'Outo Vieras',
    code: 'C-78',
    isPrivate: true,
    email: 'vieras@sahko.test',
  });
  const books = await drift('accounting');
  const kinds = books.findings.map((f) => f.kind).sort();
  expect(kinds).toEqual(['erased-but-back', 'orphan', 'stale']);
  expect(books.findings.find((f) => f.kind === 'stale')).toMatchObject({ subject: eeva.subject, fields: ['email'] });
  expect(books.findings.find((f) => f.kind === 'erased-but-back')).toMatchObject({ subject: finn.subject, reason: 'tombstone' });

  for (const { run } of [news, books]) await journey.post(`/drift/${run}/repair`, {});
  await until('the repair', async () => {
    const names = journey.newsletter.member(audience, aino.email)?.['merge_fields'] as Record<string, string> | undefined;
    const cards = journey.accounting.customers();
    const isRight = cards.find((c) => c.card['internalidentifier'] === 'C-3')?.card['email'] === eeva.email;
    return names?.['FNAME'] === 'Aino' && isRight && !cards.some((c) => c.key === back) ? true : undefined;
  });
  for (const [system, who] of [
    ['newsletter', aino.subject],
    ['newsletter', bo.subject],
    ['accounting', eeva.subject],
    ['accounting', finn.subject],
  ] as const)
    await until('rest', async () => (isSettled((await journey.duties(who))[system]) ? true : undefined));
  expect((await drift('newsletter')).findings.map((f) => f.kind)).toEqual(['orphan']);
  expect((await drift('accounting')).findings.map((f) => f.kind)).toEqual(['orphan']);
  // what nobody knows is there as it was
  expect(journey.accounting.customer(stranger)?.card['email']).toBe('vieras@sahko.test');
  expect(journey.newsletter.member(audience, 'stranger@sahko.test')).toBeDefined();
});

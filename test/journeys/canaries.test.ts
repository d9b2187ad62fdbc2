import { Redis } from 'ioredis';
import pg from 'pg';
import { expect, it } from 'vitest';
import { type Journey, openJourney, settled, until } from './hub.ts';

/** Unmistakable values in every personal field, and every spelling in which one might leak. */
const canaries = {
  FIRST_NAME: 'Kanarialintu',
  LAST_NAME: 'Keltasirkku',
  EMAIL_ADDRESS: 'kanaria.canary77@linnut.test',
  PHONE: '+358 40 7654321',
  PHONE_MOBILE: '+358 50 1357913',
  TITLE: 'Papukaijanhoitaja',
  ADDRESS_MAIL_STREET: 'Haukankatu 9876',
  ADDRESS_MAIL_CITY: 'Pöllölä',
  Customer_No__c: 'KANA-424242',
  DATE_OF_BIRTH: '1971-03-07 00:00:00',
};
const note = 'Soitti Viherpeippo';
const words = [
  'Kanarialintu',
  'Keltasirkku',
  'kanaria.canary77',
  'linnut.test',
  '7654321',
  '1357913',
  'Papukaijanhoitaja',
  'Haukankatu',
  'Pöllölä',
  'KANA-424242',
  '1971-03-07',
  'Viherpeippo',
  'uusikanaria88',
].flatMap((word) => [
  word,
  encodeURIComponent(word),
  Buffer.from(word).toString('hex'),
  Buffer.from(word).toString('base64').replace(/=+$/, '').slice(0, -1),
]);

const hits = (where: string, text: string): string[] => {
  const lower = text.toLowerCase();
  return words.filter((word) => lower.includes(word.toLowerCase())).map((word) => `${where}: ${word}`);
};

/** Every column of every table of a schema, bytes both raw and as hex. */
async function dump(databaseUrl: string, schema: string): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const parts: string[] = [];
  const tables = await client.query<{ table_name: string }>(
    "SELECT table_name FROM information_schema.tables WHERE table_schema = $1 AND table_type = 'BASE TABLE'",
    [schema],
  );
  for (const { table_name } of tables.rows) {
    for (const row of (await client.query<Record<string, unknown>>(`SELECT * FROM "${schema}"."${table_name}"`)).rows) {
      for (const value of Object.values(row)) {
        if (Buffer.isBuffer(value)) parts.push(value.toString('latin1'), value.toString('utf8'));
        else parts.push(typeof value === 'object' ? JSON.stringify(value) : String(value));
      }
    }
  }
  await client.end();
  return parts.join('\n');
}

/** Everything Redis holds, whatever its type. */
async function dumpRedis(url: string): Promise<string> {
  const redis = new Redis(url);
  const parts: string[] = [];
  for (const key of await redis.keys('*')) {
    parts.push(key);
    const type = await redis.type(key);
    if (type === 'string') parts.push((await redis.get(key)) ?? '');
    else if (type === 'hash') parts.push(JSON.stringify(await redis.hgetall(key)));
    else if (type === 'list') parts.push(JSON.stringify(await redis.lrange(key, '0', '-1')));
    else if (type === 'set') parts.push(JSON.stringify(await redis.smembers(key)));
    else if (type === 'zset') parts.push(JSON.stringify(await redis.zrange(key, '0', '-1')));
    else if (type === 'stream') parts.push(JSON.stringify(await redis.xrange(key, '-', '+')));
    else if (type !== 'none') throw new Error(`a key of type ${type} was not looked into`);
  }
  redis.disconnect();
  return parts.join('\n');
}

const queueStorage = (journey: Journey) =>
  journey.runtime.redisUrl ? dumpRedis(journey.runtime.redisUrl) : dump(journey.databaseUrl, 'bullmq');

it('no value of a person reaches the queue, the log, the metrics or the audit log, and none is readable after the erasure', {
  timeout: 180_000,
}, async () => {
  const journey = await openJourney();
  const found: string[] = [];
  const look = async (when: string) => {
    found.push(...hits(`queue ${when}`, await queueStorage(journey)));
    found.push(...hits(`ledger ${when}`, await dump(journey.databaseUrl, 'kaiku')));
    found.push(...hits(`metrics ${when}`, await (await fetch(`${journey.url}/metrics`)).text()));
  };
  try {
    const id = journey.customer({ ...canaries, Newsletter__c: true });
    journey.customer({ EMAIL_ADDRESS: 'onni@sahko.test', Customer_No__c: 'C-2' });
    const subject = await until('the subject', () => journey.subjectOf(canaries.EMAIL_ADDRESS));
    await settled(journey, subject, 'newsletter', 'created');
    await look('after the creation');
    for (const kind of [
      'throttle',
      'bare-403',
      'html-502',
      'garbage-200',
      'cut-body',
      'commit-then-drop',
      'drop-before-commit',
      'hang',
      'server-error',
    ] as const) {
      journey.newsletterServer.fault({ kind, path: '/members' });
    }
    journey.crm.update('contact', id, { EMAIL_ADDRESS: 'uusikanaria88@linnut.test' });
    await until('the correction', async () => (await journey.duties(subject))['newsletter']?.outcome === 'updated', 120);
    await look('after the correction');
    // wrong requests quote the person too
    await journey.get(`/subjects?email=${encodeURIComponent('kanaria.canary77@linnut.test')}&phone=nonsense-7654321`);
    await journey.post('/cases', { type: 'erasure', email: 'kanaria.canary77@linnut.test', extra: 'Keltasirkku' });
    await fetch(`${journey.url}/api/v1/nowhere?email=kanaria.canary77@linnut.test`);
    const opened = await journey.post('/cases', { type: 'erasure', subject, note });
    const { id: caseId } = opened.json as { id: string };
    await journey.post(`/cases/${caseId}/approve`, { reason: note });
    await settled(journey, subject, 'crm', 'erased');
    const task = await until('the task', async () =>
      (await journey.get<{ id: string; ask: string; outcome?: string }[]>('/tasks')).find((t) => !t.outcome && t.ask === 'erase'),
    );
    await journey.get(`/tasks/${task.id}?reveal=true`);
    await journey.post(`/tasks/${task.id}/answer`, { outcome: 'erased', note });
    await until('the end of the case', async () => (await journey.get<{ state: string }>(`/cases/${caseId}`)).state === 'closed');
    await look('after the erasure');
    found.push(...hits('audit log', JSON.stringify(await journey.get(`/audit/export`))));
    found.push(...hits('log', journey.logged.join('')));
    expect(journey.logged.length).toBeGreaterThan(5);
    expect(found).toEqual([]);
  } finally {
    await journey.close();
  }
});

it('would find a canary that leaked', () => {
  expect(hits('here', 'x kanaria.canary77@linnut.test y').length).toBeGreaterThan(0);
  expect(hits('here', Buffer.from('a Keltasirkku b').toString('hex')).length).toBeGreaterThan(0);
});

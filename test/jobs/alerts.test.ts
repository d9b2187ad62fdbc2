import { createHmac, timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alertKinds, usualLimits } from '../../src/core/alert.ts';
import type { NotifyConfig } from '../../src/core/configuration.ts';
import { deliverNotices, openChannels, tryChannels } from '../../src/jobs/deliver-notices.ts';
import type { Needs } from '../../src/jobs/needs.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { verifyOwnLog } from '../../src/jobs/verify-log.ts';
import { watch } from '../../src/jobs/watch.ts';
import { translator } from '../../src/server/console/i18n.ts';
import { openAlerts, takeNotice, undelivered } from '../../src/store/alerts.ts';
import { advanceClock } from '../../src/store/clock.ts';
import { changes } from '../../src/store/database.ts';
import { pauseSystem, resumeSystem } from '../../src/store/systems.ts';
import { type Hook, hookServer } from '../support/hook-server.ts';
import { type Caught, mailServer } from '../support/mail-server.ts';
import { testRuntime } from '../support/runtime.ts';
import { aino, openWorld, type World } from './world.ts';

const secret = `whsec_${Buffer.from('a secret of thirty-two bytes ...').toString('base64')}`;

/** The receiver's side of the standard, written a second time from its text. */
function isAuthentic({ headers, body }: Hook): boolean {
  const signed = [headers['webhook-id'], headers['webhook-timestamp'], body].join('.');
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const want = createHmac('sha256', key).update(signed, 'utf8').digest();
  return String(headers['webhook-signature'])
    .split(' ')
    .some((part) => {
      const [version, given] = part.split(',');
      const bytes = Buffer.from(given ?? '', 'base64');
      return version === 'v1' && bytes.length === want.length && timingSafeEqual(bytes, want);
    });
}

const words = translator('fi');
let world: World;
let mail: Awaited<ReturnType<typeof mailServer>>;
let hook: Awaited<ReturnType<typeof hookServer>>;
let needs: Needs;
let drop: () => Promise<void>;

beforeEach(async () => {
  const runtime = await testRuntime();
  drop = runtime.drop;
  world = await openWorld(runtime.databaseUrl);
  mail = await mailServer();
  hook = await hookServer();
  needs = withNotify({});
  await pollRegister(needs, 'crm');
});
afterEach(async () => {
  await mail.close();
  await hook.close();
  await world.close();
  await drop();
});

function withNotify(more: Partial<NotifyConfig>): Needs {
  return {
    ...world.needs,
    config: {
      ...world.needs.config,
      console: { url: 'https://kaiku.example.test/' },
      notify: {
        mail: { smtp: `smtp://127.0.0.1:${mail.port}`, from: 'kaiku@esimerkki.test', to: ['dpo@esimerkki.test'] },
        webhook: { url: `http://127.0.0.1:${hook.port}/in`, secret },
        owners: { marketing: 'markkinointi@esimerkki.test' },
        on: alertKinds,
        after: usualLimits,
        ...more,
      },
    },
  };
}

const look = async () => {
  await watch(needs);
  return deliverNotices(needs, openChannels(needs), words);
};
/** Skips the back-off: what waits is due now. */
const hurry = () => changes(needs.db, sql`UPDATE notice SET next_at = now() WHERE sent_at IS NULL`);
const decoded = (raw: string) => {
  const parts = raw.split(/\r\n--[^\r\n]+\r\n/);
  return parts
    .map((part) => {
      const [head = '', ...body] = part.split('\r\n\r\n');
      const text = body.join('\r\n\r\n');
      if (/base64/i.test(head)) return Buffer.from(text, 'base64').toString('utf8');
      return Buffer.from(
        text.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
        'latin1',
      ).toString('utf8');
    })
    .join('\n');
};
const idOfMail = ({ raw }: Caught) => /^Message-ID: <([^@]+)@/im.exec(raw)?.[1] ?? '';

describe('an alert', () => {
  it('is told once when it opens and once when it is over, by mail and by a signed webhook', async () => {
    await pauseSystem(needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
    expect(await look()).toBe(3);
    expect(await look()).toBe(0);
    expect(mail.mails.map((m) => m.to).sort()).toEqual([['dpo@esimerkki.test'], ['markkinointi@esimerkki.test']]);
    expect(decoded(mail.mails[0]?.raw ?? '')).toContain('newsletter on pysäytetty: järjestelmä hylkää tunnukset');
    expect(decoded(mail.mails[0]?.raw ?? '')).toContain('https://kaiku.example.test/alerts');
    expect(hook.hooks).toHaveLength(1);
    expect(hook.hooks.every(isAuthentic)).toBe(true);
    expect(JSON.parse(hook.hooks[0]?.body ?? '')).toMatchObject({
      type: 'alerts.changed',
      data: {
        alerts: [{ event: 'opened', kind: 'system-paused', about: 'newsletter', detail: { code: 'CREDENTIALS_REJECTED' } }],
      },
    });
    await resumeSystem(needs.db, 'newsletter', false);
    expect(await look()).toBe(3);
    expect(await look()).toBe(0);
    expect(JSON.parse(hook.hooks[1]?.body ?? '')).toMatchObject({
      data: { alerts: [{ event: 'resolved', kind: 'system-paused' }] },
    });
    expect(decoded(mail.mails.at(-1)?.raw ?? '')).toContain('newsletter toimii taas');
  });

  it('about staff goes to HR and to nobody else by mail; where no HR is named, everybody is told who can open it', async () => {
    const waits = (role: string | null) =>
      changes(
        needs.db,
        sql`INSERT INTO intake (id, type, language, role, state, received_at, key, sealed, address_key, sender_key)
            VALUES (gen_random_uuid(), 'access', 'fi', ${role}, 'waiting', now(), '\\x01', '\\x01', '\\x01', '\\x01')`,
      );
    const { mail: to } = needs.config.notify ?? {};
    if (!to) throw new Error('no mail is configured');
    needs = withNotify({ mail: { ...to, hr: ['hr@esimerkki.test'] } });
    await waits('applicant');
    await waits(null);
    await look();
    const sent = (whom: string) => mail.mails.filter((m) => m.to.includes(whom)).map((m) => decoded(m.raw));
    expect([sent('hr@esimerkki.test').length, sent('dpo@esimerkki.test').length]).toEqual([1, 1]);
    expect(sent('hr@esimerkki.test')[0]).toContain('vain henkilöstöhallinto voi avata sen');
    expect(sent('dpo@esimerkki.test')[0]).not.toContain('henkilöstö');
    needs = withNotify({});
    await waits('employee');
    await look();
    expect(sent('hr@esimerkki.test')).toHaveLength(1);
    expect(sent('dpo@esimerkki.test')[1]).toContain('vain henkilöstöhallinto voi avata sen');
    // told of the end as well
    needs = withNotify({ mail: { ...to, hr: ['hr@esimerkki.test'] } });
    await changes(needs.db, sql`UPDATE intake SET state = 'dismissed' WHERE role = 'applicant'`);
    await look();
    expect([sent('hr@esimerkki.test').length, sent('dpo@esimerkki.test').length]).toEqual([2, 2]);
  });

  it('is not authentic when a byte of it was changed', async () => {
    await pauseSystem(needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
    await look();
    const [first] = hook.hooks;
    if (!first) throw new Error('nothing arrived');
    expect(isAuthentic({ ...first, body: first.body.replace('newsletter', 'newsletteR') })).toBe(false);
  });

  it('about deadlines follows the clock of the hub: due, overdue, answered', async () => {
    world.register.put('1', { person: aino });
    await pollRegister(needs, 'crm');
    await world.settle();
    await changes(
      needs.db,
      sql`INSERT INTO task (id, duty, system, subject, ask, version, due)
      SELECT gen_random_uuid(), id, recipient, subject, 'update', 1, now() + interval '5 days' FROM duty WHERE recipient = 'partner'`,
    );
    expect((await watch(needs)).opened).toBe(0);
    await advanceClock(needs.db, 'P3D');
    await look();
    const kinds = async () => (await openAlerts(needs.db)).map((a) => a.kind).filter((k) => k.startsWith('task'));
    expect(await kinds()).toEqual(['task-due']);
    await advanceClock(needs.db, 'P4D');
    await look();
    expect(await kinds()).toEqual(['task-overdue']);
    const bodies = () => hook.hooks.map((h) => h.body).join('');
    // it did not recover, it got worse
    expect(bodies()).not.toContain('"event":"resolved","id"');
    expect(
      hook.hooks
        .flatMap((h) => (JSON.parse(h.body) as { data: { alerts: { event: string; kind: string }[] } }).data.alerts)
        .filter((a) => a.kind === 'task-due')
        .map((a) => a.event),
    ).toEqual(['opened']);
    await changes(needs.db, sql`UPDATE task SET answered_at = now()`);
    await look();
    expect(await kinds()).toEqual([]);
  });

  it('is told neither when it passed within its grace, nor when the configuration leaves its kind out', async () => {
    await changes(needs.db, sql`UPDATE system_state SET failures = 5 WHERE system = 'newsletter'`);
    expect(await look()).toBe(0);
    expect((await openAlerts(needs.db)).map((a) => a.kind)).toEqual(['breaker-open']);
    await changes(needs.db, sql`UPDATE system_state SET failures = 0`);
    expect(await look()).toBe(0);
    needs = withNotify({ on: ['log-broken'] });
    await pauseSystem(needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
    expect(await look()).toBe(0);
  });

  it('comes from the hub itself when the audit log does not verify, and not while it is empty', async () => {
    await verifyOwnLog(needs);
    expect(await look()).toBe(0);
    world.register.put('1', { person: aino });
    await pollRegister(needs, 'crm');
    await pauseSystem(needs.db, 'newsletter', 'RIGHT_MISSING');
    expect((await verifyOwnLog(needs)).verified).toBe(true);
    await changes(needs.db, sql`INSERT INTO audit_checkpoint (size, root, note) VALUES (999999, '\\x00', 'forged')`);
    expect((await verifyOwnLog(needs)).verified).toBe(false);
    await look();
    expect((await openAlerts(needs.db)).map((a) => a.kind).sort()).toEqual(['log-broken', 'right-missing']);
  });

  it('puts a mass of changes into one message', async () => {
    for (let i = 0; i < 60; i++)
      await changes(
        needs.db,
        sql`INSERT INTO held (id, kind, system, about, reason, created_at) VALUES (gen_random_uuid(), 'rearrival', 'crm', ${Buffer.from(`row-${i}`)}, 'tombstone', now() - interval '10 days')`,
      );
    expect(await look()).toBe(2);
    expect(mail.mails).toHaveLength(1);
    expect(decoded(mail.mails[0]?.raw ?? '')).toContain('ja 20 muuta');
  });
});

describe('the outbox', () => {
  it('keeps what a server that is down did not take, and delivers it when it is back', async () => {
    const { port } = mail;
    await mail.close();
    hook.status = 503;
    await pauseSystem(needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
    expect(await look()).toBe(0);
    const waiting = await undelivered(needs.db, 10);
    expect(waiting.map((n) => [n.channel, n.attempts, n.problem]).sort()).toEqual([
      ['mail', 1, 'ESOCKET'],
      ['mail', 1, 'ESOCKET'],
      ['webhook', 1, 'HTTP-503'],
    ]);
    // not before its time
    expect(await look()).toBe(0);
    mail = await mailServer(port);
    hook.status = 200;
    await hurry();
    expect(await look()).toBe(3);
    expect(mail.mails).toHaveLength(2);
    expect(hook.hooks.map((h) => h.headers['webhook-id'])).toEqual([
      hook.hooks[0]?.headers['webhook-id'],
      hook.hooks[0]?.headers['webhook-id'],
    ]);
    expect(await undelivered(needs.db, 10)).toEqual([]);
  });

  it('sends under the same id when a process fell between sending and marking', async () => {
    needs = withNotify({ owners: {} });
    await pauseSystem(needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
    await look();
    // as if the process had been killed right before the mark
    await changes(needs.db, sql`UPDATE notice SET sent_at = NULL, next_at = now()`);
    await look();
    expect(mail.mails.map(idOfMail)[0]).toBe(mail.mails.map(idOfMail)[1]);
    expect(mail.mails.map(idOfMail)[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(hook.hooks.map((h) => h.headers['webhook-id'])).size).toBe(1);
  });

  it('hands a message to one process at a time', async () => {
    needs = withNotify({ owners: {}, on: alertKinds });
    await pauseSystem(needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
    await watch(needs);
    const taken = await Promise.all([takeNotice(needs.db), takeNotice(needs.db), takeNotice(needs.db)]);
    expect(taken.filter((n) => n !== undefined)).toHaveLength(2);
    expect(await deliverNotices(needs, openChannels(needs), words)).toBe(0);
  });

  it('is filled once when two processes look at the same time', async () => {
    await pauseSystem(needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
    await Promise.all([watch(needs), watch(needs), watch(needs)]);
    expect(await undelivered(needs.db, 10)).toHaveLength(3);
  });

  it('keeps of a refusal its code, never the words of the server', async () => {
    mail.refuse = 452;
    await pauseSystem(needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
    await look();
    const problems = (await undelivered(needs.db, 10)).map((n) => n.problem);
    expect(problems).toEqual(['EMESSAGE-452', 'EMESSAGE-452']);
  });

  it('never sends a webhook in plain text to another machine', async () => {
    needs = withNotify({ webhook: { url: 'http://203.0.113.9/in', secret } });
    expect(await tryChannels(needs, openChannels(needs), words)).toMatchObject({
      webhook: { ok: false },
      mail: { ok: true, to: 2 },
    });
  });
});

it('holds no personal data in any mail, webhook or row of the outbox', async () => {
  const canary = {
    givenName: 'Kanarialintu',
    familyName: 'Keltasirkku',
    email: 'kanaria@linnut.test',
    phone: '+358407654321',
    customerNumber: 'KANA-42',
  };
  world.register.put('1', { person: canary, granted: { newsletter: true } });
  await pollRegister(needs, 'crm');
  await world.settle();
  await changes(needs.db, sql`UPDATE duty SET state = 'dead'`);
  await pauseSystem(needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
  await advanceClock(needs.db, 'P40D');
  await look();
  await look();
  const all = [
    ...mail.mails.map((m) => m.raw + decoded(m.raw)),
    ...hook.hooks.map((h) => h.body + JSON.stringify(h.headers)),
  ].join('\n');
  expect(all).toContain('duty-dead');
  expect(all).not.toMatch(/kanaria|keltasirkku|linnut|7654321|KANA-42/i);
});

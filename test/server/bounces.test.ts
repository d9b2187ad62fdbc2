import { beforeEach, describe, expect, it } from 'vitest';
import { alertKinds, usualLimits } from '../../src/core/alert.ts';
import { mailTasks, replyMailer } from '../../src/jobs/mail-tasks.ts';
import { watch } from '../../src/jobs/watch.ts';
import { mailWords } from '../../src/server/alerts.ts';
import { openAlerts } from '../../src/store/alerts.ts';
import { type Exim, eximMissing, startExim } from '../support/exim.ts';
import { linkedAino, openTestHub, type TestHub } from './hub.ts';

const missing = eximMissing();

describe.skipIf(missing)(`a mail server of Debian (Exim)${missing ? `: left out, ${missing}` : ''}`, () => {
  let exim: Exim;
  let hub: TestHub;
  beforeEach(async () => {
    exim = await startExim();
    return async () => {
      await hub.close();
      await exim.close();
    };
  });

  /** Somebody is to be erased, and the people of a system have this mailbox. */
  async function asked(address: string): Promise<string> {
    hub = await openTestHub({
      needs: (needs) => {
        const partner = needs.connectors['partner'];
        if (!partner) throw new Error('the world has no partner');
        return {
          ...needs,
          connectors: { ...needs.connectors, partner: { ...partner, people: { address, language: 'en' } } },
          config: {
            ...needs.config,
            replies: { url: 'http://127.0.0.1:1' },
            notify: {
              mail: { smtp: `smtp://127.0.0.1:${exim.port}`, from: 'kaiku@here.test', to: [] },
              owners: {},
              on: [...alertKinds],
              after: usualLimits,
            },
          },
        };
      },
    });
    const subject = await linkedAino(hub);
    const { id } = (await hub.ask('POST', '/cases', { type: 'erasure', subject })).json<{ id: string }>();
    await hub.ask('POST', `/cases/${id}/approve`);
    await hub.settle();
    expect(await mailTasks(hub.needs, replyMailer(hub.needs), (language) => mailWords(hub.needs.config, language))).toBe(1);
    return (await hub.ask('GET', '/tasks')).json<{ id: string }[]>()[0]?.id ?? '';
  }

  async function arrived(name: string): Promise<string> {
    for (let n = 0; n < 150; n++) {
      const [first] = await exim.mailbox(name);
      if (first) return first;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`no mail for ${name}`);
  }

  it('takes the mail about a task, and delivers it as it was written', async () => {
    await asked('privacy@here.test');
    const mail = await arrived('privacy');
    expect(mail).toMatch(/Subject: .*a data protection request, answer by/s);
    expect(mail).toMatch(/\/reply\//);
  });

  it('sends back what nobody takes, and the task is told to be stuck; the same report twice changes nothing', async () => {
    const task = await asked('nobody@elsewhere.test');
    const report = await arrived('kaiku');
    expect((await hub.ask('POST', '/tasks/bounce', { raw: report })).json()).toEqual({ task, was: 'bounced' });
    expect((await hub.ask('POST', '/tasks/bounce', { raw: report })).json()).toEqual({ task, was: 'stale' });
    await watch(hub.needs);
    expect((await openAlerts(hub.needs.db)).map(({ kind, about }) => [kind, about])).toContainEqual(['task-stuck', task]);
    const page = await hub.raw({ method: 'GET', url: `/tasks/${task}`, headers: { authorization: 'Bearer token-of-dpo' } });
    expect(page.text).toContain('STATUS-5.');
    expect((await hub.ask('POST', '/tasks/bounce', { raw: 'Subject: hello\n\nhello' })).status).toBe(400);
    expect((await hub.ask('POST', '/tasks/bounce', { raw: report }, 'viewer')).status).toBe(403);
  });
});

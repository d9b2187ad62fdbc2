import { beforeEach, describe, expect, it } from 'vitest';
import { watch } from '../../src/jobs/watch.ts';
import { pauseSystem } from '../../src/store/systems.ts';
import { linkedAino } from '../server/hub.ts';
import { openShell, type Shell } from './run.ts';

/** What the console's pages do, from the command line. */
let shell: Shell;
beforeEach(async () => {
  shell = await openShell();
  return () => shell.close();
});

describe('accounts', () => {
  const create = (...more: string[]) =>
    shell.kaiku('account', 'create', '--email', 'dpo@firma.test', '--name', 'D', '--role', 'dpo', ...more);
  const states = async () =>
    (await shell.kaiku('account', 'list', '--json')).json<{ address: string; roles: string[]; state: string }[]>();

  it('are made with a link that is printed once, and listed without it', async () => {
    const made = await create();
    expect(made.code).toBe(0);
    const [link] = made.out.split('\n');
    expect(link).toMatch(/^https?:\/\/\S+\/set-up/);
    expect(made.out).toContain('It works once, for 24 hours.');
    const listed = await shell.kaiku('account', 'list');
    expect(listed.out).toContain('dpo@firma.test');
    expect(listed.out).not.toContain('set-up');
    const again = (await shell.kaiku('account', 'link', '--email', 'DPO@firma.test')).out.split('\n')[0];
    expect(again).toMatch(/\/set-up/);
    expect(again).not.toBe(link);
  });

  it('are closed, opened and unlocked by address or id', async () => {
    const { id } = (await create('--json')).json<{ id: string }>();
    expect((await shell.kaiku('account', 'disable', '--email', 'dpo@firma.test')).out).toBe(`${id}: disabled`);
    expect(await states()).toMatchObject([{ state: 'disabled' }]);
    expect((await shell.kaiku('account', 'enable', '--id', id)).out).toBe(`${id}: enabled`);
    expect((await states())[0]?.state).not.toBe('disabled');
    expect((await shell.kaiku('account', 'unlock', '--id', id)).code).toBe(0);
  });

  it('say what is wrong, and change nothing', async () => {
    expect(await create('--role', 'king')).toMatchObject({ code: 2, err: expect.stringContaining('one of admin, dpo') });
    expect(await shell.kaiku('account', 'disable')).toMatchObject({ code: 2, err: expect.stringContaining('say whose account') });
    expect(await shell.kaiku('account', 'disable', '--email', 'nobody@firma.test')).toMatchObject({
      code: 2,
      err: expect.stringContaining('no account has this address'),
    });
    expect(await states()).toEqual([]);
    await create();
    expect(await create()).toMatchObject({ code: 4, err: expect.stringMatching(/address/) });
    expect(await states()).toHaveLength(1);
  });
});

describe('drift', () => {
  it('is reported with exit 1, repaired when asked, and then there is none', async () => {
    await linkedAino(shell.hub);
    for (const row of shell.hub.newsletter.rows.values()) row.fields.familyName = 'Muutettu';
    const found = await shell.kaiku('drift', 'newsletter');
    expect(found).toMatchObject({ code: 1, out: expect.stringContaining('stale: familyName') });
    const repaired = await shell.kaiku('drift', 'newsletter', '--repair', 'stale');
    expect(repaired.out).toMatch(/[1-9]\d* steps are owed again; 0 findings need a person/);
    await shell.hub.settle();
    expect(await shell.kaiku('drift', 'newsletter', '--json')).toMatchObject({ code: 0 });
  });

  it('knows its kinds and its systems', async () => {
    await linkedAino(shell.hub);
    expect((await shell.kaiku('drift', 'newsletter', '--repair', 'stael')).code).toBe(2);
    expect((await shell.kaiku('drift', 'nowhere')).code).toBe(2);
  });
});

describe('alerts', () => {
  it('are listed with exit 1 while one is open, with what to do', async () => {
    expect(await shell.kaiku('alert', 'list')).toMatchObject({ code: 0, out: expect.stringContaining('Nobody is told') });
    await pauseSystem(shell.hub.needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
    await watch(shell.hub.needs);
    const listed = await shell.kaiku('alert', 'list');
    expect(listed).toMatchObject({ code: 1, out: expect.stringContaining('renew them in the configuration') });
  });

  it('cannot be tried where nothing is configured', async () => {
    expect(await shell.kaiku('alert', 'test')).toMatchObject({ code: 2, out: expect.stringContaining('write notify') });
  });
});

import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { aino } from '../jobs/world.ts';
import { linkedAino } from '../server/hub.ts';
import { openShell, type Shell } from './run.ts';

let shell: Shell;
beforeEach(async () => {
  shell = await openShell();
  return () => shell.close();
});

describe('the way to the hub', () => {
  it('is the running one of hub.json, by its local token', async () => {
    await linkedAino(shell.hub);
    await shell.serve();
    const ran = await shell.kaiku('status', '--email', aino.email, '--json');
    expect(ran.json()).toMatchObject({ role: 'customer', state: 'active' });
    expect(shell.opened()).toBe(0);
    const made = await shell.kaiku('erase', '--email', aino.email);
    expect(made.code).toBe(1);
  });

  it('is in this process where no hub.json is', async () => {
    expect((await shell.kaiku('doctor')).code).toBe(0);
    expect(shell.opened()).toBe(1);
  });

  it.each([
    ['nobody listens any more', { url: 'http://127.0.0.1:9' }],
    ['another instance answers', { instance: '00000000-0000-4000-8000-000000000000' }],
  ])('is in this process where %s', async (_what, over) => {
    await shell.serve(over);
    expect((await shell.kaiku('doctor')).code).toBe(0);
    expect(shell.opened()).toBe(1);
  });

  it('is in this process where hub.json is broken', async () => {
    await writeFile(join(shell.data, 'hub.json'), '{"url": "http://12');
    expect((await shell.kaiku('doctor')).code).toBe(0);
    expect(shell.opened()).toBe(1);
  });

  it('takes KAIKU_TOKEN before the local token, and never falls back from it', async () => {
    await shell.serve();
    shell.env['KAIKU_TOKEN'] = 'token-of-viewer';
    expect((await shell.kaiku('status')).code).toBe(0);
    expect((await shell.kaiku('doctor')).code).toBe(2);
    shell.env['KAIKU_TOKEN'] = 'token-of-nobody';
    const ran = await shell.kaiku('status');
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('token')]);
    expect(shell.opened()).toBe(0);
  });

  it('that breaks off in the middle of an answer is 3, said in words', async () => {
    const instance = 'an-instance';
    const server = createServer((request, response) => {
      if (request.url === '/health/live') response.end(JSON.stringify({ live: true, instance }));
      else {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"systems"', () => response.destroy());
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const known = { url: `http://127.0.0.1:${port}`, instance, token: 'secret-local-token' };
      await writeFile(join(shell.data, 'hub.json'), JSON.stringify(known));
      const ran = await shell.kaiku('status', '--email', aino.email);
      expect([ran.code, ran.err]).toEqual([3, expect.stringContaining('broke off')]);
      // the address that was asked for stands in the query, the token in a header
      expect(ran.err).not.toMatch(/aino|secret-local-token/);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createWire, freeCall, memoryGate, type WireRequest } from '../../src/connectors/http.ts';
import { type FaultKind, type SandboxBehaviour, serveSandbox } from '../../src/connectors/sandbox.ts';
import { until } from '../support/until.ts';

/** A vendor that counts what it was asked to do. */
function counting(more: Partial<SandboxBehaviour> = {}) {
  const done: string[] = [];
  const behaviour: SandboxBehaviour = {
    vendor: 'counting',
    handle({ method, path }) {
      if (path === '/broken') throw new Error('the vendor fell over');
      if (method === 'DELETE') {
        done.push('DELETE');
        return { status: 204 };
      }
      if (method !== 'GET') done.push(method);
      return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ done: done.length }) };
    },
    throttled: (retryAfter) => ({ status: 429, headers: retryAfter ? { 'retry-after': retryAfter } : {}, body: '{"slow":true}' }),
    unauthorized: () => ({ status: 401, body: '{"who":"are you"}' }),
    state: () => ({ done }),
    act: (what) => {
      done.push(String(what['do']));
      return undefined;
    },
    ...more,
  };
  return { behaviour, done };
}

async function served(more: Partial<SandboxBehaviour> = {}, options: { latencyMs?: number } = {}) {
  const vendor = counting(more);
  const server = await serveSandbox(vendor.behaviour, options);
  return { ...vendor, server, [Symbol.asyncDispose]: () => server.close() };
}

const wire = createWire({ gate: memoryGate({ connections: 50 }), deadlineMs: 400 });
const request = (url: string, method: WireRequest['method'] = 'PUT'): WireRequest =>
  method === 'GET'
    ? { method, url, kind: 'read' }
    : { method, url, kind: 'write', ...(method === 'DELETE' ? {} : { body: '{}' }) };

describe('a fault', () => {
  it.each<[FaultKind, number, boolean]>([
    ['throttle', 429, false],
    ['unauthorized', 401, false],
    ['bare-403', 403, false],
    ['html-502', 502, false],
    ['server-error', 500, false],
    ['garbage-200', 200, true],
  ])('%s answers %i; the vendor did what it was asked: %s', async (kind, status, isDone) => {
    await using w = await served();
    w.server.fault({ kind });
    const answer = await wire(request(w.server.url), freeCall);
    expect(answer.status).toBe(status);
    expect(w.done).toHaveLength(isDone ? 1 : 0);
    if (kind === 'bare-403') expect(answer.text()).toBe('');
    if (kind === 'html-502') expect(answer.text()).toContain('<html>');
    if (kind === 'garbage-200') expect(() => answer.json()).toThrow(expect.objectContaining({ code: 'ANSWER_GARBLED' }));
  });

  it.each<[FaultKind, boolean]>([
    ['hang', false],
    ['drop-before-commit', false],
    ['commit-then-drop', true],
    ['cut-body', true],
    ['drip', true],
  ])('%s gives no whole answer; the vendor did what it was asked: %s', async (kind, isDone) => {
    await using w = await served();
    for (const method of ['PUT', 'DELETE'] as const) {
      // nothing drips where there is no body
      if (kind === 'drip' && method === 'DELETE') continue;
      w.server.fault({ kind });
      await expect(wire(request(w.server.url, method), freeCall)).rejects.toMatchObject({ code: 'ANSWER_LOST' });
    }
    expect(w.done.length > 0).toBe(isDone);
    expect((await wire(request(w.server.url), freeCall)).status).toBe(200);
  });

  it('says Retry-After in the form it was given', async () => {
    await using w = await served();
    for (const retryAfter of ['17', 'Tue, 24 Nov 2026 12:01:30 GMT']) {
      w.server.fault({ kind: 'throttle', retryAfter });
      expect((await wire(request(w.server.url), freeCall)).headers['retry-after']).toBe(retryAfter);
    }
  });

  it('hits only what it names, as often as it says', async () => {
    await using w = await served();
    w.server.fault({ kind: 'server-error', method: 'PUT', path: '/people/', times: 2 });
    const status = async (method: WireRequest['method'], path: string) =>
      (await wire(request(`${w.server.url}${path}`, method), freeCall)).status;
    expect(await status('GET', '/people/1')).toBe(200);
    expect(await status('PUT', '/lists')).toBe(200);
    expect([await status('PUT', '/people/1'), await status('PUT', '/people/2'), await status('PUT', '/people/3')]).toEqual([
      500, 500, 200,
    ]);
    w.server.fault({ kind: 'server-error' });
    w.server.clearFaults();
    expect(await status('GET', '/')).toBe(200);
  });
});

describe('a sandbox', () => {
  it('throttles the one connection too many, and says how many there were', async () => {
    await using w = await served({ connections: 3 }, { latencyMs: 50 });
    const statuses = await Promise.all(
      Array.from({ length: 5 }, async () => (await wire(request(w.server.url), freeCall)).status),
    );
    expect(statuses.sort()).toEqual([200, 200, 200, 429, 429]);
    expect(w.server.peak()).toBe(5);
    expect(w.done).toHaveLength(3);
  });

  it('keeps a connection taken while it hangs', async () => {
    await using w = await served({ connections: 1 });
    w.server.fault({ kind: 'hang' });
    const hanging = wire(request(w.server.url), freeCall).catch(() => {});
    await until('the connection that hangs', async () => w.server.peak() === 1, 5, 5);
    expect((await wire(request(w.server.url), freeCall)).status).toBe(429);
    await hanging;
  });

  it('has done a thing before it takes its time to say so', async () => {
    await using w = await served({}, { latencyMs: 150 });
    let said = false;
    const answer = wire(request(w.server.url), freeCall).then(() => {
      said = true;
    });
    await until('the deed', async () => w.done.length === 1, 5, 5);
    expect(said).toBe(false);
    await answer;
  });

  it.each([
    ['/a%e4?z=%E4&a=1', 'http://vendor.test:81/a%e4?z=%E4&a=1'],
    ['http://other.test/a?b=1', 'http://other.test/a?b=1'],
  ])('shows the vendor the address %s as it was sent, with the host that was asked for', async (target, url) => {
    const seen: string[] = [];
    await using w = await served({
      handle(asked) {
        seen.push(asked.url);
        return { status: 200 };
      },
    });
    const socket = connect(w.server.port, '127.0.0.1');
    socket.end(`GET ${target} HTTP/1.1\r\nHost: vendor.test:81\r\nConnection: close\r\n\r\n`);
    await new Promise((resolve) => socket.resume().once('close', resolve));
    expect(seen).toEqual([url]);
  });

  it('logs every request once, refused ones too', async () => {
    await using w = await served();
    await wire(request(`${w.server.url}/a?q=1`), freeCall);
    w.server.fault({ kind: 'drop-before-commit' });
    await wire(request(`${w.server.url}/b`), freeCall).catch(() => {});
    expect(w.server.log).toMatchObject([
      { method: 'PUT', path: '/a', status: 200 },
      { method: 'PUT', path: '/b', status: 0 },
    ]);
  });

  it('survives a vendor that falls over, and requests that are none', async () => {
    await using w = await served();
    expect((await wire(request(`${w.server.url}/broken`), freeCall)).status).toBe(500);
    for (const bytes of [
      'GET // HTTP/1.1\r\nhost: x\r\n\r\n',
      'nonsense\r\n\r\n',
      'POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nx',
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(w.server.port, '127.0.0.1', () =>
          socket.write(bytes, () => setTimeout(() => socket.destroy(), 20)),
        );
        socket.on('error', () => {}).on('close', () => resolve());
      });
    }
    expect((await wire(request(w.server.url), freeCall)).status).toBe(200);
  });
});

describe('the door of a sandbox', () => {
  const ask = (url: string, path: string, method = 'GET', body?: unknown) =>
    fetch(`${url}/_sandbox/${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }).then(
      async (answer) => ({ status: answer.status, body: (await answer.json()) as unknown }),
    );

  it('takes faults, and takes them back', async () => {
    await using w = await served();
    const { url } = w.server;
    expect(await ask(url, 'faults', 'POST', { kind: 'throttle', retryAfter: '5', method: 'PUT', path: '/', times: 2 })).toEqual({
      status: 200,
      body: {},
    });
    const throttled = await wire(request(url), freeCall);
    expect([throttled.status, throttled.headers['retry-after']]).toEqual([429, '5']);
    await ask(url, 'faults', 'DELETE');
    expect((await wire(request(url), freeCall)).status).toBe(200);
  });

  it.each([
    [{ kind: 'earthquake' }, 'kind must be one of'],
    [{ kind: 'hang', times: 0 }, 'times'],
    [{ kind: 'hang', path: 7 }, 'path'],
    [[], 'JSON object'],
  ])('says what is wrong with %j', async (fault, problem) => {
    await using w = await served();
    const said = await ask(w.server.url, 'faults', 'POST', fault);
    expect(said).toEqual({ status: 400, body: { problem: expect.stringContaining(problem) } });
  });

  it('lets somebody act in the vendor’s own pages, and shows log and state', async () => {
    await using w = await served();
    const { url } = w.server;
    expect(await ask(url, 'act', 'POST', { do: 'unsubscribe' })).toEqual({ status: 200, body: {} });
    await wire(request(url), freeCall);
    expect(await ask(url, 'state')).toEqual({ status: 200, body: { done: ['unsubscribe', 'PUT'] } });
    expect((await ask(url, 'log')).body).toMatchObject([{ method: 'PUT', status: 200 }]);
    expect((await ask(url, 'cellar')).status).toBe(404);
    expect((await ask(url, 'act')).status).toBe(405);
  });

  it('is not one of the vendor’s connections', async () => {
    await using w = await served({ connections: 1 });
    await Promise.all([ask(w.server.url, 'log'), ask(w.server.url, 'state'), ask(w.server.url, 'log')]);
    expect(w.server.peak()).toBe(0);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type Call,
  createWire,
  freeCall,
  type Gate,
  memoryGate,
  parseRetryAfter,
  retryRead,
  type WireRequest,
} from '../../src/connectors/http.ts';
import { Failure } from '../../src/core/failure.ts';
import { answerBytes, byteServer } from './fault-server.ts';

const openGate: Gate = { enter: async () => ({ leave: async () => {} }) };
const wire = (deadlineMs = 1000, more: { gate?: Gate; maxBytes?: number } = {}) =>
  createWire({ gate: more.gate ?? openGate, deadlineMs, ...(more.maxBytes ? { maxBytes: more.maxBytes } : {}) });
const get = (url: string): WireRequest => ({ method: 'GET', url, kind: 'read' });
const put = (url: string, body = '{"name":"Aino"}'): WireRequest => ({ method: 'PUT', url, kind: 'write', body });

afterEach(() => vi.unstubAllEnvs());

describe('every request ends', () => {
  it('at the deadline, when the answer drips in byte by byte', async () => {
    await using server = await byteServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
      const timer = setInterval(() => socket.write('x'), 200);
      socket.on('close', () => clearInterval(timer));
    });
    const started = performance.now();
    await expect(wire(1000)(get(server.url), freeCall)).rejects.toMatchObject({ code: 'RECIPIENT_UNAVAILABLE' });
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it.each([
    ['read', get, 'RECIPIENT_UNAVAILABLE'],
    ['write', put, 'ANSWER_LOST'],
  ] as const)('at the deadline, when a %s is never answered', async (_kind, request, code) => {
    await using server = await byteServer(() => {});
    const started = performance.now();
    await expect(wire(300)(request(server.url), freeCall)).rejects.toMatchObject({ code });
    expect(performance.now() - started).toBeLessThan(4000);
  });

  it.each(['plain', 'zipped'])('at the size cap, when the answer has no end (%s), in bounded memory', async (form) => {
    // in a process of its own, so that only the caller's memory is counted
    const endless = `
      const zlib = require('node:zlib');
      require('node:http').createServer((q, a) => {
        a.on('error', () => {}).writeHead(200, ${form === 'zipped' ? "{ 'content-encoding': 'gzip' }" : '{}'});
        const out = ${form === 'zipped' ? 'zlib.createGzip()' : 'a'};
        if (out !== a) out.pipe(a);
        const chunk = Buffer.alloc(1 << 20);
        const more = () => { while (!a.destroyed && out.write(chunk)); };
        out.on('drain', more); more();
      }).listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;
    const child = spawn(process.execPath, ['-e', endless], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [port] = (await once(child.stdout, 'data')) as [Buffer];
      const before = process.memoryUsage.rss();
      let most = before;
      const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 5);
      const request = get(`http://127.0.0.1:${String(port).trim()}`);
      await expect(wire(20_000)(request, freeCall)).rejects.toMatchObject({ code: 'ANSWER_GARBLED' });
      clearInterval(watch);
      most = Math.max(most, process.memoryUsage.rss());
      expect((most - before) / 2 ** 20).toBeLessThan(50);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('a failure tells whether anything can have arrived', () => {
  it.each([
    ['nobody listens', 'http://127.0.0.1:1'],
    ['the name is unknown', 'https://nobody.invalid'],
  ])('not, where %s', async (_what, url) => {
    await expect(wire()(put(url), freeCall)).rejects.toMatchObject({ code: 'RECIPIENT_UNREACHABLE' });
  });

  it('not, where the other side does not speak TLS', async () => {
    await using server = await byteServer(() => {});
    await using speaking = await byteServer(() => {});
    const refused = createServer().listen(0, '127.0.0.1');
    await once(refused, 'listening');
    const { port } = refused.address() as { port: number };
    await expect(wire()(put(`https://127.0.0.1:${port}`), freeCall)).rejects.toMatchObject({ code: 'RECIPIENT_UNREACHABLE' });
    // one that takes the hello and stays silent: the deadline passes, and still nothing of ours was sent
    await expect(wire(300)(put(`https://127.0.0.1:${speaking.port}`), freeCall)).rejects.toMatchObject({
      code: 'RECIPIENT_UNREACHABLE',
    });
    expect(server.seen.bytes).toBe(0);
    refused.close();
  });

  const cutLength = 'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"id":"1","na';
  const cutChunks = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{"id":"1"\r\n';
  it.each([
    ['the connection is reset', '', 'RECIPIENT_UNAVAILABLE'],
    ['the head is cut', 'HTTP/1.1 200 OK\r\ncontent-le', 'RECIPIENT_UNAVAILABLE'],
    ['the body is cut', cutLength, 'RECIPIENT_UNAVAILABLE'],
    ['a chunked body is cut', cutChunks, 'RECIPIENT_UNAVAILABLE'],
    ['the answer is not HTTP', 'hello\r\n\r\n', 'ANSWER_GARBLED'],
    [
      'the answer is not what its encoding says',
      answerBytes('not zipped at all', 'content-encoding: gzip\r\n'),
      'ANSWER_GARBLED',
    ],
  ])('perhaps, where %s', async (_what, bytes, code) => {
    await using server = await byteServer((socket) => {
      if (bytes === '') socket.resetAndDestroy();
      else socket.write(bytes, () => setTimeout(() => socket.destroy(), 20));
    });
    await expect(wire()(get(server.url), freeCall)).rejects.toMatchObject({ code });
    await expect(wire()(put(server.url), freeCall)).rejects.toMatchObject({ code: 'ANSWER_LOST' });
  });

  it('perhaps, where a connection that was kept open is gone by the time it is used', async () => {
    let requests = 0;
    await using server = await byteServer((socket) => {
      if (++requests === 1) socket.write(answerBytes('{}'));
      else socket.resetAndDestroy();
    });
    const one = wire();
    await one(get(server.url), freeCall);
    await expect(one(put(server.url), freeCall)).rejects.toMatchObject({ code: 'ANSWER_LOST' });
    expect(server.seen.connections).toBe(1);
  });

  it('and holds nothing of the request: no key, no address, no body', async () => {
    await using server = await byteServer((socket) => socket.resetAndDestroy());
    await using hanging = await byteServer(() => {});
    for (const url of [server.url, hanging.url, 'http://127.0.0.1:1', 'https://nobody.invalid']) {
      for (const request of [get, put]) {
        const error: unknown = await wire(200)(
          {
            ...request(`${url}/people/aino@sahko.test?who=aino`),
            headers: { authorization: 'Basic c2VjcmV0', 'x-api-key': 'secret' },
          },
          freeCall,
        ).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(Failure);
        const cause = error instanceof Failure ? error.cause : undefined;
        const whole = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error) + inspect(cause, { depth: 20 });
        expect(whole).not.toMatch(/aino|c2VjcmV0|secret|people/i);
      }
    }
  });

  it('and a request that cannot be put together is our mistake, not the vendor’s failure', async () => {
    await using server = await byteServer((socket) => socket.write(answerBytes('{}')));
    for (const request of [
      { ...put(server.url, 'x'.repeat(2000)) },
      get('/no-host/aino@sahko.test'),
      get(`http://key:aino@127.0.0.1:${server.port}/`),
    ]) {
      const error: unknown = await wire(1000, { maxBytes: 1000 })(request, freeCall).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(Failure);
      expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/aino/i);
    }
    expect(server.seen.bytes).toBe(0);
  });
});

describe('a request goes where it was sent, and nowhere else', () => {
  it.each([301, 302, 303, 307, 308])('also where the answer says %i: it is answered as it stands', async (status) => {
    await using elsewhere = await byteServer((socket) => socket.write(answerBytes('{}')));
    await using server = await byteServer((socket) =>
      socket.write(answerBytes('', `location: ${elsewhere.url}/\r\n`, `${status} Moved`)),
    );
    const answer = await wire()({ ...get(server.url), headers: { 'x-api-key': 'secret' } }, freeCall);
    expect(answer.status).toBe(status);
    expect(elsewhere.seen.connections).toBe(0);
    expect(server.seen.heads[0]).toContain('x-api-key: secret');
  });

  it('also where the environment names a proxy', async () => {
    await using proxy = await byteServer((socket) => socket.write(answerBytes('{}')));
    await using server = await byteServer((socket) => socket.write(answerBytes('{}')));
    for (const name of ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY']) vi.stubEnv(name, proxy.url);
    vi.stubEnv('no_proxy', '');
    await wire()(get(server.url), freeCall);
    expect([proxy.seen.connections, server.seen.connections]).toEqual([0, 1]);
  });

  it.each([
    'http://vendor.test/v3',
    'http://10.0.0.1/',
    'http://169.254.169.254/latest/meta-data',
    'http://0.0.0.0/',
    'http://0/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://127.0.0.1.nip.io/',
    'http://localhost.vendor.test/',
    'http://128.0.0.1/',
    'ftp://127.0.0.1/',
    'file:///etc/hostname',
    'data:application/json,{}',
  ])('never in clear text off this machine: %s', async (url) => {
    const entered = vi.fn(openGate.enter);
    await expect(wire(300, { gate: { enter: entered } })(get(url), freeCall)).rejects.toThrow(/https, or http to loopback/);
    expect(entered).not.toHaveBeenCalled();
  });

  it.each(['127.0.0.1', 'localhost', '127.1', '2130706433', '0x7f.1'])('in clear text on this machine: %s', async (host) => {
    await using server = await byteServer((socket) => socket.write(answerBytes('{"ok":true}')));
    const answer = await wire()(get(`http://${host}:${server.port}/`), freeCall);
    expect(answer.json()).toEqual({ ok: true });
  });
});

describe('a lease', () => {
  const block = (ms: number) => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  };
  const hops = async (n: number) => {
    for (let i = 0; i < n; i++) await undefined;
  };

  it('that has passed lets nothing out, not even a connection', async () => {
    await using server = await byteServer((socket) => socket.write(answerBytes('{}')));
    const passed: Call = { beforeWire: async () => performance.now() - 1 };
    await expect(wire()(put(server.url), passed)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(server.seen).toMatchObject({ connections: 0, bytes: 0 });
  });

  it('that passes while the process stands still before the connection is there lets no byte out', async () => {
    await using server = await byteServer((socket) => socket.write(answerBytes('{}')));
    const short: Call = {
      beforeWire: async () => {
        setImmediate(() => block(80));
        return performance.now() + 40;
      },
    };
    const left: string[] = [];
    const gate: Gate = { enter: async () => ({ leave: async (how) => void left.push(how) }) };
    await expect(wire(1000, { gate })(put(server.url), short)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.seen.bytes).toBe(0);
    expect(left).toEqual(['answered']);
  });

  it('that passes before a connection kept open is used again lets no byte out', async () => {
    await using server = await byteServer((socket) => socket.write(answerBytes('{}')));
    const one = wire();
    await one(get(server.url), freeCall);
    const before = server.seen.bytes;
    let blocked = false;
    const short: Call = {
      beforeWire: async () => {
        void hops(3).then(() => {
          block(80);
          blocked = true;
        });
        return performance.now() + 40;
      },
    };
    await expect(one(put(server.url), short)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(blocked).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.seen.bytes).toBe(before);
  });

  it('is asked for each request, after a slot was found', async () => {
    await using server = await byteServer((socket) => socket.write(answerBytes('{}')));
    const order: string[] = [];
    const gate: Gate = {
      async enter() {
        order.push('slot');
        return { leave: async (how) => void order.push(how) };
      },
    };
    const call: Call = {
      async beforeWire(kind) {
        order.push(kind);
        return Number.POSITIVE_INFINITY;
      },
    };
    const one = wire(1000, { gate });
    await one(get(server.url), call);
    await one(put(server.url), call);
    expect(order).toEqual(['slot', 'read', 'answered', 'slot', 'write', 'answered']);
  });
});

describe('a slot', () => {
  it.each([
    ['answered', 'http://127.0.0.1:1', 'nothing can have arrived'],
    ['lost', '', 'the vendor may still be at work'],
  ])('is left as %s where %s', async (how, url) => {
    await using server = await byteServer(() => {});
    const left: string[] = [];
    const gate: Gate = { enter: async () => ({ leave: async (said) => void left.push(said) }) };
    await wire(200, { gate })(put(url || server.url), freeCall).catch(() => {});
    expect(left).toEqual([how]);
  });

  it('that cannot be given back does not cost the answer', async () => {
    await using server = await byteServer((socket) => socket.write(answerBytes('{"id":1}')));
    const gate: Gate = { enter: async () => ({ leave: () => Promise.reject(new Error('the ledger is away')) }) };
    expect((await wire(1000, { gate })(put(server.url), freeCall)).json()).toEqual({ id: 1 });
  });

  it('that nobody gives back is waited for only so long', async () => {
    const gate = memoryGate({ connections: 1 });
    await gate.enter(10);
    await expect(gate.enter(30)).rejects.toMatchObject({ code: 'RECIPIENT_BUSY' });
  });

  it('of a lost answer stays taken as long as the vendor may be at work', async () => {
    const gate = memoryGate({ connections: 1, lostMs: 200 });
    await (await gate.enter(10)).leave('lost');
    const started = performance.now();
    await (await gate.enter(1000)).leave('answered');
    expect(performance.now() - started).toBeGreaterThan(190);
  });

  it('keeps every sliding second and every moment within the limits, counted exactly at the server', async () => {
    const arrivals: number[] = [];
    let [open, most] = [0, 0];
    const server = createServer((_request, answer) => {
      arrivals.push(performance.now());
      most = Math.max(most, ++open);
      setTimeout(() => answer.end('{}', () => open--), Math.random() * 30);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const limits = { connections: 3, perSecond: 10 };
    const one = createWire({ gate: memoryGate(limits), deadlineMs: 2000 });
    await Promise.all(Array.from({ length: 42 }, () => one(get(`http://127.0.0.1:${port}`), freeCall)));
    server.close();
    const busiest = Math.max(...arrivals.map((at) => arrivals.filter((t) => t > at - 1000 && t <= at).length));
    expect(busiest).toBe(limits.perSecond);
    expect(most).toBeLessThanOrEqual(limits.connections);
    expect(arrivals).toHaveLength(42);
  });
});

describe('an answer', () => {
  it('comes whole, whatever its status, unzipped, its header names in lower case', async () => {
    const body = JSON.stringify({ name: 'Åsa Äijälä 🦉' });
    const server = createServer((_request, answer) =>
      answer
        .writeHead(418, { 'content-type': 'application/json', 'content-encoding': 'gzip', 'X-Total-Count': '5' })
        .end(gzipSync(body)),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const answer = await wire()(get(`http://127.0.0.1:${port}`), freeCall);
    server.close();
    expect([answer.status, answer.headers['x-total-count'], answer.text()]).toEqual([418, '5', body]);
    expect(answer.json()).toEqual({ name: 'Åsa Äijälä 🦉' });
  });

  it.each(['{"id":1,"na', '<html></html>', '', '{"id":1} and more'])('at 200 that is not JSON is garbled: %j', async (body) => {
    await using server = await byteServer((socket) => socket.write(answerBytes(body)));
    const answer = await wire()(get(server.url), freeCall);
    expect(() => answer.json()).toThrow(expect.objectContaining({ code: 'ANSWER_GARBLED', status: 200 }));
    expect(answer.text()).toBe(body);
  });
});

describe('Retry-After', () => {
  const now = new Date('2026-11-24T12:00:00Z');
  it.each([
    ['17', 17_000],
    [' 0 ', 0],
    ['Tue, 24 Nov 2026 12:01:30 GMT', 90_000],
    ['Tue, 24 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
    ['-5', undefined],
    ['99999999999999999999', 86_400_000],
    ['Fri, 24 Nov 2090 12:00:00 GMT', 86_400_000],
    ['1.5', undefined],
    [undefined, undefined],
  ])('%j means %j ms', (value, ms) => {
    expect(parseRetryAfter(value, now)).toBe(ms);
  });
});

describe('a read', () => {
  const failing = (failure: () => Error) => {
    const read = vi.fn(async () => {
      throw failure();
    });
    return { read, tried: () => retryRead(read).catch(() => read.mock.calls.length) };
  };

  it('is tried twice more where nothing says to wait', async () => {
    expect(await failing(() => new Failure('RECIPIENT_UNAVAILABLE')).tried()).toBe(3);
    expect(await failing(() => new Failure('RECIPIENT_UNREACHABLE')).tried()).toBe(3);
  });

  it.each([
    new Failure('RECIPIENT_UNAVAILABLE', { retryAfterMs: 1000 }),
    new Failure('RECIPIENT_THROTTLED'),
    new Failure('RECIPIENT_BUSY'),
    new Failure('ANSWER_GARBLED'),
    new Failure('CREDENTIALS_REJECTED'),
    new Failure('LEASE_LOST'),
    new Error('a mistake of ours'),
  ])('is not tried again after %s', async (failure) => {
    expect(await failing(() => failure).tried()).toBe(1);
  });

  it('that used up its deadline is not tried again at once: the vendor may still be at work on it', async () => {
    await using server = await byteServer(() => {});
    const one = wire(150);
    await expect(retryRead(() => one(get(server.url), freeCall))).rejects.toMatchObject({ code: 'RECIPIENT_UNAVAILABLE' });
    expect(server.seen.heads).toHaveLength(1);
  });

  it('succeeds when the second try does', async () => {
    const read = vi.fn().mockRejectedValueOnce(new Failure('RECIPIENT_UNAVAILABLE')).mockResolvedValue('here');
    expect(await retryRead(read)).toBe('here');
  });
});

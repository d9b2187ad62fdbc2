import { Agent, createServer, type IncomingHttpHeaders, request as send } from 'node:http';

export interface ProxiedRequest {
  method: string;
  /** With its query. */
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}
export interface ProxiedAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Between {
  /** An answer of the proxy's own: the request goes no further. */
  before?(request: ProxiedRequest): ProxiedAnswer | undefined;
  /** Sees a request with its whole answer, and says what is passed on. */
  after?(request: ProxiedRequest, answer: ProxiedAnswer): ProxiedAnswer;
}

/** A loopback proxy in front of a sandbox; keeps its connections. */
export async function startProxy(target: string, between: Between) {
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, outgoing) => {
    const pass = (said: ProxiedAnswer) => {
      const { 'content-length': _l, 'transfer-encoding': _t, connection: _c, ...kept } = said.headers;
      outgoing.writeHead(said.status, kept).end(said.body);
    };
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const asked = {
        method: incoming.method ?? 'GET',
        path: incoming.url ?? '/',
        headers: incoming.headers,
        body: Buffer.concat(chunks),
      };
      const own = between.before?.(asked);
      if (own) return pass(own);
      const { 'accept-encoding': _, connection: _c, ...headers } = asked.headers;
      const forwarded = send(`${target}${asked.path}`, { method: asked.method, headers, agent }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (chunk: Buffer) => parts.push(chunk));
        response.on('end', () => {
          const said = { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) };
          pass(between.after?.(asked, said) ?? said);
        });
      });
      forwarded.on('error', () => outgoing.destroy());
      forwarded.end(asked.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise<void>((resolve) => {
        agent.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

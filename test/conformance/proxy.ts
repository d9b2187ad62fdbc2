import { createServer, type IncomingHttpHeaders, request as send } from 'node:http';

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

/** A loopback proxy in front of a sandbox. `between` sees each request with its whole answer, and says what is passed on. */
export async function startProxy(target: string, between: (request: ProxiedRequest, answer: ProxiedAnswer) => ProxiedAnswer) {
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const asked = {
        method: incoming.method ?? 'GET',
        path: incoming.url ?? '/',
        headers: incoming.headers,
        body: Buffer.concat(chunks),
      };
      const { 'accept-encoding': _, ...headers } = asked.headers;
      const forwarded = send(`${target}${asked.path}`, { method: asked.method, headers, agent: false }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (chunk: Buffer) => parts.push(chunk));
        response.on('end', () => {
          const said = between(asked, {
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts),
          });
          const { 'content-length': _l, 'transfer-encoding': _t, connection: _c, ...kept } = said.headers;
          outgoing.writeHead(said.status, kept).end(said.body);
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
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

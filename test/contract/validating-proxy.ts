import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

/** A vendor's own description of its API, OpenAPI 3 or Swagger 2, as far as a proxy needs it. */
export interface Description {
  openapi?: string;
  swagger?: string;
  basePath?: string;
  paths: Record<string, Record<string, Operation>>;
  components?: unknown;
  definitions?: unknown;
}
interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema?: unknown;
  type?: string;
}
interface Operation {
  parameters?: Parameter[];
  requestBody?: { content?: Record<string, { schema?: unknown }> };
  responses?: Record<string, { schema?: unknown; content?: Record<string, { schema?: unknown }> }>;
}

/** A known difference between the description and the live service, by name; a violation it covers is no violation. */
export interface Exception {
  because: string;
  covers(violation: Violation): boolean;
}
export interface Violation {
  where: 'request' | 'answer';
  /** `GET /lists/{list_id}`. */
  operation: string;
  /** The place in the body, or the parameter. */
  at: string;
  what: string;
}

export interface ValidatingProxy {
  url: string;
  requests: number;
  answers: number;
  /** Operations of the description that were used. */
  operations: Set<string>;
  violations: Violation[];
  close(): Promise<void>;
}

/** Stands between a connector and a sandbox, and holds every request and answer to the vendor's own description. */
export async function validatingProxy(
  description: Description,
  base: string,
  target: string,
  exceptions: readonly Exception[],
): Promise<ValidatingProxy> {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true, logger: false });
  (formats as unknown as { default: (ajv: Ajv) => void }).default(ajv);
  const known = new Map<string, ValidateFunction>();
  const validator = (key: string, schema: unknown): ValidateFunction => {
    const made =
      known.get(key) ??
      ajv.compile({
        ...(prepared(schema, description) as object),
        components: prepared(description.components, description),
        definitions: prepared(description.definitions, description),
      });
    known.set(key, made);
    return made;
  };
  const proxy: ValidatingProxy = {
    url: '',
    requests: 0,
    answers: 0,
    operations: new Set(),
    violations: [],
    close: async () => {},
  };
  const report = (violation: Violation) => {
    if (!exceptions.some((e) => e.covers(violation))) proxy.violations.push(violation);
  };
  const check = (where: Violation['where'], operation: string, schema: unknown, text: string) => {
    if (schema === undefined) return;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return report({ where, operation, at: '', what: 'is not JSON' });
    }
    const validate = validator(`${where} ${operation}`, schema);
    if (validate(value)) return;
    for (const error of validate.errors ?? [])
      report({ where, operation, at: error.instancePath.replace(/\d+/g, 'n'), what: `${error.keyword} ${error.message ?? ''}` });
  };

  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const body = await read(incoming);
      const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
      const method = incoming.method ?? 'GET';
      const path = url.pathname.startsWith(base) ? url.pathname.slice(base.length) : url.pathname;
      const template = match(description, path, method);
      const operation = `${method} ${template ?? path}`;
      const described = template ? description.paths[template]?.[method.toLowerCase()] : undefined;
      proxy.requests++;
      proxy.operations.add(operation);
      if (!described) report({ where: 'request', operation, at: '', what: 'is no operation of the description' });
      else {
        const names = (described.parameters ?? []).filter((p) => p.in === 'query').map((p) => p.name);
        for (const name of url.searchParams.keys())
          if (!names.includes(name)) report({ where: 'request', operation, at: name, what: 'is no parameter' });
        const bodySchema = description.openapi
          ? described.requestBody?.content?.['application/json']?.schema
          : described.parameters?.find((p) => p.in === 'body')?.schema;
        if (body.length > 0) check('request', operation, bodySchema, body.toString('utf8'));
      }
      const headers = Object.fromEntries(
        Object.entries(incoming.headers).filter(([name]) => name !== 'host' && name !== 'connection'),
      ) as Record<string, string>;
      const answer = await fetch(target + (incoming.url ?? ''), {
        method,
        headers,
        ...(body.length > 0 ? { body: new Uint8Array(body) } : {}),
      });
      const text = await answer.text();
      proxy.answers++;
      if (described) {
        const said = described.responses?.[String(answer.status)] ?? described.responses?.['default'];
        if (!said) report({ where: 'answer', operation, at: String(answer.status), what: 'is no status of the description' });
        else if (text !== '')
          check(
            'answer',
            `${operation} ${answer.status}`,
            description.openapi
              ? (said.content?.['application/json'] ?? said.content?.['application/problem+json'])?.schema
              : said.schema,
            text,
          );
      }
      const passed = Object.fromEntries(
        [...answer.headers].filter(
          ([name]) => !['content-length', 'content-encoding', 'transfer-encoding', 'connection', 'keep-alive'].includes(name),
        ),
      );
      outgoing.writeHead(answer.status, passed).end(text);
    })().catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  proxy.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return proxy;
}

async function read(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The path of the description that fits best: fixed segments before parameters. */
function match(description: Description, path: string, method: string): string | undefined {
  const parts = path.split('/');
  return Object.keys(description.paths)
    .filter((template) => description.paths[template]?.[method.toLowerCase()])
    .filter((template) => {
      const wanted = template.split('/');
      return wanted.length === parts.length && wanted.every((w, i) => w.startsWith('{') || w === parts[i]);
    })
    .sort((a, b) => (a.match(/\{/g)?.length ?? 0) - (b.match(/\{/g)?.length ?? 0))[0];
}

/** Swagger 2 knows no null and this one carries `maxLength: 0` as noise of its generator: neither says anything of the service. */
function prepared(schema: unknown, description: Description): unknown {
  if (Array.isArray(schema)) return schema.map((part) => prepared(part, description));
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'maxLength' && value === 0) continue;
    if (key === 'example' || key === 'x-title') continue;
    if (key === 'type' && description.swagger && typeof value === 'string') copy[key] = [value, 'null'];
    else copy[key] = prepared(value, description);
  }
  return copy;
}

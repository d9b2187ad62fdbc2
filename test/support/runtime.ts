import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import './provided.ts';

export interface TestRuntime {
  kind: 'embedded' | 'server';
  /** A fresh, empty database. */
  databaseUrl: string;
  /** With `kind: 'server'`. */
  redisUrl?: string;
  drop(): Promise<void>;
}

/** A fresh database on the server of this project. */
export async function testRuntime(): Promise<TestRuntime> {
  const { kind, server, redis } = inject('runtime');
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  const run = async (statement: string) => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  await run(`CREATE DATABASE ${name}`);
  return {
    kind,
    databaseUrl: server.replace(/\/[^/]*$/, `/${name}`),
    ...(redis ? { redisUrl: redis } : {}),
    drop: () => run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

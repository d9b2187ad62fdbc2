import { randomUUID } from 'node:crypto';
import pg from 'pg';

export interface TestRuntime {
  kind: 'embedded' | 'server';
  databaseUrl: string;
  redisUrl?: string;
  drop(): Promise<void>;
}

/** A fresh database on the server of this run. */
export async function testRuntime(): Promise<TestRuntime> {
  const server = process.env['KAIKU_TEST_PG'] ?? 'postgres://postgres@127.0.0.1:5599/postgres';
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  const run = async (statement: string) => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  await run(`CREATE DATABASE ${name}`);
  return { kind: 'server', databaseUrl: server.replace(/\/[^/]*$/, `/${name}`), drop: () => run(`DROP DATABASE ${name} WITH (FORCE)`) };
}

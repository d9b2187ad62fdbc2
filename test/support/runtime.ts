import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { on, onServer, migrated as template } from './template.ts';
import './provided.ts';

export interface TestRuntime {
  kind: 'embedded' | 'server';
  /** A fresh database that holds nobody; its schema is up to date. */
  databaseUrl: string;
  /** With `kind: 'server'`. */
  redisUrl?: string;
  drop(): Promise<void>;
}

/** A fresh database on the server of this project. */
export async function testRuntime(): Promise<TestRuntime> {
  const { kind, server, redis } = inject('runtime');
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  const run = (statement: string) => onServer(server, statement);
  await run(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  return {
    kind,
    databaseUrl: on(server, name),
    ...(redis ? { redisUrl: redis } : {}),
    drop: () => run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

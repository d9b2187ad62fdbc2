import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../../src/store/embedded.ts';
import { makeTemplate } from './template.ts';
import './provided.ts';

/** One embedded PostgreSQL for the run; each test file takes databases of its own on it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'kaiku-test-'));
  const embedded = await startEmbedded({ dataDir: folder });
  await makeTemplate(embedded.connectionString);
  project.provide('runtime', { kind: 'embedded', server: embedded.connectionString });
  return async () => {
    await embedded.stop();
    await rm(folder, { recursive: true, force: true });
  };
}

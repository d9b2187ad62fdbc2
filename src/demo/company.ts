import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Document, parseDocument } from 'yaml';
import { type RunningSandbox, serveSandbox } from '../connectors/sandbox.ts';
import { type RegisterStage, stageRegister, stages } from './stages.ts';

/** The companies that the demo can show, and the example that each of them is. */
export const companies = { cervi: 'building-services', seravo: 'wordpress-host' } as const;
export type Company = keyof typeof companies;

/** Where the examples lie: beside `src` and `dist` alike. */
const examples = join(import.meta.dirname, '..', '..', 'config', 'examples');

/** A company's example configuration, with every system that has a sandbox on it. */
export interface StagedCompany {
  configPath: string;
  /** The secrets that the configuration names. */
  variables: Record<string, string>;
  register: RegisterStage;
  servers: RunningSandbox[];
}

/**
 * Writes the example as it stands into `folder`, with the addresses of sandboxes in the place of the vendors'. What people run stays
 * as the example says.
 */
export async function stageCompany(company: Company, folder: string, customers: number): Promise<StagedCompany> {
  const from = join(examples, companies[company]);
  const document = parseDocument(await readFile(join(from, 'kaiku.yaml'), 'utf8'));
  const register = stageRegister(customers);
  const variables: Record<string, string> = {};
  const servers: RunningSandbox[] = [];
  for (const [name, system] of Object.entries((document.toJS() as { systems: Record<string, System> }).systems)) {
    if (system.connector === 'human') continue;
    const stage =
      system.connector === 'insightly' ? register : stages[system.connector]?.(register.people, system.settings ?? {});
    if (!stage) throw new Error(`the demo has no sandbox for ${system.connector}, which ${name} runs on`);
    const server = await serveSandbox(stage.behaviour);
    servers.push(server);
    put(document, ['systems', name, 'baseUrl'], server.url + new URL(system.baseUrl ?? '').pathname.replace(/\/$/, ''));
    for (const [key, value] of Object.entries(stage.settings?.(server.url) ?? {}))
      put(document, ['systems', name, 'settings', key], value);
    for (const [key, value] of Object.entries(stage.credentials)) {
      const variable = system.credentials?.[key]?.env;
      if (variable) variables[variable] = value;
    }
    if (system.webhook) variables[system.webhook.secret.env] = 'demo-secret-of-the-path';
    if (system.register) put(document, ['systems', name, 'register', 'pollSeconds'], 1);
  }
  // the demo's accounts have a password alone
  document.set('signIn', { requireTotp: false });
  const configPath = join(folder, 'kaiku.yaml');
  await writeFile(configPath, document.toString());
  await copyFile(join(from, 'notice.yaml'), join(folder, 'notice.yaml'));
  return { configPath, variables, register, servers };
}

interface System {
  connector: string;
  baseUrl?: string;
  settings?: Record<string, unknown>;
  credentials?: Record<string, { env?: string }>;
  webhook?: { secret: { env: string } };
  register?: unknown;
}

const put = (document: Document, path: string[], value: string | number) => document.setIn(path, value);

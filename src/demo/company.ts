import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Document, parseDocument } from 'yaml';
import type { PanelSandbox } from '../connectors/panel/sandbox.ts';
import { type RunningSandbox, serveSandbox } from '../connectors/sandbox.ts';
import type { StaffFiles } from './staff.ts';
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
  /** The register of staff, where the company has one. */
  staff?: { system: string; files: StaffFiles };
  /** The panel that customers edit their address in, where the company has one; `hook`: where it tells of that, below the hub's address. */
  panel?: { system: string; sandbox: PanelSandbox; hook: string; secret: string };
}

/**
 * Writes the example as it stands into `folder`, with the addresses of sandboxes in the place of the vendors'. What people run stays
 * as the example says.
 */
export async function stageCompany(company: Company, folder: string, customers: number): Promise<StagedCompany> {
  const from = join(examples, companies[company]);
  const document = parseDocument(await readFile(join(from, 'kaiku.yaml'), 'utf8'));
  const staged: StagedCompany = {
    configPath: join(folder, 'kaiku.yaml'),
    variables: {},
    register: stageRegister(customers),
    servers: [],
  };
  const { register, variables, servers } = staged;
  for (const [name, system] of Object.entries((document.toJS() as { systems: Record<string, System> }).systems)) {
    // nothing is reached there
    if (system.connector === 'human' || system.connector === 'expiring') continue;
    const given = { settings: system.settings ?? {}, events: system.register?.events ?? {}, folder: join(folder, name) };
    const stage = system.connector === 'insightly' ? register : await stages[system.connector]?.(register.people, given);
    if (!stage) throw new Error(`the demo has no sandbox for ${system.connector}, which ${name} runs on`);
    const server = stage.behaviour ? await serveSandbox(stage.behaviour) : null;
    if (server) servers.push(server);
    const path = stage.path ?? (server ? new URL(system.baseUrl ?? '').pathname.replace(/\/$/, '') : '');
    put(document, ['systems', name, 'baseUrl'], (server?.url ?? stage.address ?? '') + path);
    for (const [key, value] of Object.entries({ ...stage.settings?.(server?.url ?? ''), ...stage.fast }))
      put(document, ['systems', name, 'settings', key], value);
    for (const [key, value] of Object.entries(stage.credentials)) {
      const variable = system.credentials?.[key]?.env;
      if (variable) variables[variable] = value;
    }
    if (system.webhook) variables[system.webhook.secret.env] = pathSecret;
    if (system.register) put(document, ['systems', name, 'register', 'pollSeconds'], 1);
    // whoever left a file is looked for in each
    if (stage.staff) put(document, ['systems', name, 'register', 'sweepHours'], 0.0005);
    if (stage.staff) staged.staff = { system: name, files: stage.staff };
    if (stage.panel) {
      const secret = stage.credentials['webhookSecret'] ?? '';
      staged.panel = { system: name, sandbox: stage.panel, hook: `/webhooks/${name}/${pathSecret}`, secret };
    }
  }
  // the demo's accounts have a password alone
  document.set('signIn', { requireTotp: false });
  await writeFile(staged.configPath, document.toString());
  await copyFile(join(from, 'notice.yaml'), join(folder, 'notice.yaml'));
  return staged;
}

/** What stands at the end of a webhook's address. */
const pathSecret = 'demo-secret-of-the-path';

interface System {
  connector: string;
  baseUrl?: string;
  settings?: Record<string, unknown>;
  credentials?: Record<string, { env?: string }>;
  webhook?: { secret: { env: string } };
  register?: { events?: Record<string, string> };
}

const put = (document: Document, path: string[], value: string | number) => document.setIn(path, value);

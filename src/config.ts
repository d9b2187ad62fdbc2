import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FinnishBusinessIds } from 'finnish-business-ids';
import { z } from 'zod';
import { resolveAudit } from './config-audit.ts';
import { resolveNotify, resolveReplies, resolveRequests, resolveSignIn } from './config-console.ts';
import { ConfigError, nearest, type Path } from './config-faults.ts';
import { loadNotice } from './config-notice.ts';
import { checkErasureOrder } from './config-order.ts';
import { readChecked, sorted, tellIssue } from './config-read.ts';
import { checkYears, resolvePeriods } from './config-retention.ts';
import { ConfigFile, type SystemFile } from './config-schema.ts';
import { isLoopback, secrets, type Tell } from './config-secrets.ts';
import type { Config, Purpose, RecipientConfig, SystemConfig } from './core/configuration.ts';
import type { FieldName } from './core/person.ts';
import { retentionRules } from './core/retention.ts';
import type { Title } from './core/title.ts';

/** What loading needs to know of a connector. */
export interface KnownConnector {
  settings: z.ZodType;
  credentials: readonly string[];
  optionalCredentials?: readonly string[];
  schemes?: readonly string[];
  manifest: { human: boolean; endsByItself?: true; roles: readonly string[] };
}
export type KnownConnectors = Readonly<Record<string, KnownConnector>>;

/**
 * Reads and checks a configuration. Throws `ConfigError` with every fault at once, each with its line, column and, for a slip of
 * the pen, the word that was probably meant. Secrets come from the environment or from files, and never stand in a message.
 */
export function loadConfig(path: string, env: Record<string, string | undefined>, connectors: KnownConnectors): Config {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const why = (error as { code?: string }).code === 'ENOENT' ? 'there is no such file' : 'the file cannot be read';
    throw new ConfigError(path, [
      { path: '', line: 1, column: 1, message: `${why}; set KAIKU_CONFIG to the path of your configuration` },
    ]);
  }
  return parseConfig(text, path, env, connectors);
}

export function parseConfig(
  text: string,
  file: string,
  env: Record<string, string | undefined>,
  connectors: KnownConnectors,
): Config {
  const { value, faults, tell } = readChecked(text, file, ConfigFile, 'controller, purposes and systems');
  const config = resolveAll(value, dirname(file), env, connectors, tell);
  if (faults.length > 0) throw new ConfigError(file, sorted(faults));
  return config;
}

function resolveAll(
  file: ConfigFile,
  folder: string,
  env: Record<string, string | undefined>,
  connectors: KnownConnectors,
  tell: Tell,
): Config {
  const permissions = Object.values(file.systems).flatMap((s) => Object.keys(s.register?.permissions ?? {}));
  const { begins, ends } = file.controller.financialYears ?? {};
  const financialYears = file.controller.financialYears ? { ends: ends ?? [], ...(begins ? { begins } : {}) } : undefined;
  const years = { yearEnd: file.controller.financialYearEnd ?? '12-31', ...financialYears };
  checkYears(years, tell);
  const purposes: Record<string, Purpose> = {};
  for (const [name, purpose] of Object.entries(file.purposes)) {
    purposes[name] = {
      name,
      ...(purpose.title ? { title: purpose.title as Title } : {}),
      basis: purpose.basis,
      fields: purpose.fields as FieldName[],
      ...(purpose.permission ? { permission: purpose.permission } : {}),
      ...(purpose.for ? { for: purpose.for } : {}),
    };
    if (purpose.retention) {
      const retention = resolvePeriods(purposes[name], purpose.retention, years, tell);
      purposes[name] = { ...purposes[name], retention };
    }
    if (purpose.permission && !permissions.includes(purpose.permission))
      tell(['purposes', name, 'permission'], `no register declares the permission "${purpose.permission}"`, {
        suggestion: nearest(purpose.permission, permissions),
      });
    if (purpose.fields.includes('identityCode') && (purpose.basis === 'legitimate-interest' || purpose.basis === 'consent')) {
      tell(
        ['purposes', name, 'fields'],
        'identityCode may not be given on this basis: a personal identity code needs a ground of Data Protection Act 1050/2018 29 §, and marketing has none',
      );
    }
  }
  const { businessId } = file.controller;
  if (businessId && !FinnishBusinessIds.isValidBusinessId(businessId))
    tell(['controller', 'businessId'], 'is not a Finnish business id: its check digit does not fit');
  const systems: Record<string, SystemConfig> = {};
  for (const [name, system] of Object.entries(file.systems))
    systems[name] = resolveSystem(name, system, Object.keys(purposes), folder, env, connectors, tell);
  const registers = Object.entries(file.systems).filter(([, s]) => s.register);
  if (registers.length === 0) tell(['systems'], 'one system must be a register: the master for a category of people');
  for (const [name, system] of registers) {
    const twin = registers.find(([other, s]) => other !== name && s.register?.for === system.register?.for);
    if (twin && twin[0] < name)
      tell(
        ['systems', name, 'register', 'for'],
        `"${twin[0]}" is the register of "${system.register?.for}" already: a role has one master`,
      );
  }
  for (const field of Object.keys(file.fieldTitles ?? {}))
    if (!Object.values(file.purposes).some((purpose) => (purpose.fields as readonly string[]).includes(field)))
      tell(['fieldTitles', field], 'no purpose declares this field');
  checkMasters(file, connectors, tell);
  checkFourEyes(file, tell);
  checkErasureOrder(file, (connector) => connectors[connector]?.manifest.human === true, tell);
  const secret = secrets(folder, env, tell);
  const signIn = file.signIn && resolveSignIn(file.signIn, secret, tell);
  // where browsers find it, links in messages lead to as well
  const console = file.console ?? (signIn?.url ? { url: signIn.url } : null);
  const notice = file.notice === undefined ? undefined : resolveNotice(join(folder, file.notice), systems, tell);
  const { controller } = file;
  return {
    controller: {
      name: controller.name,
      languages: controller.languages,
      ...(businessId ? { businessId } : {}),
      ...(controller.financialYearEnd ? { financialYearEnd: controller.financialYearEnd } : {}),
      ...(financialYears ? { financialYears } : {}),
      ...(controller.privacyContact ? { privacyContact: controller.privacyContact } : {}),
    },
    purposes,
    systems,
    ...(file.fieldTitles ? { fieldTitles: file.fieldTitles as Record<string, Title> } : {}),
    ...(signIn ? { signIn } : {}),
    ...(console ? { console } : {}),
    ...(file.fourEyes ? { fourEyes: file.fourEyes } : {}),
    ...(file.restriction ? { restriction: file.restriction } : {}),
    ...(file.clock ? { clock: withoutGaps(file.clock) } : {}),
    ...(notice ? { notice } : {}),
    ...(file.replies ? { replies: resolveReplies(file.replies, file, tell) } : {}),
    ...(file.requests ? { requests: resolveRequests(file.requests, file, tell) } : {}),
    ...(file.backups ? { backups: file.backups } : {}),
    ...(file.audit ? { audit: resolveAudit(file.audit, file, folder, secret, tell) } : {}),
    ...(file.notify ? { notify: resolveNotify(file.notify, Object.values(systems), secret, tell) } : {}),
  };
}

/** The notice beside the configuration; its faults are told at its name, each with its own place. */
function resolveNotice(path: string, systems: Config['systems'], tell: Tell): Config['notice'] {
  try {
    return loadNotice(path, { systems });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const { line, column, path: at, message } of error.faults)
      tell(['notice'], `${path}:${line}:${column}  ${at ? `${at}: ` : ''}${message}`);
    return undefined;
  }
}

/** A field has one master; it must be given to that system at all, and be readable there. */
function checkMasters(file: ConfigFile, connectors: KnownConnectors, tell: Tell): void {
  const masters = new Map<string, string>();
  for (const [name, { connector, recipient }] of Object.entries(file.systems))
    for (const [i, field] of (recipient?.masterOf ?? []).entries()) {
      const at = ['systems', name, 'recipient', 'masterOf', i];
      const given = (recipient?.purposes ?? []).some((purpose) => file.purposes[purpose]?.fields.includes(field));
      if (!given) tell(at, `no purpose gives ${field} to this system`);
      if (connectors[connector]?.manifest.endsByItself)
        tell(at, 'what ends by itself is read by nobody: the register stays master');
      if (connectors[connector]?.manifest.human)
        tell(at, 'a system that people answer for cannot be read: the register stays master');
      if (file.systems[name]?.register) tell(at, 'a register is master of every field already');
      const other = masters.get(field);
      if (other) tell(at, `"${other}" is master of ${field} already: a field has one master`);
      masters.set(field, other ?? name);
      if (file.fourEyes?.includes('rectification'))
        tell(at, 'fourEyes wants two people to approve a correction, and an edit there approves itself');
    }
}

/** What approves itself is approved by nobody: it cannot stand beside a wish for two. */
function checkFourEyes(file: ConfigFile, tell: Tell): void {
  if (!file.fourEyes?.includes('erasure')) return;
  const why =
    'fourEyes wants two people to approve an erasure, and this lets one begin by itself: set approve: person, or take erasure out of fourEyes';
  for (const [name, { register }] of Object.entries(file.systems))
    if (register?.erasureSignal?.approve === 'auto') tell(['systems', name, 'register', 'erasureSignal', 'approve'], why);
  for (const [name, { retention = [] }] of Object.entries(file.purposes))
    for (const [i, { approve }] of retention.entries())
      if (approve === 'auto') tell(['purposes', name, 'retention', i, 'approve'], why);
}

/** Keys that were left out are not there at all, so that a default is not overwritten by nothing. */
const withoutGaps = (clock: NonNullable<ConfigFile['clock']>): NonNullable<Config['clock']> =>
  Object.fromEntries(Object.entries(clock).filter(([, value]) => value !== undefined));

function resolveSystem(
  name: string,
  system: z.infer<typeof SystemFile>,
  purposes: string[],
  folder: string,
  env: Record<string, string | undefined>,
  connectors: KnownConnectors,
  tell: Tell,
): SystemConfig {
  const at = (...steps: (string | number)[]): Path => ['systems', name, ...steps];
  const connector = connectors[system.connector];
  const secret = secrets(folder, env, tell);
  const credentials = Object.fromEntries(
    Object.entries(system.credentials).map(([key, given]) => [key, secret(given, at('credentials', key))]),
  );
  let deadlineSeconds: number | undefined;
  let settings: unknown = {};
  if (!connector)
    tell(at('connector'), `there is no connector "${system.connector}"; known are ${Object.keys(connectors).join(', ')}`, {
      suggestion: nearest(system.connector, Object.keys(connectors)),
    });
  else {
    const { deadlineSeconds: deadline, ...own } = system.settings;
    const checked = z.number().positive().max(600).optional().safeParse(deadline);
    if (checked.success) deadlineSeconds = checked.data;
    else tell(at('settings', 'deadlineSeconds'), 'must be a number of seconds from 1 to 600');
    const parsed = connector.settings.safeParse(own, { reportInput: true });
    if (parsed.success) settings = parsed.data;
    else for (const issue of parsed.error.issues) tellIssue(issue, at('settings'), tell, connector.settings);
    for (const needed of connector.credentials)
      if (!(needed in system.credentials))
        tell(at('credentials'), `${system.connector} needs the credential ${needed}: write ${needed}: { env: NAME }`);
    const takes = [...connector.credentials, ...(connector.optionalCredentials ?? [])];
    for (const given of Object.keys(system.credentials)) {
      if (!takes.includes(given))
        tell(
          at('credentials', given),
          `${system.connector} takes no credential "${given}"; it takes ${takes.join(', ') || 'none'}`,
          { suggestion: nearest(given, takes), key: true },
        );
    }
    const { human, endsByItself } = connector.manifest;
    if (endsByItself && system.baseUrl) tell(at('baseUrl'), 'nothing is reached there: leave it out');
    if (endsByItself && system.recipient?.people) tell(at('recipient', 'people'), 'nobody is asked there: leave it out');
    if (!human && !endsByItself && !system.baseUrl) tell(at(), "baseUrl is missing: the address of the vendor's API");
    if (!endsByItself) checkScheme(system, connector, (message) => tell(at('baseUrl'), message));
    if (human && !system.owner) tell(at(), 'owner is missing: somebody in the company looks after what these people are asked');
    if (human && system.recipient?.people)
      tell(at('recipient', 'people'), 'people run this system: write answerer, language and instructions under settings');
    if (system.register && !connector.manifest.roles.includes('register'))
      tell(at('register'), `${system.connector} cannot be a register`);
  }
  if (system.baseUrl?.startsWith('http:') && !isLoopback(system.baseUrl))
    tell(at('baseUrl'), 'plain http goes to this machine only: use https');
  for (const [i, purpose] of (system.recipient?.purposes ?? []).entries()) {
    if (!purposes.includes(purpose))
      tell(at('recipient', 'purposes', i), `there is no purpose "${purpose}"`, { suggestion: nearest(purpose, purposes) });
  }
  for (const [i, rule] of (system.recipient?.retention ?? []).entries()) {
    if (!(rule in retentionRules))
      tell(
        at('recipient', 'retention', i),
        `there is no retention rule "${rule}"; there are ${Object.keys(retentionRules).join(', ')}`,
        {
          suggestion: nearest(rule, Object.keys(retentionRules)),
        },
      );
  }
  if (!system.register && !system.recipient) tell(at(), 'must be a register, a recipient, or both');
  return {
    name,
    ...(system.title ? { title: system.title as Title } : {}),
    connector: system.connector,
    baseUrl: system.baseUrl ?? '',
    credentials,
    owner: system.owner ?? null,
    ...(system.country ? { country: system.country } : {}),
    settings,
    ...(deadlineSeconds === undefined ? {} : { deadlineSeconds }),
    ...(system.register ? { register: defined(system.register) } : {}),
    ...(system.recipient ? { recipient: recipientOf(system.recipient) } : {}),
    ...(system.webhook ? { webhook: { secret: secret(system.webhook.secret, at('webhook', 'secret')) } } : {}),
  };
}

/** An address that the connector cannot speak to, or with a login in it, which would stand in logs. */
function checkScheme(
  { baseUrl, connector: name }: z.infer<typeof SystemFile>,
  connector: KnownConnector,
  tell: (message: string) => void,
) {
  if (!baseUrl) return;
  const { protocol, username, password } = new URL(baseUrl);
  const schemes = connector.schemes ?? ['https'];
  const scheme = protocol === 'http:' ? 'https' : protocol.slice(0, -1);
  if (!schemes.includes(scheme))
    tell(`${name} is reached by ${schemes.map((s) => `${s}://`).join(' or ')}, not by ${protocol}//`);
  if (username !== '' || password !== '') tell('a login has no place in the address: write it under credentials');
}

const recipientOf = ({ masterOf, people, ...rest }: NonNullable<z.infer<typeof SystemFile>['recipient']>): RecipientConfig => ({
  ...rest,
  ...(people ? { people: peopleOf(people) } : {}),
  ...(masterOf ? { masterOf: masterOf as FieldName[] } : {}),
});

const peopleOf = ({
  answerer,
  language,
  instructions,
}: NonNullable<NonNullable<z.infer<typeof SystemFile>['recipient']>['people']>) => ({
  address: answerer,
  language,
  ...(instructions === undefined ? {} : { instructions }),
});

/** zod leaves optional keys as undefined; absent has one spelling here. */
const defined = <T>(value: T) => JSON.parse(JSON.stringify(value)) as NonNullable<SystemConfig['register']> & T;

/** The JSON Schema of the file, with each connector's own settings: for completion in editors. */
export function configJsonSchema(connectors: KnownConnectors): unknown {
  const whole = z.toJSONSchema(ConfigFile, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, { additionalProperties?: Record<string, unknown> }>;
  };
  const system = whole.properties?.['systems']?.additionalProperties;
  if (system) {
    system['allOf'] = Object.entries(connectors).map(([name, connector]) => {
      const settings = z.toJSONSchema(connector.settings, { io: 'input', unrepresentable: 'any' }) as {
        properties?: Record<string, unknown>;
      };
      settings.properties = { ...settings.properties, deadlineSeconds: { type: 'number', exclusiveMinimum: 0, maximum: 600 } };
      return {
        if: { properties: { connector: { const: name } } }, // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own keyword
        then: { properties: { settings } },
      };
    });
  }
  return { title: 'Kaiku configuration', ...whole };
}

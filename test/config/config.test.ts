import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { configJsonSchema, loadConfig, parseConfig } from '../../src/config.ts';
import { ConfigError } from '../../src/config-faults.ts';
import { registry } from '../../src/connectors/registry.ts';

const path = join(import.meta.dirname, '../../config/kaiku.yaml');
const text = readFileSync(path, 'utf8');
const env = {
  INSIGHTLY_API_KEY: 'canary-insightly',
  MAILCHIMP_API_KEY: 'canary-mailchimp-us6',
  MAILCHIMP_HOOK: 'canary-hook',
  NETVISOR_CUSTOMER_ID: 'canary-customer',
  NETVISOR_CUSTOMER_KEY: 'canary-customer-key',
  NETVISOR_PARTNER_ID: 'canary-partner',
  NETVISOR_PARTNER_KEY: 'canary-partner-key',
};

function faultsOf(yaml: string, given: Record<string, string | undefined> = env): ConfigError['faults'] {
  try {
    parseConfig(yaml, 'kaiku.yaml', given, registry);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}
const line = (yaml: string, part: string) => yaml.split('\n').findIndex((l) => l.includes(part)) + 1;
const changed = (from: string, to: string) => {
  if (!text.includes(from)) throw new Error(`the example has no "${from}"`);
  return text.replace(from, to);
};

it('loads the example that ships with Kaiku', () => {
  const config = loadConfig(path, env, registry);
  expect(Object.keys(config.systems)).toEqual(['crm', 'newsletter', 'accounting', 'collection-partner']);
  expect(config.systems['crm']?.register).toMatchObject({ for: 'customer', pollSeconds: 60, eraseAfterDays: 14 });
  expect(config.systems['accounting']?.recipient).toMatchObject({ purposes: ['invoicing'], retention: ['fi/vouchers'] });
  expect(config.systems['collection-partner']?.recipient).toMatchObject({ dueDays: 14, undoHours: 0 });
});

describe('the JSON Schema', () => {
  const schema = configJsonSchema(registry) as object;
  const misfits = (yaml: string) => {
    const fits = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
    return fits(parse(yaml)) ? [] : (fits.errors ?? []).map(({ instancePath }) => instancePath);
  };

  it('takes the example, and knows the settings of every connector', () => {
    expect(misfits(text)).toEqual([]);
    expect(misfits(changed('audiences: [ab12cd34ef]', 'audiences: 5'))).toContain('/systems/newsletter/settings/audiences');
    for (const vendor of Object.keys(registry)) expect(JSON.stringify(schema)).toContain(`{"const":"${vendor}"}`);
  });

  it('is where the example looks for it: the build makes it, so that a new connector touches no second file', () => {
    const named = /yaml-language-server: \$schema=(\S+)/.exec(text)?.[1] ?? '';
    const root = join(import.meta.dirname, '../..');
    const file = relative(root, join(root, 'config', named));
    expect(readFileSync(join(root, 'tools/run.mjs'), 'utf8')).toContain(`join(root, '${file.split(sep).join("', '")}')`);
    expect(readFileSync(join(root, '.gitignore'), 'utf8').split('\n')).toContain(file.split(sep).join('/'));
  });
});

describe('a fault is told with its place, and with what to do', () => {
  const table: [string, string, string, { message: RegExp; suggestion?: string }][] = [
    ['an unknown key', 'pollSeconds: 60', 'pollSecond: 60', { message: /not a key/, suggestion: 'pollSeconds' }],
    ['an unknown key at the top', 'purposes:\n', 'purposses: {}\npurposes:\n', { message: /not a key/, suggestion: 'purposes' }],
    ['an unknown connector', 'connector: mailchimp', 'connector: mailchip', { message: /no connector/, suggestion: 'mailchimp' }],
    ['an unknown purpose', 'purposes: [marketing]', 'purposes: [marketting]', { message: /no purpose/, suggestion: 'marketing' }],
    [
      'an unknown permission',
      'permission: newsletter',
      'permission: newsleter',
      { message: /no register declares/, suggestion: 'newsletter' },
    ],
    [
      'an unknown field',
      'fields: [givenName, familyName, email]',
      'fields: [givenName, surname]',
      { message: /not a field of a person/ },
    ],
    ['an unknown retention rule', 'fi/vouchers', 'fi/voucher', { message: /no retention rule/, suggestion: 'fi/vouchers' }],
    ['a number out of range', 'pollSeconds: 60', 'pollSeconds: -5', { message: /small|>=/i }],
    ['a text for a number', 'pollSeconds: 60', 'pollSeconds: "60"', { message: /expected number, received string/ }],
    ['a wrong choice', 'approve: person', 'approve: persson', { message: /one of/, suggestion: 'person' }],
    ['plain http to elsewhere', 'https://us6.api.mailchimp.com', 'http://us6.api.mailchimp.com', { message: /https/ }],
    [
      'an address that the vendor is not reached by',
      'https://us6.api.mailchimp.com',
      'sftp://us6.api.mailchimp.com',
      { message: /mailchimp is reached by https:\/\/, not by sftp:/ },
    ],
    [
      'a login in an address',
      'https://us6.api.mailchimp.com',
      'https://kaiku:canary@us6.api.mailchimp.com',
      { message: /a login has no place in the address/ },
    ],
    [
      'a missing credential',
      'credentials: { apiKey: { env: MAILCHIMP_API_KEY } }',
      'credentials: {}',
      { message: /needs the credential apiKey/ },
    ],
    [
      'an unknown credential',
      '{ apiKey: { env: MAILCHIMP_API_KEY } }',
      '{ apiKey: { env: MAILCHIMP_API_KEY }, apikey: { env: MAILCHIMP_HOOK } }',
      { message: /takes no credential/, suggestion: 'apiKey' },
    ],
    ['a secret in the open', '{ env: MAILCHIMP_API_KEY }', 'abc-us6', { message: /never the secret itself/ }],
    ['people without an owner', '    owner: finance-lead\n', '', { message: /owner is missing/ }],
    ['a wrong business id', '1234567-1', '1234567-2', { message: /business id/ }],
    ['a connector setting', 'audiences: [ab12cd34ef]', 'audiences: []', { message: /small|at least/i }],
    ['an unknown connector setting', 'language: fi }', 'langauge: fi }', { message: /not a key/, suggestion: 'language' }],
    [
      'a title of a field that nobody declares',
      'purposes:\n',
      'fieldTitles: { custom.salary: Palkka }\npurposes:\n',
      { message: /no purpose declares/ },
    ],
    [
      'a title of a field that has its own',
      'purposes:\n',
      'fieldTitles: { email: Posti }\npurposes:\n',
      { message: /of your own|custom.salary/ },
    ],
    ['no register', 'register:\n', 'recipient2:\n', { message: /not a key/ }],
  ];
  it.each(table)('%s', (_name, from, to, { message, suggestion }) => {
    const yaml = changed(from, to);
    const faults = faultsOf(yaml);
    const fault = faults.find((f) => message.test(f.message));
    expect(fault, JSON.stringify(faults)).toBeDefined();
    expect(fault?.line).toBeGreaterThan(0);
    if (suggestion) expect(fault?.suggestion).toBe(suggestion);
  });

  it('an identity code for marketing, citing the section', () => {
    expect(faultsOf(changed('fields: [givenName, familyName, email]', 'fields: [identityCode]'))[0]?.message).toMatch(/29 §/);
  });

  it('an environment variable that is not set, by its name', () => {
    const faults = faultsOf(text, { ...env, MAILCHIMP_HOOK: undefined });
    expect(faults).toMatchObject([
      { message: 'the environment variable MAILCHIMP_HOOK is not set', line: line(text, 'MAILCHIMP_HOOK') },
    ]);
  });

  it('the line and column of the slip itself', () => {
    const yaml = changed('pollSeconds: 60', 'pollSecond: 60');
    expect(faultsOf(yaml)[0]).toMatchObject({ line: line(yaml, 'pollSecond:'), column: 7 });
  });
});

it('reaches those who exchange files by sftp, or in a folder of this machine', () => {
  const staff = (baseUrl: string) => `${text}
  staff:
    connector: mepco
    baseUrl: ${baseUrl}
    credentials: { user: { env: MEPCO_USER }, privateKey: { env: MEPCO_KEY } }
    settings: { hostKeys: ['SHA256:${'a'.repeat(43)}'], full: henkilot-*.csv }
    register: { for: employee, events: { employment-end: Ts päättymispv } }
`;
  const systems = text.trimEnd().split('\n').at(-1)?.startsWith('    ');
  expect(systems).toBe(true);
  const given = { ...env, MEPCO_USER: 'kaiku', MEPCO_KEY: 'canary-key' };
  expect(faultsOf(staff('sftp://files.example.fi:2222/cervi'), given)).toEqual([]);
  expect(faultsOf(staff('https://files.example.fi'), given)).toMatchObject([
    { path: 'systems.staff.baseUrl', message: 'mepco is reached by sftp:// or file://, not by https://' },
  ]);
  expect(faultsOf(staff('file:///srv/exchange'), given)).toEqual([]);
  const doors = `${text}
  doors:
    connector: files
    baseUrl: file:///srv/exchange/doors
    settings: { export: { names: 'persons-*.csv' }, key: Badge, map: { name: Holder } }
    recipient: { purposes: [invoicing] }
`;
  expect(faultsOf(doors)).toEqual([]);
  expect(faultsOf(staff('ftp://files.example.fi'), given)).toMatchObject([{ path: 'systems.staff.baseUrl' }]);
});

it('names the people of a system that a machine reads, and not a second time those of one that people run', () => {
  const people = 'people: { answerer: hr@esimerkki.example, language: sv, instructions: Radera rad för rad. }';
  const given = (of: string) => changed(of, `${of.replace(/ \}$/, '')}, ${people} }`);
  const config = parseConfig(given('recipient: { purposes: [marketing], undoHours: 0 }'), 'kaiku.yaml', env, registry);
  expect(config.systems['newsletter']?.recipient?.people).toEqual({
    address: 'hr@esimerkki.example',
    language: 'sv',
    instructions: 'Radera rad för rad.',
  });
  expect(faultsOf(given('recipient: { purposes: [invoicing], dueDays: 14 }'))).toMatchObject([
    { path: 'systems.collection-partner.recipient.people', message: expect.stringContaining('under settings') },
  ]);
});

describe('drift and notifications', () => {
  const notify = `
console: { url: https://kaiku.example.fi }
notify:
  mail: { smtp: 'smtp://mail.example.fi:587', from: kaiku@example.fi, to: [dpo@example.fi] }
  owners: { marketing-lead: news@example.fi }
  webhook: { url: https://hooks.example.fi/in, secret: { env: KAIKU_HOOK } }
  on: [system-paused, task-overdue]
  after: { taskDays: 5 }
`;
  const hook = { ...env, KAIKU_HOOK: `whsec_${Buffer.alloc(32).toString('base64')}`, SMTP: 'smtp://u:canary@mail.example.fi' };
  const messages = (from: string, to: string, given: Record<string, string | undefined> = hook) =>
    faultsOf(text + notify.replace(from, to), given).map((f) => f.message);

  it('are read, with their defaults', () => {
    const config = parseConfig(text + notify, 'kaiku.yaml', hook, registry);
    expect(config.console).toEqual({ url: 'https://kaiku.example.fi' });
    expect(config.notify).toMatchObject({
      on: ['system-paused', 'task-overdue'],
      after: { taskDays: 5, caseDays: 3, registerHours: 6 },
    });
    expect(config.systems['newsletter']?.recipient?.drift).toEqual({ everyHours: 168, repair: 'none' });
    expect(parseConfig(text, 'kaiku.yaml', env, registry).notify).toBeUndefined();
  });

  it('take a login of the mail server from outside the file alone', () => {
    expect(messages("'smtp://mail.example.fi:587'", "'smtp://u:canary@mail.example.fi'").join()).toMatch(
      /a login has no place in this file/,
    );
    expect(messages("'smtp://mail.example.fi:587'", '{ env: SMTP }')).toEqual([]);
    expect(messages("'smtp://mail.example.fi:587'", "'mail.example.fi'").join()).toMatch(/smtp:\/\/host/);
  });

  it('refuse a plain-text webhook, a weak secret, an unknown kind and an owner of nothing', () => {
    expect(messages('https://hooks', 'http://hooks').join()).toMatch(/use https/);
    expect(messages('', '', { ...hook, KAIKU_HOOK: 'canary' }).join()).toMatch(/whsec_/);
    expect(messages('', '', { ...hook, KAIKU_HOOK: undefined }).join()).toMatch(/KAIKU_HOOK is not set/);
    expect(faultsOf(text + notify.replace('task-overdue', 'task-overdu'), hook)[0]).toMatchObject({ suggestion: 'task-overdue' });
    expect(faultsOf(text + notify.replace('marketing-lead:', 'marketing-leed:'), hook)[0]).toMatchObject({
      suggestion: 'marketing-lead',
    });
  });

  it('say where the data goes by two letters of a country', () => {
    const placed = (country: string) => text.replace('    owner: ', `    country: ${country}\n    owner: `);
    expect(Object.values(parseConfig(placed('US'), 'kaiku.yaml', env, registry).systems).map((s) => s.country)).toContain('US');
    expect(
      faultsOf(placed('Finland'))
        .map((f) => f.message)
        .join(),
    ).toMatch(/two capital letters/);
  });

  it('open the public form only where a link can be mailed, at an address of its own that is https', () => {
    const form = "\nrequests: { url: 'https://oikeudet.example.fi' }\n";
    expect(parseConfig(text + notify + form, 'kaiku.yaml', hook, registry).requests).toEqual({
      url: 'https://oikeudet.example.fi',
    });
    expect(parseConfig(text, 'kaiku.yaml', env, registry).requests).toBeUndefined();
    const faults = (yaml: string) => faultsOf(yaml, hook).map((f) => f.message);
    expect(faults(text + form).join()).toMatch(/configure notify\.mail/);
    expect(faults(text + notify + form.replace('https', 'http')).join()).toMatch(/use https/);
    expect(faults(text + notify + form.replace(".fi'", ".fi/kaiku'")).join()).toMatch(/the address alone/);
  });

  it('are refused with their place when the repair is none of the words', () => {
    const yaml = text.replace(
      'purposes: [marketing], undoHours: 0',
      'purposes: [marketing], undoHours: 0, drift: { repair: polcy }',
    );
    expect(yaml).not.toBe(text);
    expect(faultsOf(yaml)[0]).toMatchObject({ path: 'systems.newsletter.recipient.drift.repair', suggestion: 'policy' });
  });
});

describe('two people who must approve', () => {
  const two = (yaml: string) => `${yaml}\nfourEyes: [erasure]\n`;

  it('stand beside a decision by a person, and not beside none', () => {
    expect(faultsOf(two(text))).toEqual([]);
    const auto = two(changed('approve: person', 'approve: auto'));
    expect(faultsOf(auto)).toEqual([
      expect.objectContaining({
        path: 'systems.crm.register.erasureSignal.approve',
        line: line(auto, 'equals: true, approve: auto'),
        message: expect.stringMatching(/set approve: person, or take erasure out of fourEyes/),
      }),
    ]);
    expect(faultsOf(changed('approve: person', 'approve: auto'))).toEqual([]);
  });

  it('are asked about a type of case that there is', () => {
    const yaml = `${text}\nfourEyes: [erasur]\n`;
    expect(faultsOf(yaml)).toEqual([
      expect.objectContaining({ path: 'fourEyes.0', line: line(yaml, 'fourEyes'), suggestion: 'erasure' }),
    ]);
  });
});

it('tells what is wrong in how the time limit is counted', () => {
  const yaml = `${text}\nclock:\n  askWithinWorkingDay: 3\n`;
  expect(faultsOf(yaml)).toEqual([
    expect.objectContaining({
      path: 'clock.askWithinWorkingDay',
      line: line(yaml, 'askWithin'),
      suggestion: 'askWithinWorkingDays',
    }),
  ]);
});

it('tells all faults at once, in the order of the file', () => {
  const yaml = text
    .replace('pollSeconds: 60', 'pollSecond: 60')
    .replace('approve: person', 'approve: nobody')
    .replace('dueDays: 14', 'dueDays: 0');
  const faults = faultsOf(yaml);
  expect(faults.length).toBeGreaterThanOrEqual(3);
  expect(faults.map((f) => f.line)).toEqual(faults.map((f) => f.line).sort((a, b) => a - b));
});

it.each([
  ['an empty file', ''],
  ['a list', '- a\n- b\n'],
  ['a text', 'hello'],
  ['a tab', 'controller:\n\tname: x\n'],
  ['an unclosed brace', 'controller: { name: x\n'],
  ['a key twice', 'controller: { name: a }\ncontroller: { name: b }\n'],
])('refuses %s with a place', (_name, yaml) => {
  const faults = faultsOf(yaml);
  expect(faults.length).toBeGreaterThan(0);
  expect(faults.every((f) => f.line >= 1 && f.column >= 1)).toBe(true);
});

it('says how to name another file when there is none', () => {
  expect(() => loadConfig('/nowhere/kaiku.yaml', env, registry)).toThrow(/KAIKU_CONFIG/);
});

it('says anything but a fault in no case, and never a secret', () => {
  const tree = parse(text) as Record<string, unknown>;
  const places: (string | number)[][] = [];
  const walk = (node: unknown, at: (string | number)[]) => {
    if (at.length > 0) places.push(at);
    if (typeof node === 'object' && node !== null) for (const [key, value] of Object.entries(node)) walk(value, [...at, key]);
  };
  walk(tree, []);
  const wrong = fc.constantFrom<unknown>(null, -1, '', 'x', [], {}, true, { env: 'NOPE' }, ['marketing', 5]);
  fc.assert(
    fc.property(fc.constantFrom(...places), wrong, fc.boolean(), (at, value, rename) => {
      const copy = structuredClone(tree);
      let parent = copy as Record<string, unknown>;
      for (const step of at.slice(0, -1)) parent = parent[step] as Record<string, unknown>;
      const last = at.at(-1) ?? '';
      if (rename) {
        parent[`${last}x`] = parent[last];
        delete parent[last];
      } else parent[last] = value;
      try {
        parseConfig(stringify(copy), 'kaiku.yaml', env, registry);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        expect(error.faults.length).toBeGreaterThan(0);
        expect(error.faults.every((f) => f.line >= 1)).toBe(true);
        expect(error.message).not.toContain('canary');
      }
    }),
    { numRuns: 400 },
  );
});

describe('a title', () => {
  const titled = (title: string) => changed('basis: legitimate-interest', `title: ${title}\n    basis: legitimate-interest`);

  it('is one text, or one for each language', () => {
    const titleOf = (yaml: string) => parseConfig(yaml, 'kaiku.yaml', env, registry).purposes['marketing']?.title;
    expect(titleOf(titled('Uutiskirje'))).toBe('Uutiskirje');
    expect(titleOf(titled('{ fi: Uutiskirje, en: Newsletter }'))).toEqual({ fi: 'Uutiskirje', en: 'Newsletter' });
  });

  it.each([
    ['{}', 'at least one of fi, sv, en'],
    ['{ de: Rundbrief }', '"de" is not a key that may stand here'],
    ['7', 'one for each language'],
  ])('that is none is told at its place: %s', (title, message) => {
    const yaml = titled(title);
    expect(faultsOf(yaml)).toContainEqual(
      expect.objectContaining({
        path: expect.stringMatching(/^purposes\.marketing\.title/),
        line: line(yaml, 'title:'),
        message: expect.stringContaining(message),
      }),
    );
  });
});

describe('the published notice', () => {
  it('is read from beside the configuration, and its faults are told with their own place', () => {
    expect(faultsOf(`notice: none.yaml\n${text}`)).toEqual([
      expect.objectContaining({ path: 'notice', line: 1, message: expect.stringContaining('none.yaml:1:1') }),
    ]);
    const folder = mkdtempSync(join(tmpdir(), 'kaiku-notice-'));
    writeFileSync(join(folder, 'notice.yaml'), 'name: n\ncontact: perhaps\n');
    const faults = (() => {
      try {
        parseConfig(`notice: notice.yaml\n${text}`, join(folder, 'kaiku.yaml'), env, registry);
        return [];
      } catch (error) {
        return error instanceof ConfigError ? error.faults : [];
      }
    })();
    expect(faults.map((f) => f.path)).toContain('notice');
    expect(faults.map((f) => f.message).join('\n')).toMatch(/notice\.yaml:2:\d+ {2}contact/);
  });
});

describe('a master of a field', () => {
  const master = (of: string, recipient = 'purposes: [marketing], undoHours: 0') =>
    changed(`recipient: { ${recipient} }`, `recipient: { ${recipient}, masterOf: ${of} }`);

  it('is taken where the system is given the field', () => {
    const config = parseConfig(master('[email]'), 'kaiku.yaml', env, registry);
    expect(config.systems['newsletter']?.recipient?.masterOf).toEqual(['email']);
  });

  it.each([
    ['a field it is not given', master('[phone]'), 'no purpose gives phone to this system'],
    ['a system of people', master('[email]', 'purposes: [invoicing], dueDays: 14'), 'cannot be read'],
    ['no field of a person', master('[shoeSize]'), 'is not a field of a person'],
    ['two people wanted for a correction', `${master('[email]')}\nfourEyes: [rectification]\n`, 'approves itself'],
  ])('is refused at its place: %s', (_what, yaml, message) => {
    expect(faultsOf(yaml)).toEqual([
      expect.objectContaining({
        path: expect.stringMatching(/recipient\.masterOf\.0$/),
        line: line(yaml, 'masterOf'),
        message: expect.stringContaining(message),
      }),
    ]);
  });
});

describe('the day of the register beside the undo windows', () => {
  const declared = (days: number, hours: number, more = '') =>
    changed('eraseAfterDays: 14', `eraseAfterDays: ${days}`)
      .replace('undoHours: 0', `undoHours: ${hours}`)
      .replace('purposes: [invoicing], dueDays: 14', `purposes: [invoicing], dueDays: 14${more}`);

  it('refuses a register that would be erased before the erasure at a recipient can no longer be taken back', () => {
    const yaml = declared(2, 49);
    expect(faultsOf(yaml)).toEqual([
      expect.objectContaining({
        path: 'systems.crm.register.eraseAfterDays',
        line: line(yaml, 'eraseAfterDays'),
        message: expect.stringMatching(/"newsletter".*undoHours: 49.*write eraseAfterDays: 3 or more/),
      }),
    ]);
  });

  it('takes a window that ends with that day, and one of people, whom the register never waits for', () => {
    expect(faultsOf(declared(2, 48))).toEqual([]);
    expect(faultsOf(declared(2, 0, ', undoHours: 240'))).toEqual([]);
  });

  it('minds only those who are given people of that register', () => {
    const others = declared(2, 240).replace('basis: legitimate-interest', 'basis: legitimate-interest\n    for: [prospect]');
    expect(others).toContain('for: [prospect]');
    expect(faultsOf(others)).toEqual([]);
  });
});

describe('the audit log', () => {
  const hook = { ...env, HOOK: `whsec_${Buffer.alloc(32, 1).toString('base64')}` };
  const audit = `
audit:
  keepYears: 10
  checkpoints:
    everyHours: 12
    folder: outside
    webhook: { url: https://witness.example.fi/kaiku, secret: { env: HOOK } }
`;
  const faults = (from: string, to: string) => faultsOf(text + audit.replace(from, to), hook).map(({ message }) => message);

  it('says how long it is kept and where its checkpoints go', () => {
    const { audit: found } = parseConfig(text + audit, '/srv/kaiku/kaiku.yaml', hook, registry);
    expect(found).toMatchObject({ keepYears: 10, checkpoints: { everyHours: 12, folder: '/srv/kaiku/outside' } });
    expect(parseConfig(text, 'kaiku.yaml', env, registry).audit).toBeUndefined();
  });

  it.each([
    ['keepYears: 10', 'keepYears: 0', /Too small|>=1/],
    ['    folder: outside\n', '    mail: [dpo@example.fi]\n', /notify\.mail/],
    ['https://witness', 'http://witness', /plain http/],
    ['env: HOOK', 'env: NONE', /NONE is not set/],
    [
      '    folder: outside\n    webhook: { url: https://witness.example.fi/kaiku, secret: { env: HOOK } }\n',
      '',
      /names no place/,
    ],
    ['folder: outside', 'folders: outside', /folders/],
  ])('refuses %s as %s', (from, to, says) => {
    expect(faults(from, to).join('\n')).toMatch(says);
  });
});

describe('a system whose data end by themselves', () => {
  const given = (more: string, inside = '') =>
    `${text}  logs:\n    connector: expiring\n${more}    settings: { keepDays: 30, what: server logs }\n    recipient: { purposes: [invoicing]${inside} }\n`;
  const messages = (yaml: string) => faultsOf(yaml).map(({ path: at, message }) => `${at}: ${message}`);

  it('needs no address, nobody who looks after it and no credentials', () => {
    expect(messages(given(''))).toEqual([]);
    expect(parseConfig(given(''), 'kaiku.yaml', env, registry).systems['logs']?.settings).toEqual({
      keepDays: 30,
      what: 'server logs',
    });
  });

  it('is refused what would mean that something is reached, asked or read there', () => {
    expect(messages(given('    baseUrl: https://logs.test\n'))).toEqual([
      'systems.logs.baseUrl: nothing is reached there: leave it out',
    ]);
    expect(messages(given('', ', people: { answerer: a@b.test, language: fi }'))).toEqual([
      'systems.logs.recipient.people: nobody is asked there: leave it out',
    ]);
    expect(messages(given('', ', masterOf: [email]'))).toEqual([expect.stringContaining('is read by nobody')]);
  });
});

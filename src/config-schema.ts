import { z } from 'zod';
import { EventsFile, FinancialYearsFile, RetentionFile } from './config-retention.ts';
import { alertKinds, usualLimits } from './core/alert.ts';
import { fieldNames } from './core/person.ts';
import { roles } from './core/scope.ts';

/** The file's own shape, before secrets are resolved and names are checked against each other. Unknown keys are errors. */
const Secret = z.union([z.strictObject({ env: z.string().min(1) }), z.strictObject({ file: z.string().min(1) })]);
const FieldIs = z.strictObject({ field: z.string().min(1), equals: z.union([z.boolean(), z.number(), z.string()]) });

export const FieldName = z
  .string()
  .refine((name) => (fieldNames as readonly string[]).includes(name) || /^custom\.[A-Za-z0-9_]+$/.test(name), {
    error: (issue) => `"${String(issue.input)}" is not a field of a person; known are ${fieldNames.join(', ')} and custom.<name>`,
  });

export const bases = [
  'consent',
  'contract',
  'legal-obligation',
  'vital-interests',
  'public-task',
  'legitimate-interest',
] as const;

/** In letters, the notice and the record a purpose or system is called so; a word of the file is no name for people outside. */
const TitleFile = z
  .union([z.string().min(1), z.partialRecord(z.enum(['fi', 'sv', 'en']), z.string().min(1))], {
    error: 'must be a text, or one for each language: { fi: …, sv: …, en: … }',
  })
  .refine((title) => typeof title === 'string' || Object.keys(title).length > 0, {
    error: 'must hold at least one of fi, sv, en',
  })
  .describe('What people outside are told it is called: one text, or one for each language');

const PurposeFile = z.strictObject({
  title: TitleFile.optional(),
  basis: z.enum(bases).describe('Art. 6(1) GDPR'),
  permission: z
    .string()
    .optional()
    .describe('A permission that the register declares; without it nobody new is given anything for this purpose'),
  fields: z.array(FieldName).min(1),
  for: z.array(z.string().min(1)).min(1).optional().describe('Roles; default: all'),
  retention: RetentionFile.optional(),
});

const RegisterFile = z.strictObject({
  for: z.string().min(1).describe('The role of the people this register is master for'),
  pollSeconds: z.number().min(1).max(86_400).default(60),
  sweepHours: z.number().positive().max(168).default(24),
  erasureSignal: FieldIs.extend({ approve: z.enum(['person', 'auto']).default('person') })
    .strict()
    .optional(),
  eraseAfterDays: z
    .number()
    .int()
    .min(0)
    .max(30)
    .default(14)
    .describe('The register is erased at the latest then; the law gives one month'),
  permissions: z.record(z.string(), z.strictObject({ granted: FieldIs.optional(), refused: FieldIs.optional() })).default({}),
  events: EventsFile.optional().describe(
    'What happened to a person and when, by date fields of the register: the retention sweep goes by it',
  ),
});

const mailAddress = z.email({ error: 'must be an e-mail address' });

const PeopleFile = z
  .strictObject({
    answerer: mailAddress.describe('Where the people are reached'),
    language: z.enum(['fi', 'sv', 'en']).default('fi'),
    instructions: z.string().max(2000).optional().describe("Words of the company's own, shown with each task"),
  })
  .describe('Who is asked for what the connector of this system cannot do by itself; of a system run by people, settings say it');

const RecipientFile = z.strictObject({
  purposes: z.array(z.string()).min(1),
  undoHours: z
    .number()
    .min(0)
    .max(240)
    .default(0)
    .describe(
      "Erased here only so long after an approval, which may be taken back until then; at most the register's eraseAfterDays",
    ),
  dueDays: z.number().int().min(1).max(30).default(14),
  retention: z.array(z.string()).default([]),
  people: PeopleFile.optional(),
  masterOf: z
    .array(FieldName)
    .min(1)
    .optional()
    .describe(
      'Fields that people change in this system themselves: what stands there is carried to the register, and never overwritten from it',
    ),
  drift: z
    .strictObject({
      everyHours: z.number().min(1).max(8760).default(168),
      repair: z
        .enum(['none', 'policy'])
        .default('none')
        .describe('policy: what is missing, stale or back after an erasure is put right by itself; the rest is for a person'),
    })
    .prefault({})
    .describe('The scheduled comparison of what the system holds with what the policy says'),
});

export const SystemFile = z.strictObject({
  title: TitleFile.optional(),
  connector: z.string().min(1),
  baseUrl: z
    .url({
      protocol: /^(https?|sftp|file)$/,
      error:
        'must be a whole address with https:// (http:// only to this machine), or sftp:// or file:// where files are exchanged',
    })
    .optional(),
  credentials: z.record(z.string(), Secret).default({}),
  owner: z.string().min(1).optional().describe('Who is asked when this system needs a person: a role, not a name'),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, { error: 'must be a country as two capital letters (ISO 3166): FI, IE, US' })
    .optional()
    .describe('Where the data goes: for the record of processing (Art. 30(1)(e) GDPR)'),
  settings: z.record(z.string(), z.unknown()).default({}),
  register: RegisterFile.optional(),
  recipient: RecipientFile.optional(),
  webhook: z.strictObject({ secret: Secret }).optional(),
});

const httpAddress = z.url({
  protocol: /^https?$/,
  error: 'must be a whole address with https:// (http:// only to this machine)',
});

const SignInFile = z.strictObject({
  url: httpAddress
    .optional()
    .describe(
      "The console's address as browsers see it, where a proxy with TLS stands before it; the redirect URI is made of it",
    ),
  requireTotp: z.boolean().default(true).describe('Whoever signs in with a password must have a second factor'),
  oidc: z
    .strictObject({
      issuer: httpAddress,
      clientId: z.string().min(1),
      clientSecret: Secret,
      label: z.string().min(1).max(60).optional().describe('What the button says'),
      roles: z.strictObject({
        claim: z.string().min(1).describe('The claim of the ID token that holds the groups'),
        map: z.record(z.string().min(1), z.array(z.enum(roles)).min(1)),
      }),
    })
    .optional()
    .describe('OpenID Connect. Whoever has none of the mapped values is refused'),
});

const NotifyFile = z.strictObject({
  mail: z
    .strictObject({
      smtp: z
        .union([z.string().min(1), ...Secret.options])
        .describe('smtp://host:587 or smtps://host:465; with a login only as { env: NAME } or { file: PATH }'),
      from: mailAddress,
      to: z.array(mailAddress).default([]).describe('Told of everything'),
      hr: z
        .array(mailAddress)
        .default([])
        .describe("Told of what is about the company's own people, in place of `to`: nobody else can open it"),
    })
    .optional(),
  owners: z.record(z.string(), mailAddress).default({}).describe('By the owner of a system: told of that system'),
  webhook: z
    .strictObject({
      url: z.url({ protocol: /^https?$/, error: 'must be a whole address with https:// (http:// only to this machine)' }),
      secret: Secret.describe('whsec_ and at least 24 random bytes in base64 (standardwebhooks.com)'),
    })
    .optional(),
  on: z.array(z.enum(alertKinds)).default([...alertKinds]),
  after: z
    .strictObject({
      taskDays: z.number().min(0).max(30).default(usualLimits.taskDays),
      caseDays: z.number().min(0).max(30).default(usualLimits.caseDays),
      holdDays: z.number().min(0).max(90).default(usualLimits.holdDays),
      registerHours: z.number().min(0.1).max(720).default(usualLimits.registerHours),
      driftFindings: z.number().int().min(0).default(usualLimits.driftFindings),
    })
    .prefault({})
    .describe('From when on each matter is told'),
});

const ClockFile = z.strictObject({
  eves: z
    .strictObject({ midsummerEve: z.boolean().default(false), christmasEve: z.boolean().default(false) })
    .optional()
    .describe('Whether these eves move a deadline to the next working day; unsettled, so by default they do not'),
  pausesFor: z
    .array(z.enum(['identity', 'clarification']))
    .optional()
    .describe('Which questions to the person stop the clock; by default only the one who they are (Art. 12(6) GDPR)'),
  askWithinWorkingDays: z
    .number()
    .int()
    .min(1)
    .max(15)
    .optional()
    .describe('A question stops the clock only when asked without undue delay: within so many working days'),
});

const AuditFile = z.strictObject({
  keepYears: z
    .number()
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('What an entry of the log says is dropped after so many years, its hash never; left out: nothing is dropped'),
  checkpoints: z
    .strictObject({
      everyHours: z.number().min(1).max(720).default(24),
      folder: z
        .string()
        .min(1)
        .optional()
        .describe('A folder that the operator of this machine cannot change: a share, a WORM bucket'),
      mail: z.array(mailAddress).min(1).optional(),
      webhook: z.strictObject({ url: httpAddress, secret: Secret }).optional(),
    })
    .optional()
    .describe('Where signed checkpoints of the log are kept outside: whoever bends the log must bend them too'),
});

export const ConfigFile = z.strictObject({
  controller: z.strictObject({
    name: z.string().min(1),
    businessId: z.string().optional(),
    languages: z
      .array(z.enum(['fi', 'sv', 'en']))
      .min(1)
      .default(['fi']),
    financialYearEnd: z
      .string()
      .regex(/^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, { error: 'must be a day as MM-DD' })
      .optional(),
    financialYears: FinancialYearsFile.optional(),
    privacyContact: z.email({ error: 'must be an e-mail address' }).optional(),
  }),
  purposes: z.record(
    z.string().regex(/^[a-z][a-z0-9-]*$/, { error: 'a purpose is named in small letters, digits and hyphens' }),
    PurposeFile,
  ),
  systems: z.record(
    z.string().regex(/^[a-z][a-z0-9-]*$/, { error: 'a system is named in small letters, digits and hyphens' }),
    SystemFile,
  ),
  fieldTitles: z
    .record(
      z.string().regex(/^custom\.[A-Za-z][A-Za-z0-9]*$/, { error: 'must be a field of your own, as custom.salary' }),
      TitleFile,
    )
    .optional()
    .describe('What fields of your own (custom.…) are called in letters, answers and the console'),
  signIn: SignInFile.optional(),
  console: z
    .strictObject({ url: z.url({ protocol: /^https?$/, error: 'must be a whole address' }) })
    .optional()
    .describe('Where people reach the console: for links in messages; KAIKU_URL overrides'),
  notify: NotifyFile.optional(),
  audit: AuditFile.optional(),
  backups: z
    .strictObject({ keepDays: z.number().int().min(1).max(3650) })
    .optional()
    .describe('How long a backup of Kaiku is kept: until then it holds whoever was erased meanwhile'),
  notice: z
    .string()
    .min(1)
    .optional()
    .describe('The published privacy notice, filled in as YAML beside this file: held against the configuration all the time'),
  requests: z
    .strictObject({ url: httpAddress })
    .optional()
    .describe('Opens the public form for requests of data subjects (/request): its address as people reach it'),
  replies: z
    .strictObject({ url: httpAddress })
    .optional()
    .describe('People who run a system are asked by mail, with a link to a page at this address (/reply): as they reach it'),
  restriction: z
    .strictObject({ liftNoticeDays: z.number().int().min(1).max(90).default(7) })
    .optional()
    .describe('Art. 18(3) GDPR: how many days after the person was told a restriction may be lifted'),
  fourEyes: z
    .array(z.enum(['access', 'rectification', 'erasure', 'restriction', 'objection', 'portability']))
    .optional()
    .describe('Types of cases that two different people must approve'),
  clock: ClockFile.optional().describe('How the time limit of Art. 12(3) GDPR is counted where the texts leave a choice'),
});
export type ConfigFile = z.infer<typeof ConfigFile>;

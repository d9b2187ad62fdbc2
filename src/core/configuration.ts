import type { AlertKind, AlertLimits } from './alert.ts';
import type { ClockSettings } from './legal-clock.ts';
import type { FieldName } from './person.ts';
import type { Notice } from './published-notice.ts';
import type { FinancialYears, Period, Trigger } from './retention-rule.ts';
import type { Role } from './scope.ts';
import type { Title } from './title.ts';

/** The controller's declaration as the floors below see it: loaded, checked, secrets resolved. */
export interface Purpose {
  name: string;
  /** What people are told it is called. */
  title?: Title;
  basis: string;
  /** The permission without which nobody new is given anything for this purpose. */
  permission?: string;
  fields: readonly FieldName[];
  /** Roles; absent: all. */
  for?: readonly string[];
  /** How long it needs somebody; absent: nobody said, which is a finding. */
  retention?: readonly RetentionPeriod[];
}

/** How long a purpose needs somebody: the company's own period, or a rule's. */
export interface RetentionPeriod extends Period {
  /** Roles; absent: all of the purpose. */
  for?: readonly string[];
  /** The rules of the pack that it rests on. */
  rules: readonly string[];
  reason?: string;
  /** `auto`: what is over is erased without a person. */
  approve: 'person' | 'auto';
}

export interface FieldIsConfig {
  field: string;
  equals: string | number | boolean;
}

export interface RegisterConfig {
  /** The role of the people this register is master for. */
  for: string;
  pollSeconds: number;
  sweepHours: number;
  erasureSignal?: FieldIsConfig & { approve: 'person' | 'auto' };
  eraseAfterDays: number;
  permissions: Record<string, { granted?: FieldIsConfig; refused?: FieldIsConfig }>;
  /** By what happened, the register's date field that tells it; `changedAt`: the date of the record's last change. */
  events?: Partial<Record<Trigger, string>>;
}

export interface RecipientConfig {
  purposes: readonly string[];
  undoHours: number;
  dueDays: number;
  retention: readonly string[];
  /** Fields of which this system, not the register, is right. */
  masterOf?: readonly FieldName[];
  /** Where the people are reached who do there what no interface does, and the company's own words for them. */
  people?: { address: string; language: 'fi' | 'sv' | 'en'; instructions?: string };
  /** How often what the system holds is compared with what it should hold, and what is put right without being asked. */
  drift?: { everyHours: number; repair: 'none' | 'policy' };
}

export interface SystemConfig {
  name: string;
  /** What people are told it is called. */
  title?: Title;
  connector: string;
  baseUrl: string;
  credentials: Record<string, string>;
  owner: string | null;
  /** Where the data goes, ISO 3166; absent: nobody said. */
  country?: string;
  /** Checked by the connector's own schema. */
  settings: unknown;
  /** The vendor's time-out as this company sets it; absent: the manifest's. */
  deadlineSeconds?: number;
  register?: RegisterConfig;
  recipient?: RecipientConfig;
  webhook?: { secret: string };
}

/** How people get into the console. */
export interface SignInConfig {
  /** The console's address as browsers see it; with https, cookies are bound to it. Absent: plain http on this machine. */
  url?: string;
  /** Whoever signs in with a password must have a second factor. */
  requireTotp: boolean;
  oidc?: {
    issuer: string;
    clientId: string;
    clientSecret: string;
    /** What the button says: the provider's name as the company knows it. */
    label?: string;
    /** Which values of which claim give which roles; whoever has none of them is refused. */
    roles: { claim: string; map: Record<string, readonly Role[]> };
  };
}

/** Who is told when something is wrong, and by which way. */
export interface NotifyConfig {
  /** The address of the mail server, its login included where it has one; `hr` is told of the company's own people in place of `to`. */
  mail?: { smtp: string; from: string; to: readonly string[]; hr?: readonly string[] };
  /** Mail addresses by the names that systems give as their `owner`: told of their own systems. */
  owners: Readonly<Record<string, string>>;
  webhook?: { url: string; secret: string };
  on: readonly AlertKind[];
  after: AlertLimits;
}

/** How the audit log is kept, and where its checkpoints go. */
export interface AuditConfig {
  /** Years until what an entry says is dropped; absent: never. */
  keepYears?: number;
  checkpoints?: {
    everyHours: number;
    folder?: string;
    mail?: readonly string[];
    webhook?: { url: string; secret: string };
  };
}

export interface Config {
  controller: {
    name: string;
    businessId?: string;
    languages: readonly string[];
    /** `MM-DD`. */
    financialYearEnd?: string;
    /** Years that ended otherwise. */
    financialYears?: Omit<FinancialYears, 'yearEnd'>;
    privacyContact?: string;
  };
  purposes: Record<string, Purpose>;
  systems: Record<string, SystemConfig>;
  /** What the company's own fields are called, by `custom.<name>`. */
  fieldTitles?: Readonly<Record<string, Title>>;
  signIn?: SignInConfig;
  /** Where people reach the console: for links in messages. */
  console?: { url: string };
  notify?: NotifyConfig;
  audit?: AuditConfig;
  /** How long the company keeps a backup of Kaiku, in days. */
  backups?: { keepDays: number };
  /** The published privacy notice as data, held against all this. */
  notice?: Notice;
  /** The public form for requests, where it is open: the address that people reach it at. */
  requests?: { url: string };
  /** People who run a system are asked by mail: the address of the page that they answer at. */
  replies?: { url: string };
  /** Types of cases that two people must approve. */
  fourEyes?: readonly string[];
  /** How cases' time limits are counted where the texts leave a choice. */
  clock?: Partial<ClockSettings>;
  /** Art. 18(3): how many days after the person was told a restriction may be lifted. */
  restriction?: { liftNoticeDays: number };
}

import type { Config } from './configuration.ts';
import type { FieldName } from './person.ts';

/** What a recipient's connector says of itself, as far as the policy is concerned. */
export interface Carrier {
  human: boolean;
  /** Null: every field. */
  carries: readonly FieldName[] | null;
  /** Whether it has rows of people of a role; absent: of all. */
  serves?: ((role: string) => boolean) | undefined;
  /** Retention rules that bind its rows: the company's own, else those of the kind of system. */
  retention: readonly string[];
}

export type PolicyWarning =
  | { kind: 'purpose-unused'; purpose: string }
  | { kind: 'role-unknown'; purpose: string; roles: string[] }
  | { kind: 'field-not-carried'; system: string; fields: FieldName[] }
  | { kind: 'purpose-not-served'; system: string; purpose: string }
  | { kind: 'no-retention'; system: string }
  | { kind: 'identity-code'; system: string; purpose: string };

/** One system's part of the policy: what it is given, and for what. */
export interface Given {
  system: string;
  fields: Map<FieldName, string[]>;
}

/** Which recipient is given which field, and for which purposes. */
export const givenFields = (config: Config): Given[] =>
  Object.values(config.systems).flatMap((system) => {
    if (!system.recipient) return [];
    const fields = new Map<FieldName, string[]>();
    for (const name of system.recipient.purposes)
      for (const field of config.purposes[name]?.fields ?? []) fields.set(field, [...(fields.get(field) ?? []), name]);
    return [{ system: system.name, fields }];
  });

/** What leads of a register are, beside the role that it is declared for. */
const leads = 'prospect';

/**
 * Roles that a purpose names and that no register is declared for: for them it serves nobody, though it looks as if it did. A slip of
 * the pen, or people whom no connected system is master of.
 */
export function rolesUnknown(config: Pick<Config, 'purposes' | 'systems'>): { purpose: string; roles: string[] }[] {
  const known = new Set([leads, ...Object.values(config.systems).flatMap(({ register }) => register?.for ?? [])]);
  return Object.values(config.purposes).flatMap(({ name, for: roles = [] }) => {
    const unknown = roles.filter((role) => !known.has(role));
    return unknown.length > 0 ? [{ purpose: name, roles: unknown }] : [];
  });
}

/** What a person should look at twice in a declaration that is valid. */
export function policyWarnings(config: Config, carriers: Readonly<Record<string, Carrier>>): PolicyWarning[] {
  const given = givenFields(config);
  const used = new Set(Object.values(config.systems).flatMap((s) => s.recipient?.purposes ?? []));
  const unused = Object.keys(config.purposes).filter((name) => !used.has(name));
  return [
    ...unused.map((purpose): PolicyWarning => ({ kind: 'purpose-unused', purpose })),
    ...rolesUnknown(config).map((found): PolicyWarning => ({ kind: 'role-unknown', ...found })),
    ...given.flatMap(({ system, fields }): PolicyWarning[] => {
      const carrier = carriers[system];
      if (!carrier) return [];
      const missing = [...fields.keys()].filter((f) => carrier.carries !== null && !carrier.carries.includes(f));
      const codes = fields.get('identityCode') ?? [];
      return [
        ...(missing.length > 0 ? [{ kind: 'field-not-carried' as const, system, fields: missing }] : []),
        ...unserved(config, system, carrier).map((purpose) => ({ kind: 'purpose-not-served' as const, system, purpose })),
        ...(carrier.retention.length === 0 ? [{ kind: 'no-retention' as const, system }] : []),
        // only where a law binds the rows (books, payroll) does a code have a reason of its own to be there
        ...(carrier.retention.length === 0 ? codes.map((purpose) => ({ kind: 'identity-code' as const, system, purpose })) : []),
      ];
    }),
  ];
}

/** Purposes that are for nobody whom the system has rows of: customers given to payroll. */
const unserved = (config: Config, system: string, { serves }: Carrier): string[] =>
  (config.systems[system]?.recipient?.purposes ?? []).filter((name) => {
    const roles = config.purposes[name]?.for;
    return serves !== undefined && roles !== undefined && !roles.some(serves);
  });

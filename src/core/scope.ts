/** What a person may be in Kaiku. Several at once are possible; each says which routes open, and whom one sees through them. */
export const roles = ['admin', 'dpo', 'decision-maker', 'auditor', 'viewer', 'system-owner', 'hr', 'supervisor'] as const;
export type Role = (typeof roles)[number];

/** Roles of data subjects who are the company's own people. To everybody but HR (and their supervisor) they do not exist. */
export const staffRoles = ['employee', 'applicant', 'next-of-kin'] as const;

export const isStaff = (role: string): boolean => (staffRoles as readonly string[]).includes(role);

/** One reason to see somebody: which people, and through which systems' duties and tasks. */
export interface Grant {
  /** Everybody who is no staff, all staff, or these people by id. */
  readonly people: 'others' | 'staff' | readonly string[];
  readonly systems: 'all' | readonly string[];
}

/** Whom somebody sees: whoever one of the grants names. An empty scope sees nobody. */
export type Scope = readonly Grant[];

/** For jobs and for whoever has every role. */
export const everybody: Scope = [
  { people: 'others', systems: 'all' },
  { people: 'staff', systems: 'all' },
];

/** Whoever asks, as far as their scope goes. */
export interface Scoped {
  readonly roles: readonly Role[];
  /** A system owner's systems. */
  readonly systems?: readonly string[];
  /** The staff a supervisor looks after, by their ids as data subjects. */
  readonly staff?: readonly string[];
}

/**
 * Whom an actor sees on a route that opens to `opening`. Only the roles that opened it count, so that a viewer who is also HR does not
 * read customers where HR reads staff; HR adds the staff to whatever else the person may do.
 */
export function scopeOf(actor: Scoped, opening: readonly Role[]): Scope {
  const grants: Grant[] = [];
  for (const role of actor.roles.filter((r) => opening.includes(r))) {
    const systems = role === 'system-owner' ? (actor.systems ?? []) : 'all';
    if (role !== 'hr' && role !== 'supervisor') grants.push({ people: 'others', systems });
    if (actor.roles.includes('hr')) grants.push({ people: 'staff', systems });
    if (actor.roles.includes('supervisor')) grants.push({ people: actor.staff ?? [], systems });
  }
  return grants;
}

/** Whether a scope leaves nobody out: then nothing has to be asked. */
export const seesEverybody = (scope: Scope): boolean =>
  (['others', 'staff'] as const).every((people) => scope.some((g) => g.people === people && g.systems === 'all'));

/** Whether a data subject is seen. What belongs to no single system is seen by those whose systems are all. */
export const sees = (scope: Scope, subject: { id: string; role: string }, system?: string): boolean =>
  scope.some(
    (g) =>
      (g.systems === 'all' || (system !== undefined && g.systems.includes(system))) &&
      (g.people === 'others'
        ? !isStaff(subject.role)
        : g.people === 'staff'
          ? isStaff(subject.role)
          : g.people.includes(subject.id)),
  );

/** Whether duties, tasks and health of a system are seen at all. */
export const seesSystem = (scope: Scope, system: string): boolean =>
  scope.some((g) => g.systems === 'all' || g.systems.includes(system));

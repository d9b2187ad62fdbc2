/**
 * What a person agreed to or refused, for one purpose on one channel. It travels apart from contact data and only tightens:
 *
 *   granted ──refusal anywhere──▶ refused ──fresh act──▶ granted
 *
 * The only fresh act is the register's own `refused` going from true to false while `granted` is true, after the last refusal
 * seen anywhere. A grant that still stands in the register, or comes again, undoes nothing.
 */
export interface PermissionState {
  granted: boolean;
  refused: boolean;
  /** The register itself said "refused" after the last refusal seen anywhere: its going away is then a fresh act. */
  registerRefused: boolean;
  /** The grant was withdrawn once without a refusal: it needs the same fresh act to come back. */
  withdrawn: boolean;
  /** ISO 8601. */
  lastRefusedAt?: string;
  /** The system that refused: a configured name. */
  source?: string;
}

export const noPermission: PermissionState = { granted: false, refused: false, registerRefused: false, withdrawn: false };

/** What the register says at a look. The first look is taken as it stands. */
export function observeRegister(
  before: PermissionState | undefined,
  now: { granted: boolean; refused: boolean; seenAt: Date },
): PermissionState {
  if (!before) {
    return {
      granted: now.granted,
      refused: now.refused,
      registerRefused: now.refused,
      withdrawn: false,
      ...(now.refused ? { lastRefusedAt: now.seenAt.toISOString(), source: 'register' } : {}),
    };
  }
  if (now.refused) {
    if (before.refused) return { ...before, granted: now.granted, registerRefused: true };
    return {
      ...before,
      granted: now.granted,
      refused: true,
      registerRefused: true,
      lastRefusedAt: now.seenAt.toISOString(),
      source: 'register',
    };
  }
  const freshAct = before.registerRefused && now.granted;
  if (freshAct)
    return {
      granted: true,
      refused: false,
      registerRefused: false,
      withdrawn: false,
      ...(before.lastRefusedAt ? { lastRefusedAt: before.lastRefusedAt } : {}),
    };
  return { ...before, granted: now.granted, withdrawn: before.withdrawn || (before.granted && !now.granted) };
}

/** A refusal seen at a recipient, or meant by an erasure request. */
export function observeRefusal(before: PermissionState | undefined, at: Date, source: string): PermissionState {
  const base = before ?? noPermission;
  if (base.refused) return base;
  return { ...base, refused: true, registerRefused: false, lastRefusedAt: at.toISOString(), source };
}

/** Whether the person may be given to somebody new under this permission. */
export const permits = (state: PermissionState | undefined): boolean =>
  state?.granted === true && !state.refused && !state.withdrawn;

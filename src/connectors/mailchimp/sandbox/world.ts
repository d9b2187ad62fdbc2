import type { Actor, Audience, StoredMember } from './state.ts';

/** What the sandbox can be told while it runs. */
export interface Switches {
  /** Whether "subscribed" is refused for those who unsubscribed themselves or bounced. Live, this is not to be relied on. */
  compliance: boolean;
  /** Every webhook delivery is sent twice. */
  duplicateWebhooks: boolean;
  /** Deliveries of one tick leave in reverse order. */
  reorderWebhooks: boolean;
  /**
   * What goes wrong with batches: the archive lacks a third of the results, tells some twice, or is cut; the first address is too old
   * by the time it is used; a batch never ends.
   */
  batchTrouble: (typeof batchTroubles)[number];
}
export const batchTroubles = ['none', 'loses-results', 'repeats-results', 'cuts-archive', 'old-url', 'never-ends'] as const;

/** The parts of the sandbox that its rules share. */
export interface World {
  readonly audiences: Map<string, Audience>;
  readonly switches: Switches;
  readonly takesContactIds: boolean;
  now(): number;
  /** Numbers for new members, so that ids are never used twice. */
  nextNumber(): number;
  /** Tells an audience's webhooks. */
  tell(audience: Audience, actor: Actor, type: string, data: Record<string, unknown>): void;
  /** What the standard webhooks say of a member. */
  tellOf(audience: Audience, actor: Actor, type: string, member: StoredMember, more?: Record<string, unknown>): void;
}

/**
 * The breaker of a full resync: a change that would take something from very many people at once is more often a fault (a purpose that
 * lost its fields, a register that forgot its permissions) than a wish. A person must then say how many rows it is about.
 */
export const massLimits = {
  /** Fewer rows than these are never a mass change. */
  fewest: 20,
  /** More than this part of everybody is one. */
  share: 0.05,
  /** And more rows than these, however many people there are. */
  most: 500,
} as const;

/** Rows that would be erased, taken out of use or lose a value. */
export const rowsLost = (counts: Readonly<Record<string, number>>, blanks: number): number =>
  (counts['erase'] ?? 0) + (counts['restrict'] ?? 0) + blanks;

export const isMassChange = (lost: number, people: number): boolean =>
  lost >= massLimits.fewest && (lost > people * massLimits.share || lost > massLimits.most);

import type { OrganisationName } from './person.ts';

/**
 * A sole trader is a person: their firm has no existence of its own, so what a register files as a company is theirs. Told by the
 * words that Finnish trade names carry; a firm without them counts as a firm, which leaves it alone.
 */
export function isSoleTrader(organisation: OrganisationName | undefined): boolean {
  const words = (organisation?.name ?? '').toLowerCase().split(/[\s,()/]+/u);
  return words.some((word) => soleTraderWords.has(word)) || /\benskild (firma|näringsidkare)\b/u.test(words.join(' '));
}

const soleTraderWords = new Set(['tmi', 'tmi.', 't:mi', 'toiminimi', 'f:ma', 'fma']);

/** Words that a Finnish sole trader carries in the name (Trade Names Act 128/1979 asks for none, so their absence proves nothing). */
const soleTrader = /(?<![\p{L}\p{N}:-])(?:tmi|t:mi|toiminimi|f:ma|enskild\s+firma)(?![\p{L}\p{N}:-])/iu;

/** Forms of a company: who carries one is no sole trader, whatever else the name says. */
const company = /(?<![\p{L}\p{N}:-])(?:oy|oyj|ab|abp|ky|kb|ay|osk|ry|rf)(?![\p{L}\p{N}:-])/iu;

/** Whether a business name shows a sole trader, whose record is a person's. False proves nothing: many carry no such word. */
export const isSoleTrader = (name: string): boolean => soleTrader.test(name) && !company.test(name);

/** The name without the word that shows the sole trader; often the person's own name, sometimes a trade. */
export const withoutSoleTraderWord = (name: string): string =>
  name
    .replace(new RegExp(soleTrader, 'giu'), ' ')
    .replace(/^[\s.,]+|[\s.,]+$/g, '')
    .replace(/\s+/g, ' ');

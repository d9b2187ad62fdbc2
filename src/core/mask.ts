import type { Fields, FieldValue } from './person.ts';

/** Enough of a value to recognise what one knows, too little to learn what one does not. */
export function masked(fields: Fields): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields) as [string, FieldValue | undefined][]) {
    if (value === undefined || name === 'identityCode' || name === 'birthDate') continue;
    const text = typeof value === 'object' ? Object.values(value).filter(Boolean).join(', ') : String(value);
    if (text !== '')
      shown[name] = name === 'email' ? email(text) : name === 'phone' || name === 'mobile' ? phone(text) : words(text);
  }
  return shown;
}

const dots = '…';
const word = (text: string) => {
  const letters = [...text];
  return letters.length <= 1 ? text : `${letters[0]}${dots}${letters.length > 4 ? letters.at(-1) : ''}`;
};
const words = (text: string) =>
  text
    .split(/(\s+|,\s*)/u)
    .map((part) => (/^[\s,]/u.test(part) ? part : word(part)))
    .join('');

function email(text: string): string {
  const at = text.lastIndexOf('@');
  const [local, host] = [text.slice(0, at), text.slice(at + 1)];
  const dot = host.lastIndexOf('.');
  return at < 0 ? word(text) : `${word(local)}@${word(dot < 0 ? host : host.slice(0, dot))}${dot < 0 ? '' : host.slice(dot)}`;
}

const phone = (text: string) => {
  const digits = text.replace(/\D/gu, '');
  return digits.length < 6 ? dots : `${dots}${digits.slice(-3)}`;
};

/**
 * A telephone number as analytics and advertising know it: its digits with the country's code, without the leading zeros of either way
 * to dial. Null where it is too short or too long to be one (ITU-T E.164).
 */
export function internationalDigits(text: string, countryCode: string): string | null {
  const trimmed = text.trim().replace(/\(0\)/g, '');
  const digits = trimmed.replace(/\D/g, '');
  const isInternational = trimmed.startsWith('+') || digits.startsWith('00');
  const bare = digits.replace(/^0+/, '');
  const whole = isInternational || !digits.startsWith('0') ? bare : `${countryCode}${bare}`;
  return /^[1-9]\d{6,14}$/.test(whole) ? whole : null;
}

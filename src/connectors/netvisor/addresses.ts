import { countryCode } from '../../core/country.ts';
import type { Address, FieldValue } from '../../core/person.ts';
import { type CardValues, cutTo, oneLine } from './elements.ts';

const lineLength = 80;

/** A street longer than a line goes on in the second one, broken at a blank: joined by a blank it reads as it was. */
function streetLines(street: string): [string, string] {
  const line = oneLine(street, 2 * lineLength);
  if (line.length <= lineLength) return [line, ''];
  const at = line.lastIndexOf(' ', lineLength);
  return at <= 0 ? [oneLine(line, lineLength), ''] : [line.slice(0, at), oneLine(line.slice(at + 1), lineLength)];
}

const isAddress = (value: FieldValue | undefined): value is Address =>
  typeof value === 'object' && !('name' in value) && !('businessId' in value);

/** All parts of an address as the card has them; what the address lacks is blanked. */
export function addressValues(value: FieldValue | undefined): CardValues {
  const address = isAddress(value) ? value : {};
  const [street, more] = streetLines(address.street ?? '');
  return {
    StreetAddress: street,
    AdditionalStreetAddress: more,
    City: cutTo('City', address.city ?? ''),
    PostNumber: cutTo('PostNumber', address.postcode ?? ''),
    Country: countryCode(address.country) ?? '',
  };
}

/** The address that these values show, in the one order of its parts; undefined for none. */
export function addressOf(values: CardValues): Address | undefined {
  const street = [values.StreetAddress, values.AdditionalStreetAddress].filter(Boolean).join(' ');
  const country = countryCode(values.Country) ?? values.Country;
  const address = {
    ...(street ? { street } : {}),
    ...(values.PostNumber ? { postcode: values.PostNumber } : {}),
    ...(values.City ? { city: values.City } : {}),
    ...(country ? { country } : {}),
  };
  // a country alone is Netvisor's default for everybody
  return street || values.PostNumber || values.City ? address : undefined;
}

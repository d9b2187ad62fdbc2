import { badRequest, invalid } from './problem.ts';

/** A merge field of an audience, as far as its values are judged. */
export interface MergeField {
  merge_id: number;
  tag: string;
  name: string;
  type: 'text' | 'number' | 'address' | 'phone' | 'date' | 'birthday' | 'zip' | 'url' | 'imageurl' | 'radio' | 'dropdown';
  required: boolean;
  choices?: string[];
}

export const defaultMergeFields = (): MergeField[] => [
  { merge_id: 1, tag: 'FNAME', name: 'First Name', type: 'text', required: false },
  { merge_id: 2, tag: 'LNAME', name: 'Last Name', type: 'text', required: false },
  { merge_id: 3, tag: 'ADDRESS', name: 'Address', type: 'address', required: false },
  { merge_id: 4, tag: 'PHONE', name: 'Phone Number', type: 'phone', required: false },
];

/** The values after a write: what is not named keeps its value, what is unknown is ignored without a word. */
export function mergeInto(
  fields: readonly MergeField[],
  current: Record<string, unknown>,
  given: unknown,
  skipRequired: boolean,
): Record<string, unknown> {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given)))
    throw schemaMismatch('merge_fields', 'object', given);
  const merged = { ...current };
  const errors: { field: string; message: string }[] = [];
  for (const field of fields) {
    const [, value] = Object.entries(given ?? {}).find(([tag]) => tag === field.tag) ?? [];
    if (value !== undefined) {
      if (value === null || typeof value === 'boolean') throw schemaMismatch(`merge_fields.${field.tag}`, 'string', value);
      const judged = judge(field, value);
      if ('message' in judged) errors.push({ field: field.tag, message: judged.message });
      else merged[field.tag] = judged.value;
    }
    merged[field.tag] ??= '';
    if (field.required && merged[field.tag] === '' && !skipRequired)
      errors.push({ field: field.tag, message: 'Please enter a value' });
  }
  if (errors.length > 0) throw invalid('Your merge fields were invalid.', errors);
  return merged;
}

const schemaMismatch = (field: string, wanted: string, found: unknown) =>
  invalid('The resource submitted could not be validated. For field-specific details, see the ‘errors’ array.', [
    {
      field,
      message: `Schema describes ${wanted}, ${found === null ? 'NULL' : Array.isArray(found) ? 'array' : typeof found} found instead`,
    },
  ]);

type Judged = { value: unknown } | { message: string };

function judge(field: MergeField, value: unknown): Judged {
  if (value === '') return { value };
  if (field.type === 'address') return address(value);
  if (typeof value !== 'string' && typeof value !== 'number') return { message: 'Please enter a value' };
  const text = String(value);
  switch (field.type) {
    case 'number':
      return text.trim() === '' || Number.isNaN(Number(text)) ? { message: 'Please enter a number' } : { value: Number(text) };
    case 'date': {
      const date = isoDate(text);
      return date ? { value: date } : { message: 'Please enter the date' };
    }
    case 'birthday':
      return /^(0[1-9]|1[0-2])\/(0[1-9]|[12]\d|3[01])$/.test(text)
        ? { value: text }
        : { message: 'Please enter a month (01-12) and a day (01-31)' };
    case 'zip':
      return /^\d{5}$/.test(text) ? { value: text } : { message: 'Please enter a zip code (5 digits)' };
    case 'url':
    case 'imageurl':
      return URL.canParse(text) ? { value: text } : { message: 'Please enter a valid URL' };
    case 'radio':
    case 'dropdown':
      return field.choices && !field.choices.includes(text) ? { message: 'Please choose one of the options' } : { value: text };
    default:
      return { value: cutBytes(text, 255) };
  }
}

function address(value: unknown): Judged {
  const incomplete = { message: 'Please enter a complete address' };
  if (typeof value !== 'object' || value === null) return incomplete;
  const given = new Map(Object.entries(value));
  const text = (name: string) => String(given.get(name) ?? '');
  if (['addr1', 'city', 'state', 'zip'].some((name) => text(name) === '')) return incomplete;
  return {
    value: {
      addr1: text('addr1'),
      addr2: text('addr2'),
      city: text('city'),
      state: text('state'),
      zip: text('zip'),
      country: text('country') || 'US',
    },
  };
}

/** The four forms that are taken; answered as `YYYY-MM-DD`. */
function isoDate(text: string): string | undefined {
  const iso = /^(\d{4})[-/](\d{2})[-/](\d{2})$/.exec(text);
  const european = /^(\d{2})-(\d{2})-(\d{4})$/.exec(text);
  const american = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(text);
  const [year, month, day] = iso
    ? iso.slice(1)
    : european
      ? european.slice(1).reverse()
      : american
        ? [american[3], american[1], american[2]]
        : [];
  const date = `${year}-${month}-${day}`;
  return year && !Number.isNaN(Date.parse(date)) ? date : undefined;
}

function cutBytes(text: string, most: number): string {
  let end = Buffer.from(text).subarray(0, most).toString('utf8');
  if (Buffer.byteLength(text) > most) end = end.replace(/\ufffd$/, '');
  return end;
}

/** A new merge field by API. */
export function mergeFieldFrom(fields: readonly MergeField[], given: Record<string, unknown>): MergeField {
  const [name, type] = [given['name'], given['type']];
  if (typeof name !== 'string' || typeof type !== 'string') throw invalid('A merge field needs a name and a type.');
  const tag = typeof given['tag'] === 'string' && given['tag'] ? given['tag'].toUpperCase() : `MMERGE${fields.length + 1}`;
  if (fields.some((f) => f.tag === tag)) throw badRequest(`A Merge Field with the tag "${tag}" already exists for this list.`);
  return { merge_id: fields.length + 1, tag, name, type: type as MergeField['type'], required: given['required'] === true };
}

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { Customer } from '../connectors/insightly/sandbox-handles.ts';

/** What of a system's settings a demonstration's export is made by. */
const Declared = z.object({
  delimiter: z.string().default(';'),
  key: z.string(),
  map: z.record(z.string(), z.string()),
});

const valuesOf = (person: Customer): Record<string, string> => ({
  name: `${person.givenName} ${person.familyName}`,
  givenName: person.givenName,
  familyName: person.familyName,
  email: person.email,
  phone: person.phone ?? '',
  customerNumber: person.customerNumber ?? '',
  'address.street': person.street ?? '',
  // where the sandbox of the register has everybody live
  'address.postcode': person.street ? '15110' : '',
  'address.city': person.street ? 'Lahti' : '',
});

/** Whom such a system holds: the customers. */
export const heldThere = (people: readonly Customer[]): Customer[] => people.filter(({ customer }) => customer);

/** The text of an export of these people, as whoever downloads it gets it. */
export function exportOf(people: readonly Customer[], settings: Record<string, unknown>): string {
  const { delimiter, key, map } = Declared.parse(settings);
  const columns = [...new Set([key, ...Object.values(map)])];
  const fieldOf = Object.fromEntries(Object.entries(map).map(([field, column]) => [column, field]));
  const line = (cells: readonly string[]) => `${cells.join(delimiter)}\r\n`;
  const rows = people.map((person) =>
    columns.map((column) => {
      const field = fieldOf[column];
      return field === undefined ? `X-${person.id}` : (valuesOf(person)[field] ?? '');
    }),
  );
  return [columns, ...rows].map(line).join('');
}

/** The folder of a system of files, with the first export that somebody dropped there. */
export async function stageExports(people: readonly Customer[], settings: Record<string, unknown>, folder: string) {
  await mkdir(folder, { recursive: true });
  const { names } = settings['export'] as { names: string };
  await writeFile(join(folder, names.replace('*', '-1')), exportOf(heldThere(people), settings));
  return { address: pathToFileURL(folder).href, credentials: {}, fast: { settleSeconds: 1 } };
}

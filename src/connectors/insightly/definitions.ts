import { z } from 'zod';
import { Failure } from '../../core/failure.ts';
import type { Call } from '../http.ts';
import { type Client, mustBe } from './client.ts';
import { type KindName, kinds } from './objects.ts';

/** A custom field as the account defines it. Fields are made in the product alone, never by API (vendor documentation). */
export interface Definition {
  name: string;
  /** TEXT, MULTILINETEXT, NUMERIC, PERCENT, BIT, DROPDOWN, MULTISELECT, DATE, DATETIME, AUTONUMBER (recorded traffic, 2025). */
  type: string;
  isEditable: boolean;
  options: readonly string[];
}

const Item = z.object({
  FIELD_NAME: z.string(),
  FIELD_FOR: z.string().nullish(),
  FIELD_TYPE: z.string().nullish(),
  EDITABLE: z.boolean().nullish(),
  CUSTOM_FIELD_OPTIONS: z.array(z.object({ OPTION_VALUE: z.string().nullish() })).nullish(),
});

/** Asked for a kind that it does not know, Insightly lists the fields of all kinds (third-party report): `FIELD_FOR` decides. */
export async function readDefinitions(client: Client, kind: KindName, call: Call): Promise<Definition[]> {
  const { fieldFor } = kinds[kind];
  const { status, body } = await client.probe(`CustomFields/${fieldFor}`, call);
  if (status < 200 || status >= 300) throw new Failure('RIGHT_MISSING', { status });
  return mustBe(z.array(Item), body).flatMap((item) =>
    item.FIELD_FOR?.toUpperCase() === fieldFor
      ? {
          name: item.FIELD_NAME,
          type: item.FIELD_TYPE?.toUpperCase() ?? '',
          isEditable: item.EDITABLE !== false,
          options: (item.CUSTOM_FIELD_OPTIONS ?? []).flatMap((option) => option.OPTION_VALUE ?? []),
        }
      : [],
  );
}

export type Definitions = (kind: KindName, call: Call) => Promise<readonly Definition[]>;

/** An administrator changes a field's definition seldom. */
const keptForMs = 10 * 60_000;

/** The definitions, asked for seldom; none where the key may not read them: then a value goes as it is configured. */
export function definitionsOf(client: Client): Definitions {
  const known = new Map<KindName, { found: readonly Definition[]; until: number }>();
  return async (kind, call) => {
    const kept = known.get(kind);
    if (kept && performance.now() < kept.until) return kept.found;
    let found: readonly Definition[] = [];
    try {
      found = await readDefinitions(client, kind, call);
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'RIGHT_MISSING')) throw error;
    }
    known.set(kind, { found, until: performance.now() + keptForMs });
    return found;
  };
}

import type { RegisterRecord } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { inTransaction } from '../store/database.ts';
import { registerHash, registerRecord } from '../store/subjects.ts';
import { cursorOf, polled, saveCursor } from '../store/systems.ts';
import { type Needs, registerOf } from './needs.ts';
import { type TakenIn, takeIn } from './take-in.ts';

/**
 * Reads what changed in a register since the saved cursor. Each page and its cursor are one transaction: a kill in between resumes
 * at that page, and a page read twice is an echo.
 */
export async function pollRegister(needs: Needs, system: string): Promise<Record<TakenIn, number>> {
  const { register } = registerOf(needs, system);
  const counts: Record<TakenIn, number> = { same: 0, created: 0, changed: 0, held: 0, erasing: 0 };
  for (const object of register.objects) {
    const cursor = await cursorOf(needs.db, system, object);
    for await (const page of register.changes(object, cursor, freeCall)) {
      const first = await tiedTo(needs, system, page.records);
      await inTransaction(needs.db, async () => {
        for (const record of [...first, ...page.records]) counts[await takeIn(needs, system, record)]++;
        await saveCursor(needs.db, system, object, page.cursor);
      });
    }
  }
  await polled(needs.db, system);
  return counts;
}

/** The rows that converted ones became, where we have not seen them yet: the person is known by those. */
async function tiedTo(needs: Needs, system: string, records: readonly RegisterRecord[]): Promise<RegisterRecord[]> {
  const { register } = registerOf(needs, system);
  const found: RegisterRecord[] = [];
  for (const { sameAs } of records) {
    if (
      !sameAs ||
      (await registerRecord(needs.db, system, sameAs.place, registerHash(needs.vault, system, sameAs.place, sameAs.id)))
    )
      continue;
    const look = await register.look(sameAs, freeCall);
    if (look.kind === 'found') found.push(look.record);
  }
  return found;
}

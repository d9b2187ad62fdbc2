import { inTransaction } from '../store/database.ts';
import { cursorOf, saveCursor } from '../store/systems.ts';
import { type Needs, tell } from './needs.ts';

/** At a start: a key that this ledger has not seen as current is an entry of the log. Answers how many were new. */
export async function noteKeys(needs: Needs): Promise<number> {
  const { kek, signing, mlDsa } = needs.vault.keys;
  const current = { kek: kek.current.id, signing: signing.id, ...(mlDsa ? { 'ml-dsa': mlDsa.id } : {}) };
  return inTransaction(needs.db, async () => {
    let fresh = 0;
    const isFirst = (await cursorOf(needs.db, 'kaiku', 'key:signing')) === null;
    for (const [kind, id] of Object.entries(current)) {
      if ((await cursorOf(needs.db, 'kaiku', `key:${kind}`)) === id) continue;
      await saveCursor(needs.db, 'kaiku', `key:${kind}`, id);
      if (isFirst) continue;
      // a letter before the digits: twelve of them in a row would look like a telephone
      await tell(needs, { actor: 'kaiku', action: 'key.rotated', code: kind, to: id.replaceAll('-', '') });
      fresh++;
    }
    return fresh;
  });
}

import { type Day, later } from '../core/day.ts';
import type { Retained } from '../core/duty.ts';
import { cautiousDay, review } from '../core/retention.ts';
import { fiPack } from '../core/retention-fi.ts';
import { yearsOf } from '../core/retention-policy.ts';
import type { RetentionPack } from '../core/retention-rule.ts';
import { keepEnvelopes } from '../store/cases.ts';
import { inTransaction } from '../store/database.ts';
import { raise } from '../store/duties.ts';
import { hold } from '../store/held.ts';
import { parkedAfter, type Recounted, recount } from '../store/retention.ts';
import { lockSubject } from '../store/subjects.ts';
import { envelopeEnd } from './erasure.ts';
import { dayOf, type Needs, now, tell, whose } from './needs.ts';

/**
 * Counts every parked row again under the pack and the financial years in force, at each start and each day. Another day is recorded,
 * shown, and takes effect as `cautiousDay` says; where the rule is no more, the day stays and a person is asked.
 */
export async function reviewParked(needs: Needs, pack: RetentionPack = fiPack): Promise<{ read: number; moved: number }> {
  const counts = { read: 0, moved: 0 };
  for (let after = nobody; ; ) {
    const slice = await parkedAfter(needs.db, after, batch);
    for (const row of slice) {
      counts.read++;
      if (await recountOne(needs, row, pack)) counts.moved++;
    }
    const last = slice.at(-1);
    if (!last || slice.length < batch) return counts;
    after = last.id;
  }
}

const [batch, nobody] = [500, '00000000-0000-0000-0000-000000000000'];

async function recountOne(needs: Needs, row: Recounted, pack: RetentionPack): Promise<boolean> {
  const at = await now(needs);
  const event = needs.vault.unsealJson<Day>(`event:${row.id}`, row.sealed_event);
  const { retained, gone } = counted(row.retained, event, { pack, today: dayOf(at), years: yearsOf(needs.config) });
  if (gone) await askAboutRule(needs, row, gone);
  const isMoved = retained.until !== row.retained.until || partsOf(retained) !== partsOf(row.retained);
  if (!isMoved && row.retained_pack === pack.version) return false;
  const moved = { from: row.retained.until, to: retained.until, pack: pack.version, at: at.toISOString() };
  await inTransaction(needs.db, async () => {
    const subject = await lockSubject(needs.db, row.subject);
    if (!subject || (await recount(needs.db, row.id, pack.version, isMoved ? { retained, moved } : null)) === 0 || !isMoved)
      return;
    await tell(needs, {
      actor: 'kaiku',
      action: 'parked.moved',
      system: row.recipient,
      subject: whose(subject),
      from: moved.from,
      to: moved.to,
      code: `pack-${pack.version}`,
    });
    await keepEnvelopes(needs.db, row.subject, envelopeEnd(moved.to));
    // the duty reads its new day from the row
    await raise(needs.db, { subject: row.subject, recipients: [row.recipient], lane: 'resync', newId: needs.newId });
  });
  return isMoved;
}

const partsOf = ({ parts = [] }: Retained) => JSON.stringify(parts.map(({ rule, until }) => [rule, until]));

/** The same parts under the pack in force, each with the day that takes effect; `gone`: a rule that the pack has no more. */
function counted(
  retained: Retained,
  event: Day,
  by: { pack: RetentionPack; today: Day; years: ReturnType<typeof yearsOf> },
): { retained: Retained; gone: string | null } {
  let gone: string | null = null;
  const parts = (retained.parts ?? []).map((part) => {
    if (part.rule === undefined) return part;
    const said = review({ rule: part.rule, event, until: part.until }, by.years, by.pack);
    if (said.kind === 'rule-gone') gone = part.rule;
    return said.kind === 'moved'
      ? { ...part, until: cautiousDay(part.until, said.until, by.today), pack: said.pack }
      : said.kind === 'same'
        ? { ...part, pack: by.pack.version }
        : part;
  });
  const days = parts.map((part) => part.until);
  const until = days.length > 0 ? days.reduce(later) : retained.until;
  return { retained: { ...retained, until, parts }, gone };
}

/** No rule of that name any more: the day that was counted stays, and a person says what becomes of it. */
async function askAboutRule(needs: Needs, row: Recounted, rule: string): Promise<void> {
  const opened = await hold(needs.db, {
    id: needs.newId(),
    kind: 'parked-rule',
    system: row.recipient,
    subject: row.subject,
    reason: 'rule-gone',
    details: { rule, until: row.retained.until },
  });
  if (opened)
    await tell(needs, { actor: 'kaiku', action: 'hold.opened', system: row.recipient, reason: 'parked-rule', code: rule });
}

import type { RemoteRef } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { Failure } from '../core/failure.ts';
import { changed, fingerprints } from '../core/fingerprint.ts';
import { normalise } from '../core/identifier.ts';
import { type FieldName, type Fields, type FieldValue, fieldsOf } from '../core/person.ts';
import { allow, rectifiable } from '../core/policy.ts';
import { type CaseRow, noteCorrected, noteHindered } from '../store/cases.ts';
import { inTransaction } from '../store/database.ts';
import { raise } from '../store/duties.ts';
import { registerRecords, registerRef, subjectById } from '../store/subjects.ts';
import { takeTurn } from '../store/systems.ts';
import { type Request, requestOf } from './case-rights.ts';
import { type Needs, now, registerOf, tell, whose } from './needs.ts';
import { declaredFields, takeIn } from './take-in.ts';

/** One try in so long, over all processes, in ms. */
const paceMs = 15_000;

/**
 * An approved correction goes to the register first: its row is read, written only where it is not right yet, and read back; what it
 * then shows is taken in like any change of the register and so reaches every recipient. A lost answer is followed by a read, never
 * by a second write. True: the register shows the correction.
 */
export async function correctRegister(needs: Needs, found: CaseRow): Promise<boolean> {
  if (found.type !== 'rectification' || found.state !== 'running' || found.corrected_version !== null) return true;
  const subject = await subjectById(needs.db, found.subject);
  if (!subject || !(await takeTurn(needs.db, subject.register, `correct:${found.id}`, paceMs))) return false;
  try {
    const code = await correct(needs, found, subject.register, subject.role);
    if (code !== null) await noteHindered(needs.db, found.id, { code, at: (await now(needs)).toISOString() });
    return code === null;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    await noteHindered(needs.db, found.id, { code: error.code, at: (await now(needs)).toISOString() });
    return false;
  }
}

/** A code of what stands in the way, or null: done. */
async function correct(needs: Needs, found: CaseRow, system: string, role: string): Promise<string | null> {
  const { register, recipient } = registerOf(needs, system);
  const request = requestOf(needs, found);
  const rows = (await registerRecords(needs.db, found.subject)).filter((r) => r.state === 'present' && !r.secondary);
  if (rows.length === 0) return 'register-row-missing';
  for (const row of rows) {
    const ref = registerRef<RemoteRef>(needs.vault, row);
    if (!ref) return 'register-row-missing';
    let look = await register.look(ref, freeCall);
    if (look.kind !== 'found') return 'register-row-missing';
    if (!shows(needs, found.subject, fieldsOf(look.record.person), request)) {
      if (!recipient) return 'register-not-writable';
      const grant = rectifiable(Object.values(needs.config.purposes), role);
      const blanked = (request.blanked ?? []).filter((name) => grant.fields.includes(name));
      const said = await recipient.rectify(ref, allow(request.fields ?? {}, grant), blanked, freeCall);
      if (said.kind === 'refused') return 'register-refuses';
      if (said.kind !== 'accepted') return 'register-row-missing';
      look = await register.look(ref, freeCall);
      if (look.kind !== 'found') return 'register-row-missing';
      if (!shows(needs, found.subject, fieldsOf(look.record.person), request)) return 'register-shows-otherwise';
    }
    await takeIn(needs, system, look.record);
  }
  await inTransaction(needs.db, async () => {
    const subject = await subjectById(needs.db, found.subject);
    await noteCorrected(needs.db, found.id, subject?.version ?? 0);
    // from here on the field's own master may be written too
    const masters = Object.keys(needs.config.systems).filter((name) => needs.config.systems[name]?.recipient?.masterOf);
    if (masters.length > 0)
      await raise(needs.db, { subject: found.subject, recipients: masters, lane: 'correction', newId: needs.newId });
    if (subject) await tell(needs, { actor: 'kaiku', action: 'case.corrected', subject: whose(subject), case: found.id, system });
  });
  return null;
}

/** Whether a row reads as the person asked, compared as fingerprints are: another spelling of one number is no difference. */
function shows(needs: Needs, subject: string, row: Fields, { fields = {}, blanked = [] }: Request): boolean {
  const asked = Object.keys(fields) as FieldName[];
  const of = (values: Fields) =>
    fingerprints(needs.vault.keys.hmac.current, subject, spelled(declaredFields(needs, only(values, asked))));
  return changed(of(fields), of(row)).length === 0 && blanked.every((name) => row[name] === undefined);
}

/** Whether two values of one field are the same, in their one spelling. */
export function sameValue(
  needs: Needs,
  subject: string,
  name: FieldName,
  a: FieldValue | undefined,
  b: FieldValue | undefined,
): boolean {
  const of = (value: FieldValue | undefined) =>
    fingerprints(needs.vault.keys.hmac.current, subject, spelled(value === undefined ? {} : ({ [name]: value } as Fields)))[name];
  return of(a) === of(b);
}

/** Numbers and addresses in their one spelling. */
const spelled = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const kind = name === 'email' ? 'email' : name === 'phone' || name === 'mobile' ? 'phone' : null;
      return [name, kind && typeof value === 'string' ? (normalise(kind, value) ?? value) : value];
    }),
  ) as Fields;

const only = (fields: Fields, names: readonly FieldName[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name as FieldName))) as Fields;

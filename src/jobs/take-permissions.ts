import type { RegisterRecord } from '../connectors/connector.ts';
import { observeRegister } from '../core/permission.ts';
import { permissionsOf, putPermission, type SubjectRow } from '../store/subjects.ts';
import { type Needs, now, registerOf, tell, whose } from './needs.ts';

/** What the register says about permissions now, against what was ever said anywhere. */
export async function takePermissions(
  needs: Needs,
  system: string,
  subject: SubjectRow,
  record: RegisterRecord,
): Promise<false | 'refused' | 'moved'> {
  const known = new Map((await permissionsOf(needs.db, subject.id)).map((p) => [p.name, p]));
  let moved: false | 'refused' | 'moved' = false;
  for (const name of Object.keys(registerOf(needs, system).options.permissions)) {
    const before = known.get(name);
    const after = observeRegister(before?.state, {
      granted: record.granted[name] ?? false,
      refused: record.refused[name] ?? false,
      seenAt: await now(needs),
    });
    const refusedWritten = record.refused[name] === true;
    if (before && JSON.stringify(before.state) === JSON.stringify(after) && before.refused_written === refusedWritten) continue;
    await putPermission(needs.db, subject.id, name, after, refusedWritten);
    if (before && before.state.refused === after.refused && before.state.granted === after.granted) continue;
    if (before && after.refused && !before.state.refused) moved = 'refused';
    else if (before && moved === false) moved = before.state.granted && !after.granted ? 'refused' : 'moved';
    if (before) {
      const action = after.refused || !after.granted ? ('permission.refused' as const) : ('permission.granted' as const);
      await tell(needs, {
        actor: 'kaiku',
        action,
        system,
        subject: whose(subject),
        reason: name,
      });
    }
  }
  return moved;
}

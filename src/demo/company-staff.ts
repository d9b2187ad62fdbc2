import { addDays, dayIn } from '../core/day.ts';
import type { DutyView } from '../core/duty.ts';
import { cautious } from '../core/legal-clock.ts';
import { retentionRules } from '../core/retention.ts';
import type { StagedCompany } from './company.ts';
import { isAsked, type Part, type Staff, servedOf } from './company-faults.ts';
import { type AskedTask, askedOf, keptBy } from './company-people.ts';
import { called, type Scene, show, showAsked } from './company-scene.ts';
import { duties, until } from './hub-api.ts';
import { cast, dayOfEnd, endOn } from './staff.ts';

type Personnel = NonNullable<StagedCompany['staff']>;

/** What HR leaves out of a row of which pay records alone are kept. */
const notOfPay = { email: '', phone: '', jobTitle: '', language: '' };

/** Three of the staff: one whose employment has just ended, one of whom pay records are kept, and one of whom nothing is. */
export async function staffScenes(scene: Scene, personnel: Personnel): Promise<Staff> {
  const { print, say } = scene;
  print('\nThe staff, whose register is Mepco: an employment ends');
  const leaver = await kinGoes(scene, personnel);
  print('\nHR opens the erasure of two former employees: pay records must be kept of one, nothing of the other');
  const gone = await erased(scene, personnel);
  if (!scene.once) say('nobody of HR or the bureau has answered: silence closes nothing. Staff exist for HR alone: look as hr');
  return { system: personnel.system, ...leaver, ...gone };
}

const subjectOf = ({ api }: Scene, email = '') =>
  until('somebody of the staff', async () => {
    const [found] = await api.get<{ id: string }[]>(`/subjects?email=${encodeURIComponent(email)}`);
    return found?.id;
  });

const dutyOf = (
  scene: Scene,
  subject: string,
  system: string,
  what: string,
  isIt: (duty: DutyView) => boolean,
): Promise<DutyView> =>
  until(what, async () => {
    const duty = (await duties(scene.api, subject))[system];
    return duty && isIt(duty) ? duty : undefined;
  });

/** The employment ended yesterday: HR is asked to take out what no law keeps, and the next export shows that they did. */
async function kinGoes(scene: Scene, { system, files }: Personnel): Promise<Pick<Staff, 'leaver' | 'takeOut' | 'told'>> {
  const { api, say, once } = scene;
  const row = files.rows.get(cast.leaver) ?? {};
  const subject = await subjectOf(scene, row['email']);
  files.change(cast.leaver, endOn(addDays(dayIn(new Date(), cautious.zone), -1)));
  await files.export();
  say(`Mepco's next export says that the employment of ${row['name']} ended yesterday`);
  const [task] = await askedOf(api, subject, 'update', [system]);
  if (!task) throw new Error('nobody was asked');
  const asked = await api.get<{ takeOut?: string[]; instructions: string; ownInstructions?: string }>(`/tasks/${task.id}`);
  const { takeOut = [], instructions, ownInstructions: told = null } = asked;
  say(`HR is asked: ${instructions}`);
  await showAsked(scene, task);
  const part = async (): Promise<Part> => ({ [system]: await dutyOf(scene, subject, system, 'HR to be asked', () => true) });
  if (!once) {
    const leaver = await part();
    show(scene, [system], leaver);
    return { leaver, takeOut, told };
  }
  await api.post(`/tasks/${task.id}/answer`, { outcome: 'updated' });
  const said = await dutyOf(scene, subject, system, 'the answer to be taken', ({ state }) => state === 'waiting');
  show(scene, [system], { [system]: said });
  files.change(cast.leaver, Object.fromEntries(takeOut.map((field) => [field, ''])));
  await files.export();
  await dutyOf(scene, subject, system, 'the export that shows it', ({ state }) => state === 'settled');
  const leaver = await part();
  say('the next whole export shows the rest of the row, and these fields no more:');
  show(scene, [system], leaver);
  return { leaver, takeOut, told };
}

/** Erasures that people do: what a law keeps they say with its day; what goes, the next whole export proves. */
async function erased(scene: Scene, personnel: Personnel): Promise<Pick<Staff, 'former' | 'longGone'>> {
  const { config, say, once } = scene;
  const { system, files } = personnel;
  const role = config.systems[system]?.register?.for ?? '';
  const people = servedOf(config, role).filter((name) => isAsked(config, name));
  say(`approved; asked are ${people.map((name) => called(config, name)).join(' and ')}`);
  const former = await erasureOf(scene, personnel, cast.former);
  const longGone = await erasureOf(scene, personnel, cast.longGone);
  const of = (one: Erasing, isDone: (duty: DutyView) => boolean) =>
    until('every system to be told', async () => {
      const all = await duties(scene.api, one.subject);
      return people.every((name) => all[name] && isDone(all[name])) ? all : undefined;
    });
  const tell = (one: Erasing, part: Part) => {
    say(`${one.name}, whose employment ended ${one.ended}:`);
    show(scene, people, part);
    return part;
  };
  const asked = [
    await askedOf(scene.api, former.subject, 'erase', people),
    await askedOf(scene.api, longGone.subject, 'erase', people),
  ];
  if (!once) {
    const isOpen = ({ state }: DutyView) => state === 'asked';
    return { former: tell(former, await of(former, isOpen)), longGone: tell(longGone, await of(longGone, isOpen)) };
  }
  await answered(scene, asked[0] ?? [], former.ended);
  await answered(scene, asked[1] ?? [], longGone.ended);
  tell(longGone, await of(longGone, ({ state }) => state !== 'asked'));
  files.change(cast.former, notOfPay);
  files.rows.delete(cast.longGone);
  await files.export();
  say("Mepco's next whole export has of one what pay needs, and of the other no row:");
  // by the time that one export proves the one erasure, it was taken in of the other as well: nobody is asked again for what is kept
  const proven = await of(longGone, ({ state }) => state === 'settled');
  return { former: tell(former, await of(former, () => true)), longGone: tell(longGone, proven) };
}

interface Erasing {
  subject: string;
  name: string;
  ended: string;
}

async function erasureOf(scene: Scene, { files }: Personnel, number: string): Promise<Erasing> {
  const row = files.rows.get(number) ?? {};
  const subject = await subjectOf(scene, row['email']);
  const ask = { type: 'erasure', subject, receivedAt: new Date().toISOString(), channel: 'cli' };
  const { id } = await scene.api.post<{ id: string }>('/cases', ask);
  await scene.api.post(`/cases/${id}/approve`, {});
  return { subject, name: row['name'] ?? '', ended: dayOfEnd(row) };
}

/** The people answer as the law is: kept while its time runs, with the fields, the law and the day; else erased. */
async function answered({ api, config }: Scene, tasks: readonly AskedTask[], ended: string): Promise<void> {
  const today = dayIn(new Date(), cautious.zone);
  for (const { id, system } of tasks) {
    const rules = config.systems[system]?.recipient?.retention ?? [];
    const law = keptBy(system, rules, config.controller.financialYearEnd ?? '12-31', ended);
    const runs = law !== null && law.until >= today;
    const fields = payFields(config.systems[system]?.recipient?.purposes ?? [], rules, config);
    await api.post(`/tasks/${id}/answer`, runs ? { outcome: 'retained', ...law, fields } : { outcome: 'erased' });
  }
}

/** What of the fields that a system is given its first rule keeps. */
function payFields(purposes: readonly string[], [rule = '']: readonly string[], { purposes: all }: Scene['config']): string[] {
  const kept: readonly string[] = retentionRules[rule]?.scope.fields ?? [];
  const given = purposes.flatMap((name): readonly string[] => all[name]?.fields ?? []);
  return [...new Set(given)].filter((field) => kept.includes(field));
}

import type { StagedCompany } from './company.ts';
import type { Edit } from './company-faults.ts';
import type { Scene } from './company-scene.ts';
import { until } from './hub-api.ts';

interface CaseView {
  id: string;
  type: string;
  state: string;
  subject: string;
  hindered?: { code: string };
}

/**
 * A customer edits the address in the panel, which is master of it. Answers, once people were told to carry it into the register, how to
 * look what came of it.
 */
export async function editInPanel(
  { api, say }: Scene,
  { system, sandbox, hook, secret }: NonNullable<StagedCompany['panel']>,
  who: { subject: string; from: string; to: string; hub: string },
): Promise<() => Promise<Edit>> {
  const contact = sandbox.contacts().find(({ email }) => email === who.from);
  if (!contact) throw new Error('the panel lacks the customer of the story');
  sandbox.hook({ url: who.hub + hook, secrets: [secret] });
  sandbox.edit(contact.id, { email: who.to });
  const mine = async () => (await api.get<CaseView[]>('/cases')).filter(({ subject }) => subject === who.subject);
  const { id, hindered } = await until('the edit to wait for people', async () => (await mine()).find((one) => one.hindered));
  say(
    `the panel's signed webhook told of it, and the panel is master of the address: case ${id.slice(0, 8)} carries it to the register`,
  );
  say(
    `the register takes no corrections by its interface (${hindered?.code}): people are told, and nothing else has changed yet`,
  );
  return async () => {
    const { state } = await until('the case of the edit to close', async () =>
      (await mine()).find((one) => one.id === id && one.state !== 'running'),
    );
    const echoes = sandbox.bodies.filter((body) => body.includes(who.to)).length;
    say(`the register shows the address: its case is ${state}, and it was written back to the panel ${echoes} times`);
    const cases = (await mine()).length;
    return { system, fields: ['email'], hindered: hindered?.code ?? '', state, cases, echoes };
  };
}

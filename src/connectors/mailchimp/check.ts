import { z } from 'zod';
import { Failure } from '../../core/failure.ts';
import type { RightProbe } from '../connector.ts';
import type { Answer, Call } from '../http.ts';
import type { MailchimpClient } from './client.ts';
import { hashOf, markedAddress } from './mapping.ts';
import { isRefusal, type Members, parse } from './members.ts';
import { type Slot, slotsOf } from './merge.ts';
import type { Form, MailchimpSettings } from './settings.ts';
import { togglesOf } from './toggles.ts';

export interface CheckNeeds {
  client: MailchimpClient;
  members: Members;
  settings: MailchimpSettings;
  baseUrl: string;
  apiKey: string;
  /** A random word of 32 hex digits, so that no marked address is used twice, and none is anybody's. */
  mark(): string;
}

const Ping = z.looseObject({ health_status: z.string() });
const Audience = z.looseObject({ id: z.string(), double_optin: z.boolean().optional() });
const MergeField = z.looseObject({ tag: z.string(), type: z.string(), required: z.boolean().optional() });
const MergeFields = z.looseObject({ merge_fields: z.array(MergeField) });

/**
 * Probes by reading what Kaiku will need, and says what to change where. Throws only where nothing can be said about a right: the
 * account was not reached, or asked us to slow down.
 */
export async function checkRights(needs: CheckNeeds, call: Call, writeTest: boolean): Promise<RightProbe[]> {
  const { client, settings } = needs;
  const probes = [
    await probe('account', async () => hostProblem(needs) ?? said(Ping, await client.ask(call, ({ ping }) => ping.get()))),
  ];
  if (probes[0]?.ok !== true) return probes;
  for (const audience of settings.audiences) {
    const there = await probe(`audience ${audience}`, async () =>
      audienceProblem(
        audience,
        await client.ask(call, ({ lists }) => lists.getList(audience, { fields: ['id', 'double_optin'] })),
      ),
    );
    probes.push(there);
    if (there.ok !== true) continue;
    probes.push(await mergeFieldsProbe(needs, audience, call), ...(await interestsProbe(needs, audience, call)));
  }
  return [...probes, await writeRight(needs, call, writeTest)];
}

async function probe(right: string, work: () => Promise<string | undefined>): Promise<RightProbe> {
  try {
    const problem = await work();
    return problem === undefined ? { right, ok: true } : { right, ok: false, problem };
  } catch (error) {
    return { right, ok: false, problem: problemOf(error) };
  }
}

const said = (schema: z.ZodType, answer: Answer): undefined => void parse(schema, answer);

/** The key ends in its data centre; at another one it is unknown. */
function hostProblem({ apiKey, baseUrl }: CheckNeeds): string | undefined {
  const own = /-([a-z]+\d+)$/.exec(apiKey)?.[1];
  const called = /^([a-z]+\d+)\.api\.mailchimp\.com$/.exec(new URL(baseUrl).hostname)?.[1];
  return own && called && own !== called
    ? `the key belongs to data centre ${own}, but baseUrl names ${called}: use https://${own}.api.mailchimp.com/3.0`
    : undefined;
}

function audienceProblem(audience: string, answer: Answer): string | undefined {
  if (answer.status === 404)
    return `the account has no audience ${audience}: correct settings.audiences (the id stands in Mailchimp under the audience's settings)`;
  parse(Audience, answer);
  return undefined;
}

/** What fits a type whose values have a form of their own; other types take texts. */
const wanted: Record<string, { as: readonly Form[]; advice: string }> = {
  address: {
    as: ['address'],
    advice: 'demands a state, which a Finnish address lacks: map a text field instead, or say as: address and a state for all',
  },
  birthday: {
    as: ['birthday'],
    advice: 'takes a month and a day without the year: say as: birthday, or map a date field instead',
  },
  zip: { as: ['zip'], advice: 'takes five digits: say as: zip, or map a text field instead' },
  number: { as: ['number'], advice: 'takes numbers only: say as: number, or map a text field instead' },
  date: { as: ['date', 'text'], advice: 'takes a day: say as: date' },
};

function doubtOf({ tag, as, state }: Slot, type: string): string | undefined {
  const fit = wanted[type];
  if (fit && !fit.as.includes(as)) return `${tag}: a field of type ${type} ${fit.advice}`;
  if (as === 'address' && type === 'address' && state === '')
    return `${tag}: only members that have a state can be given an address: set a state for the others`;
  if (!fit && as !== 'text' && as !== 'date')
    return `${tag}: as: ${as} is for fields of that type, and this one is of type ${type}`;
  return undefined;
}

/** A tag that is not there fails the check; a field that only some writes stumble over is told, and stops nothing else. */
async function mergeFieldsProbe({ client, settings }: CheckNeeds, audience: string, call: Call): Promise<RightProbe> {
  const right = `merge-fields ${audience}`;
  const slots = slotsOf(settings);
  const doubts: string[] = [];
  const found = await probe(right, async () => {
    const fields = ['merge_fields.tag', 'merge_fields.type', 'merge_fields.required'];
    const { merge_fields: there } = parse(
      MergeFields,
      await client.ask(call, ({ lists }) => lists.getListMergeFields(audience, { count: 1000, fields })),
    );
    for (const { tag, type, required } of there) {
      const slot = slots.find((one) => one.tag === tag);
      const doubt = slot && doubtOf(slot, type);
      if (doubt) doubts.push(doubt);
      if (required && !slot)
        doubts.push(`${tag} is required but not mapped, so nobody new can be added: make it optional in Mailchimp or map it`);
    }
    // Mailchimp ignores an unknown tag without a word
    const missing = slots.filter(({ tag }) => !there.some((field) => field.tag === tag)).map(({ tag }) => tag);
    return missing.length > 0
      ? `there is no merge field ${missing.join(', ')}: add it in Mailchimp or correct settings.map`
      : undefined;
  });
  const problem = [...(found.problem ? [found.problem] : []), ...doubts].join('; ');
  return problem === '' ? found : { right, ok: found.ok === true ? null : found.ok, problem: `audience ${audience}: ${problem}` };
}

const Categories = z.looseObject({ categories: z.array(z.looseObject({ id: z.string() })) });
const Interests = z.looseObject({ interests: z.array(z.looseObject({ id: z.string() })) });

/** Each mapped field needs an interest in each audience: where there is none, a correction of that field is refused. */
async function interestsProbe({ client, settings }: CheckNeeds, audience: string, call: Call): Promise<RightProbe[]> {
  if (Object.keys(settings.interests).length === 0) return [];
  const found = await probe(`interests ${audience}`, async () => {
    const there = new Set<string>();
    const { categories } = parse(
      Categories,
      await client.ask(call, ({ lists }) =>
        lists.getListInterestCategories(audience, { count: 1000, fields: ['categories.id'] }),
      ),
    );
    for (const { id } of categories) {
      const options = { count: 1000, fields: ['interests.id'] };
      const answer = await client.ask(call, ({ lists }) => lists.listInterestCategoryInterests(audience, id, options));
      for (const interest of parse(Interests, answer).interests) there.add(interest.id);
    }
    const missing = [...togglesOf({ interests: settings.interests, tags: {} })]
      .filter(([, toggles]) => !toggles.some(({ key }) => there.has(key)))
      .map(([field]) => field);
    return missing.length > 0
      ? `audience ${audience} has none of the interests for ${missing.join(', ')}: name one of its own in settings.interests`
      : undefined;
  });
  return [found];
}

/**
 * Proves the permanent deletion too, which is why it asks for a domain of the company's own: the address can never be used in this
 * audience again. The member is made unsubscribed, so that nothing is ever mailed to it.
 */
async function writeRight({ members, settings, mark }: CheckNeeds, call: Call, writeTest: boolean): Promise<RightProbe> {
  const right = 'members-write';
  const [audience] = settings.audiences;
  if (!settings.checkDomain || !audience) {
    return {
      right,
      ok: null,
      problem: 'provable only by writing: set settings.checkDomain to a mail domain of your own and run kaiku check --write-test',
    };
  }
  if (!writeTest) return { right, ok: null, problem: 'provable only by writing: run kaiku check --write-test' };
  const address = markedAddress(mark(), settings.checkDomain);
  const made = { mayBeThere: false, remains: null as string | null };
  const found = await probe(right, async () => {
    try {
      const said = await add(members, audience, address, made, call);
      if (isRefusal(said)) return `the marked member was not taken (${said.refusal})`;
      const seen = await members.get(audience, said.id, call);
      return seen?.contact_id === said.contact_id ? undefined : 'the marked member could not be read back';
    } finally {
      // whatever went wrong, the member goes
      if (made.mayBeThere) made.remains = await whyItRemains(members, audience, hashOf(address), call);
    }
  }).catch((error: unknown) => ({ thrown: error }));
  if (made.remains !== null) {
    const problem = `the marked member ${address} remains (${made.remains}): delete it permanently by hand in the audience ${audience}`;
    return { right, ok: false, problem };
  }
  if ('thrown' in found) throw found.thrown;
  return found;
}

async function add(members: Members, audience: string, address: string, made: { mayBeThere: boolean }, call: Call) {
  try {
    const said = await members.add(audience, { email_address: address, status: 'unsubscribed' }, call);
    made.mayBeThere = !isRefusal(said);
    return said;
  } catch (error) {
    made.mayBeThere = isLost(error);
    throw error;
  }
}

const isLost = (error: unknown) => error instanceof Failure && error.next === 'read-first';

/** Deletes the marked member for good; null when it is gone. A lost answer is looked after, and the deletion not sent again. */
async function whyItRemains(members: Members, audience: string, hash: string, call: Call): Promise<string | null> {
  let why = 'it is still there after its permanent deletion';
  try {
    const said = await members.deletePermanently(audience, hash, call).catch((error: unknown) => {
      if (!isLost(error)) throw error;
      return 'done' as const;
    });
    if (isRefusal(said)) why = `its permanent deletion was refused: ${said.refusal}`;
    return (await members.get(audience, hash, call)) ? why : null;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.code === 'RIGHT_MISSING' ? 'the user of the API key may not delete it' : error.code;
  }
}

function problemOf(error: unknown): string {
  if (!(error instanceof Failure)) throw error;
  switch (error.code) {
    case 'CREDENTIALS_REJECTED':
      return 'the API key was rejected: make a new one in Mailchimp under Profile, Extras, API keys';
    case 'RIGHT_MISSING':
      return 'the user of the API key may not do this: give them the role Admin or Manager, or use the key of another user';
    case 'ANSWER_GARBLED':
    case 'RECIPIENT_REFUSED':
      return `the answer is not Mailchimp's (status ${error.status ?? 'unknown'}): check that baseUrl ends in /3.0`;
    default:
      throw error;
  }
}

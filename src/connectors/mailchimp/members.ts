import pRetry from 'p-retry';
import { z } from 'zod';
import { Failure } from '../../core/failure.ts';
import type { Answer, Call } from '../http.ts';
import { type ListOptions, type MailchimpClient, type MemberBody, problemIn, type TagChange } from './client.ts';
import { Member } from './mapping.ts';

/** A write that Mailchimp did not take, in our words. */
export interface Refusal {
  refusal: 'not-found' | 'exists' | 'forgotten' | 'compliance' | 'address-invalid' | 'field-invalid' | 'state' | 'not-accepted';
}
export const isRefusal = (said: Member | Refusal | 'done'): said is Refusal => typeof said === 'object' && 'refusal' in said;

/** The calls on members, parsed. Every one of them is a GET, a POST or a PATCH: PUT would create, DELETE would only archive. */
export interface Members {
  /** By hash or by contact id; null for "not found". */
  get(list: string, key: string, call: Call): Promise<Member | null>;
  /** By the id that outlives a change of address; a host that takes hashes only says 400 or 405, which says nothing: null too. */
  byContact(list: string, contactId: string, call: Call): Promise<Member | null>;
  add(list: string, body: MemberBody & { status: 'subscribed' | 'unsubscribed' }, call: Call): Promise<Member | Refusal>;
  /** Contact data of a member; a body without a standing, by its type. */
  correct(list: string, hash: string, body: MemberBody, call: Call): Promise<Member | Refusal>;
  unsubscribe(list: string, hash: string, call: Call): Promise<Member | Refusal>;
  tag(list: string, hash: string, tags: readonly TagChange[], call: Call): Promise<'done' | Refusal>;
  deletePermanently(list: string, hash: string, call: Call): Promise<'done' | Refusal>;
  /** Members in pages that overlap; one may come twice. */
  pages(list: string, filter: Pick<ListOptions, 'status' | 'sinceLastChanged'>, call: Call): AsyncIterable<Member[]>;
}

/** `fields`: what is asked of a member. */
export function membersOf(client: MailchimpClient, fields: readonly string[]): Members {
  const listFields = [...fields.map((name) => `members.${name}`), 'total_items'];
  const look = async (list: string, key: string, call: Call, none: readonly number[]) => {
    const answer = await client.ask(call, ({ lists }) => lists.getListMember(list, key, { fields: [...fields] }));
    return none.includes(answer.status) && isProblem(answer) ? null : withAllTags(list, parse(Member, answer), call);
  };
  /** A member shows 50 of its tags at most; the rest is asked for. */
  async function withAllTags(list: string, member: Member, call: Call): Promise<Member> {
    const { tags, tags_count: count = 0 } = member;
    if (tags === undefined || tags.length >= count) return member;
    const all: { name: string }[] = [];
    for (let offset = 0; offset < count; offset += pageSize) {
      const options = { count: pageSize, offset };
      const answer = await client.ask(call, ({ lists }) => lists.getListMemberTags(list, member.id, options));
      all.push(...parse(Tags, answer).tags);
    }
    return { ...member, tags: all };
  }

  const written = (answer: Answer) => (answer.status >= 400 ? refusalIn(answer) : parse(Member, answer));
  const page = (list: string, options: ListOptions, call: Call) =>
    // a long scan is not given up for one page's 502; a time-out is not tried again at once, it may still hold a connection
    pRetry(async () => parse(Page, await client.ask(call, ({ lists }) => lists.getListMembersInfo(list, options))), {
      retries: 2,
      minTimeout: 200,
      randomize: true,
      shouldRetry: ({ error }) =>
        error instanceof Failure && error.code === 'RECIPIENT_UNAVAILABLE' && error.status !== undefined,
    });

  return {
    get: (list, key, call) => look(list, key, call, [404]),
    byContact: (list, contactId, call) => look(list, contactId, call, [400, 404, 405]),
    add: async (list, body, call) => written(await client.ask(call, ({ lists }) => lists.addListMember(list, body))),
    // a correction must not fail because the audience's own form demands another field
    correct: async (list, hash, body, call) =>
      written(await client.ask(call, ({ lists }) => lists.updateListMember(list, hash, body, { skipMergeValidation: true }))),
    unsubscribe: async (list, hash, call) =>
      written(
        await client.ask(call, ({ lists }) =>
          lists.updateListMember(list, hash, { status: 'unsubscribed' }, { skipMergeValidation: true }),
        ),
      ),

    async tag(list, hash, tags, call) {
      // a background correction must set no automation going
      const body = { tags, is_syncing: true };
      const answer = await client.ask(call, ({ lists }) => lists.updateListMemberTags(list, hash, body));
      return answer.status >= 400 ? refusalIn(answer) : 'done';
    },

    async deletePermanently(list, hash, call) {
      const answer = await client.ask(call, ({ lists }) => lists.deleteListMemberPermanent(list, hash));
      if (answer.status >= 400) return refusalIn(answer);
      // the one call whose success has no body; anything else is not what Mailchimp documents
      if (answer.status !== 204) throw new Failure('ANSWER_GARBLED', { status: answer.status });
      return 'done';
    },

    async *pages(list, filter, call) {
      for (let offset = 0; ; ) {
        const options: ListOptions = {
          ...filter,
          count: pageSize,
          offset,
          fields: listFields,
          sortField: 'last_changed',
          sortDir: 'ASC',
        };
        const { members, total_items } = await page(list, options, call);
        if (members.length > 0) yield await Promise.all(members.map((member) => withAllTags(list, member, call)));
        if (
          members.length === 0 ||
          (total_items === undefined ? members.length < pageSize : offset + members.length >= total_items)
        )
          return;
        // members that change while we read move to the end, and everybody behind them moves up
        offset += Math.max(1, members.length - overlap);
      }
    },
  };
}

/** 1,000 is the most Mailchimp gives; 10 is what it gives when nothing is asked. */
const pageSize = 1000;
const overlap = 50;
const Tags = z.looseObject({ tags: z.array(z.looseObject({ name: z.string() })) });
const Page = z.looseObject({ members: z.array(Member), total_items: z.number().optional() });

/** The parsed 2xx, or a failure: a request that reads cannot be refused for anything but our own mistake. */
export function parse<T>(schema: z.ZodType<T>, answer: Answer): T {
  const { status } = answer;
  if (status >= 400) throw new Failure(isProblem(answer) ? 'RECIPIENT_REFUSED' : 'ANSWER_GARBLED', { status });
  const parsed = schema.safeParse(answer.json());
  if (!parsed.success) throw new Failure('ANSWER_GARBLED', { status });
  return parsed.data;
}

/** The member in an answer that a batch tells; null for everything else. */
export function memberIn(answer: Answer): Member | null {
  const said = memberOrRefusal(answer);
  return said === null || isRefusal(said) ? null : said;
}

/** What a batch tells of a write; null where it says nothing about the member: throttled, out of order, in no known form. */
export function memberOrRefusal(answer: Answer): Member | Refusal | null {
  if (answer.status >= 500 || [401, 403, 408, 429].includes(answer.status)) return null;
  try {
    return answer.status >= 400 ? refusalIn(answer) : parse(Member, answer);
  } catch {
    return null;
  }
}

/** "Not found" in a page of a proxy between us is not Mailchimp's word about a member. */
const isProblem = (answer: Answer) => answer.body.length === 0 || problemIn(answer) !== null;

/** By status, then title, then the recorded sentences (recorded traffic, 2021). */
function refusalIn(answer: Answer): Refusal {
  const { status } = answer;
  const problem = problemIn(answer);
  if (status === 404) {
    if (!isProblem(answer)) throw new Failure('ANSWER_GARBLED', { status });
    return { refusal: 'not-found' };
  }
  if (status === 405) return { refusal: 'state' };
  const { title = '', detail = '', errors = [] } = problem ?? {};
  const said = [detail, ...errors.map((e) => e.message)].join('\n');
  if (title === 'Member Exists' || /is already (a list member|in this list)/i.test(said)) return { refusal: 'exists' };
  if (title === 'Forgotten Email Not Subscribed' || /was permanently deleted/i.test(said)) return { refusal: 'forgotten' };
  if (title === 'Member In Compliance State' || /in a compliance state/i.test(said)) return { refusal: 'compliance' };
  if (/looks fake or invalid|valid email address/i.test(said)) return { refusal: 'address-invalid' };
  if (errors.length > 0 || /merge fields were invalid/i.test(said)) return { refusal: 'field-invalid' };
  return { refusal: 'not-accepted' };
}

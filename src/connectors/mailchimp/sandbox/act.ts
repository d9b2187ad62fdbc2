import { z } from 'zod';
import type { MergeField } from './merge-fields.ts';
import type { People } from './people.ts';
import { Audience, type AudienceSeed, type MemberSeed, statuses } from './state.ts';
import { memberView } from './view.ts';
import { batchTroubles, type World } from './world.ts';

/** Puts a member there as if they had always been: no rule is asked and no webhook told. */
export function seedMember(
  world: World,
  audience: Audience,
  { email, status = 'subscribed', ...merge }: MemberSeed,
): Record<string, unknown> {
  const member = audience.byEmail(email) ?? audience.insert(email, 'subscribed', world.now(), world.nextNumber());
  Object.assign(member.merge_fields, merge);
  if (status !== member.status) {
    member.archivedFrom = status === 'archived' ? member.status : null;
    member.status = status;
    member.unsubscribedBy = status === 'unsubscribed' ? 'user' : null;
    member.unsubscribedAt = status === 'unsubscribed' ? world.now() : null;
  }
  return memberView(audience.id, member);
}

export function seedAudience(world: World, given: AudienceSeed): void {
  const audience = world.audiences.get(given.id) ?? new Audience(given, 100_000 + world.audiences.size);
  world.audiences.set(audience.id, audience);
  for (const member of given.members ?? []) seedMember(world, audience, member);
}

const MemberDeed = z.looseObject({ email: z.string(), status: z.enum(statuses).optional() });
const AudienceDeed = z.object({
  id: z.string().min(1),
  name: z.string().optional(),
  double_optin: z.boolean().optional(),
  merge_fields: z
    .array(z.custom<Partial<MergeField>>((field) => typeof field === 'object' && field !== null && 'tag' in field))
    .optional(),
  interests: z.array(z.object({ id: z.string(), name: z.string(), category: z.string() })).optional(),
  members: z.array(MemberDeed).optional(),
});
const email = z.string();
const audience = z.string().optional();

const Deed = z.discriminatedUnion('do', [
  z.object({
    do: z.literal('seed'),
    audiences: z.array(AudienceDeed).default([]),
    count: z.int().min(0).max(100_000).default(0),
    audience,
  }),
  z.object({ do: z.literal('add'), audience, members: z.array(MemberDeed).min(1) }),
  z.object({ do: z.literal('unsubscribe'), email, audience }),
  z.object({ do: z.literal('resubscribeByForm'), email, audience }),
  z.object({ do: z.literal('changeAddress'), email, to: z.string(), audience }),
  z.object({ do: z.literal('clean'), email, audience }),
  z.object({ do: z.literal('archive'), email, audience }),
  z.object({ do: z.literal('editProfile'), email, merge: z.record(z.string(), z.unknown()), audience }),
  z.object({
    do: z.literal('switch'),
    compliance: z.boolean().optional(),
    duplicateWebhooks: z.boolean().optional(),
    reorderWebhooks: z.boolean().optional(),
    batchTrouble: z.enum(batchTroubles).optional(),
  }),
]);

/** What `POST /_sandbox/act` and a seed file may ask. Without an audience: `seed` and `add` mean the first, the others all. */
export function act(world: World, people: People, what: unknown): Record<string, unknown> {
  const deed = Deed.parse(what);
  const place = (name: string | undefined): Audience => {
    const found = name === undefined ? [...world.audiences.values()][0] : world.audiences.get(name);
    if (!found) throw new Error(`the sandbox has no audience ${name ?? ''}`);
    return found;
  };
  switch (deed.do) {
    case 'seed':
      for (const given of deed.audiences) seedAudience(world, given);
      for (let n = 1; n <= deed.count; n++)
        seedMember(world, place(deed.audience), { email: `person${n}@seed.test`, FNAME: 'Person', LNAME: String(n) });
      break;
    case 'add':
      return { members: deed.members.map((member) => seedMember(world, place(deed.audience), member)) };
    case 'switch': {
      const { do: _, ...wanted } = deed;
      Object.assign(world.switches, wanted);
      break;
    }
    case 'changeAddress':
      people.changeAddress(deed.email, deed.to, deed.audience);
      break;
    case 'editProfile':
      people.editProfile(deed.email, deed.merge, deed.audience);
      break;
    default:
      people[deed.do](deed.email, deed.audience);
  }
  return {};
}

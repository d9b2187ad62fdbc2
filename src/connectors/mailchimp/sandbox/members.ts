import { mergeInto } from './merge-fields.ts';
import { forgotten, inCompliance, invalid, memberExists, notAllowed, notFound } from './problem.ts';
import { type Actor, type Audience, checkAddress, hashOf, type Status, type StoredMember, statuses } from './state.ts';
import type { World } from './world.ts';

/** The rules for writing one member. Every function commits whole or throws a `VendorProblem`. */

export type Body = Record<string, unknown>;

/** POST /members: an address that is known is refused, except an archived one, which comes back. */
export function addMember(world: World, audience: Audience, body: Body, skipRequired: boolean): StoredMember {
  const email = checkAddress(body['email_address']);
  const status = statusIn(body['status']);
  if (!status)
    throw invalid('The resource submitted could not be validated.', [
      { field: 'status', message: 'This value should not be blank.' },
    ]);
  const there = audience.byEmail(email);
  if (there && there.status !== 'archived') throw memberExists(email);
  if (there) return changeMember(world, audience, there, body, skipRequired, 'api');
  return insert(world, audience, email, status, body, skipRequired);
}

/** PUT: `status_if_new` counts only where the member is new, `status` always. */
export function putMember(world: World, audience: Audience, key: string, body: Body, skipRequired: boolean): StoredMember {
  const there = audience.find(key, world.takesContactIds);
  if (body['email_address'] === undefined)
    throw invalid('The resource submitted could not be validated.', [
      { field: 'email_address', message: 'This value should not be blank.' },
    ]);
  if (there) return changeMember(world, audience, there, body, skipRequired, 'api');
  const email = checkAddress(body['email_address']);
  // the hash of an address that was not lower-cased: looks new, and is not
  if (audience.byEmail(email)) throw memberExists(email);
  const status = statusIn(body['status'] ?? body['status_if_new']);
  if (!status)
    throw invalid('The resource submitted could not be validated.', [
      { field: 'status_if_new', message: 'Data did not match any of the schemas described in anyOf.' },
    ]);
  return insert(world, audience, email, status, body, skipRequired);
}

function insert(
  world: World,
  audience: Audience,
  email: string,
  status: Status,
  body: Body,
  skipRequired: boolean,
): StoredMember {
  if (audience.hasForgotten(email)) throw forgotten(email);
  checkInterests(audience, body['interests']);
  const merged = mergeInto(audience.mergeFields, {}, body['merge_fields'], skipRequired);
  const member = audience.insert(email, status, world.now(), world.nextNumber());
  member.merge_fields = merged;
  describe(member, body);
  if (Array.isArray(body['tags'])) setTags(audience, member, body['tags'].map(String));
  if (status === 'subscribed') world.tellOf(audience, 'api', 'subscribe', member);
  return member;
}

/** PATCH, and PUT on a member that is there: what is not named stays. A new address moves the member. */
export function changeMember(
  world: World,
  audience: Audience,
  member: StoredMember,
  body: Body,
  skipRequired: boolean,
  actor: Actor,
): StoredMember {
  const email = body['email_address'] === undefined ? member.email_address : checkAddress(body['email_address']);
  const moved = hashOf(email) !== member.id;
  if (moved && audience.byEmail(email)) throw memberExists(email);
  if (moved && audience.hasForgotten(email)) throw forgotten(email);
  const status = body['status'] === undefined ? undefined : statusIn(body['status']);
  if (status === 'subscribed') mayBeSubscribed(world, member, email);
  checkInterests(audience, body['interests']);
  const merged = mergeInto(
    audience.mergeFields,
    member.merge_fields,
    body['merge_fields'],
    skipRequired || body['merge_fields'] === undefined,
  );

  const before = { email: member.email_address, merge: JSON.stringify(member.merge_fields) };
  if (moved) audience.rename(member, email);
  else member.email_address = email;
  member.merge_fields = merged;
  describe(member, body);
  member.lastChanged = world.now();
  if (moved)
    world.tell(audience, actor, 'upemail', { new_id: member.unique_email_id, new_email: email, old_email: before.email });
  else if (JSON.stringify(merged) !== before.merge) world.tellOf(audience, actor, 'profile', member);
  if (status && status !== member.status) setStatus(world, audience, member, status, actor);
  return member;
}

/** The block that Mailchimp's documentation promises and that the field reports do not: it can be switched off. */
export function mayBeSubscribed(world: World, member: StoredMember, email: string): void {
  const refusedIt = member.status === 'unsubscribed' && member.unsubscribedBy === 'user';
  if (world.switches.compliance && (refusedIt || member.status === 'cleaned')) throw inCompliance(email);
}

export function setStatus(world: World, audience: Audience, member: StoredMember, status: Status, actor: Actor): void {
  member.status = status;
  member.lastChanged = world.now();
  member.archivedFrom = null;
  if (status === 'unsubscribed') {
    member.unsubscribedBy = actor;
    member.unsubscribedAt = world.now();
    world.tellOf(audience, actor, 'unsubscribe', member, { action: 'unsub', reason: 'manual' });
  } else if (status === 'subscribed') {
    member.unsubscribedBy = null;
    member.optedIn = world.now();
    world.tellOf(audience, actor, 'subscribe', member);
  } else if (status === 'cleaned') {
    world.tell(audience, actor, 'cleaned', { reason: 'hard', email: member.email_address, campaign_id: '' });
  }
}

/** DELETE archives: everything stays, nothing is erased. */
export function archive(world: World, audience: Audience, member: StoredMember, actor: Actor): void {
  if (['archived', 'pending', 'cleaned'].includes(member.status)) {
    throw notAllowed(
      'GET, PUT',
      'This list member cannot be removed. Can not archive a contact that is bounced, pending or archived',
    );
  }
  member.archivedFrom = member.status;
  member.status = 'archived';
  member.lastChanged = world.now();
  world.tellOf(audience, actor, 'unsubscribe', member, { action: 'delete', reason: 'manual' });
}

/** The permanent deletion, by hash alone. No webhook is documented for it, and none is sent. */
export function deletePermanently(audience: Audience, hash: string): void {
  const member = audience.byHash(hash);
  if (!member) throw notFound();
  audience.forget(member);
}

export function setTags(audience: Audience, member: StoredMember, names: readonly string[]): void {
  member.tags = [];
  for (const name of names) addTag(audience, member, name);
}

/** A tag is the audience's, and keeps the spelling that somebody first gave it: names come back with changed case (third-party report). */
function addTag(audience: Audience, member: StoredMember, name: string): void {
  const same = (tag: { name: string }) => tag.name.toLowerCase() === name.toLowerCase();
  if (member.tags.some(same)) return;
  const known = audience.members.flatMap(({ tags }) => tags).find(same);
  member.tags.push(known ?? { id: Number.parseInt(hashOf(name).slice(0, 6), 16), name });
}

/** POST …/tags; an empty list is taken. */
export function changeTags(world: World, audience: Audience, member: StoredMember, body: Body): void {
  if (!Array.isArray(body['tags']))
    throw invalid('The resource submitted could not be validated.', [
      { field: 'tags', message: 'This value should not be blank.' },
    ]);
  for (const tag of body['tags'] as Body[]) {
    const name = String(tag['name'] ?? '');
    if (tag['status'] === 'inactive') member.tags = member.tags.filter((t) => t.name.toLowerCase() !== name.toLowerCase());
    else addTag(audience, member, name);
  }
  member.lastChanged = world.now();
}

function describe(member: StoredMember, body: Body): void {
  if (typeof body['language'] === 'string') member.language = body['language'];
  if (typeof body['vip'] === 'boolean') member.vip = body['vip'];
  if (typeof body['email_type'] === 'string') member.email_type = body['email_type'];
  if (typeof body['interests'] === 'object') Object.assign(member.interests, body['interests']);
}

/** What an unknown id comes to is not documented: the sandbox is strict. */
function checkInterests(audience: Audience, given: unknown): void {
  for (const [id, value] of Object.entries(given ?? {}))
    if (!audience.interests.some((interest) => interest.id === id) || typeof value !== 'boolean')
      throw invalid(`Invalid interest ID: "${id}".`);
}

/** Every status may be written but `archived`. */
export function statusIn(value: unknown): Status | undefined {
  if (value === undefined) return undefined;
  const status = statuses.find((s) => s === value);
  if (!status || status === 'archived')
    throw invalid('The resource submitted could not be validated. For field-specific details, see the ‘errors’ array.', [
      {
        field: 'status',
        message: 'Value must be one of the strings: "subscribed", "unsubscribed", "cleaned", "pending", "transactional"',
      },
    ]);
  return status;
}

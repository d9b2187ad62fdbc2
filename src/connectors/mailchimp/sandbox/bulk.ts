import { addMember, type Body, changeMember, mayBeSubscribed, setTags, statusIn } from './members.ts';
import { badRequest, VendorProblem } from './problem.ts';
import { type Audience, checkAddress, type StoredMember } from './state.ts';
import { memberView } from './view.ts';
import type { World } from './world.ts';

const mostRows = 500;

/** POST /lists/{id}: up to 500 rows at once; 200 even when rows failed, and rows that are there change only on demand. */
export function batchSubscribe(world: World, audience: Audience, body: Body, query: URLSearchParams): Record<string, unknown> {
  const rows = Array.isArray(body['members']) ? (body['members'] as Body[]) : [];
  if (rows.length === 0) throw badRequest('You must provide at least one member.');
  if (rows.length > mostRows) throw badRequest(`You may not submit more than ${mostRows} members at once.`);
  const made: StoredMember[] = [];
  const changed: StoredMember[] = [];
  const errors: Record<string, string>[] = [];
  const seen = new Set<string>();
  const skipRequired = query.get('skip_merge_validation') === 'true';
  for (const row of rows) {
    const address = String(row['email_address'] ?? '');
    const key = address.trim().toLowerCase();
    try {
      if (seen.has(key)) {
        if (query.get('skip_duplicate_check') === 'true') continue;
        throw badRequest(`Duplicate items found for email ${address}`);
      }
      seen.add(key);
      const there = audience.byEmail(checkAddress(address));
      if (!there || there.status === 'archived') made.push(addMember(world, audience, row, skipRequired));
      else if (body['update_existing'] === true)
        changed.push(update(world, audience, there, row, body['sync_tags'] === true, skipRequired));
      else
        errors.push({
          ...exists,
          email_address: address,
          error: `${address} is already a list member, do you want to update? please provide update_existing:true in the request body`,
        });
    } catch (error) {
      if (!(error instanceof VendorProblem)) throw error;
      const [first] = error.more.errors ?? [];
      errors.push({
        email_address: address,
        error: error.message,
        error_code: 'ERROR_GENERIC',
        field: first?.field ?? '',
        field_message: first?.message ?? '',
      });
    }
  }
  const view = (member: StoredMember) => memberView(audience.id, member);
  return {
    new_members: made.map(view),
    updated_members: changed.map(view),
    errors,
    total_created: made.length,
    total_updated: changed.length,
    error_count: errors.length,
    _links: [],
  };
}

const exists = { error_code: 'ERROR_CONTACT_EXISTS', field: '', field_message: '' };

/** The row's status counts; re-subscribing somebody who left is passed over without a word (reported). */
function update(
  world: World,
  audience: Audience,
  there: StoredMember,
  row: Body,
  replaceTags: boolean,
  skipRequired: boolean,
): StoredMember {
  const { status, ...rest } = row;
  let kept: Body = row;
  try {
    if (statusIn(status) === 'subscribed') mayBeSubscribed(world, there, there.email_address);
  } catch (error) {
    if (!(error instanceof VendorProblem) || error.title !== 'Member In Compliance State') throw error;
    kept = rest;
  }
  const changed = changeMember(world, audience, there, kept, skipRequired, 'api');
  if (replaceTags && Array.isArray(row['tags'])) setTags(audience, changed, row['tags'].map(String));
  return changed;
}

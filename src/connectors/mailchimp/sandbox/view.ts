import type { StoredMember } from './state.ts';

/** ISO 8601 in whole seconds; empty when unset. */
export const vendorTime = (ms: number | null) => (ms === null ? '' : `${new Date(ms).toISOString().slice(0, 19)}+00:00`);

/** The member as the API shows it. */
export function memberView(list: string, member: StoredMember): Record<string, unknown> {
  const name = [member.merge_fields['FNAME'], member.merge_fields['LNAME']]
    .filter((part) => typeof part === 'string' && part !== '')
    .join(' ');
  return {
    id: member.id,
    email_address: member.email_address,
    unique_email_id: member.unique_email_id,
    contact_id: member.contact_id,
    full_name: name,
    web_id: member.web_id,
    email_type: member.email_type,
    status: member.status,
    ...(member.status === 'unsubscribed'
      ? {
          unsubscribe_reason:
            member.unsubscribedBy === 'user' ? 'N/A (Unsubscribed by the contact)' : 'N/A (Unsubscribed by admin)',
        }
      : {}),
    consents_to_one_to_one_messaging: true,
    merge_fields: member.merge_fields,
    interests: member.interests,
    stats: { avg_open_rate: 0, avg_click_rate: 0 },
    ip_signup: '',
    timestamp_signup: vendorTime(member.signedUp),
    ip_opt: '',
    timestamp_opt: vendorTime(member.optedIn),
    member_rating: 2,
    last_changed: vendorTime(member.lastChanged),
    language: member.language,
    vip: member.vip,
    email_client: '',
    location: { latitude: 0, longitude: 0, gmtoff: 0, dstoff: 0, country_code: '', region: '', timezone: '' },
    source: member.source,
    tags_count: member.tags.length,
    tags: member.tags.slice(0, 50),
    list_id: list,
    _links: [{ rel: 'self', href: `https://us1.api.mailchimp.com/3.0/lists/${list}/members/${member.id}`, method: 'GET' }],
  };
}

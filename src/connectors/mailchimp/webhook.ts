import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Hint, Profile, Webhook, WebhookRequest } from '../connector.ts';
import { hashOf, toProfile } from './mapping.ts';
import type { Members } from './members.ts';
import type { MailchimpSettings } from './settings.ts';

/** Seconds that a signed delivery may be old or early (vendor documentation). */
const windowSeconds = 300;

/** The addresses a delivery speaks of. `data[id]` is no key: it is the address's id across Mailchimp, not the member's. */
const addressKeys: Record<string, readonly string[]> = {
  subscribe: ['data[email]'],
  unsubscribe: ['data[email]'],
  profile: ['data[email]'],
  cleaned: ['data[email]'],
  upemail: ['data[new_email]', 'data[old_email]'],
};

/** What is needed to look again; sealed before it is stored. */
const Locator = z.object({ emails: z.array(z.string().min(1)).min(1).max(2) });

/**
 * Audience webhooks: form-encoded, at least once, in any order. Signed only where signing was switched on when the hook was made
 * (vendor documentation, 2026); in either case only a hint to read the member again, never data.
 */
export function webhookOf(settings: MailchimpSettings, signingSecret: string | undefined, members: Members): Webhook {
  // two at once while a hook is made anew with another secret
  const secrets = (signingSecret ?? '').split(/[\s,]+/).filter((secret) => secret !== '');
  return {
    hints(request) {
      if (secrets.length > 0 && !secrets.some((secret) => isSigned(request, secret))) return null;
      const form = new URLSearchParams(request.rawBody.toString('utf8'));
      const type = form.get('type');
      if (type === null) return null;
      const keys = addressKeys[type];
      // campaigns and batches, and what Mailchimp may add
      if (!keys) return [];
      const place = form.get('data[list_id]');
      const emails = [...new Set(keys.flatMap((key) => form.get(key)?.trim() || []))];
      if (place === null || emails.length === 0) return null;
      if (!settings.audiences.includes(place)) return [];
      return [{ place, locator: JSON.stringify({ emails }) } satisfies Hint];
    },

    async follow({ place, locator }, call) {
      const found = new Map<string, Profile>();
      for (const email of Locator.parse(JSON.parse(locator)).emails) {
        const member = await members.get(place, hashOf(email), call);
        if (member) found.set(member.contact_id, toProfile(place, member, settings));
      }
      return [...found.values()];
    },
  };
}

/** `X-Mailchimp-Signature: t=<unix s>,v1=<hex>`: HMAC-SHA256 over the time, a dot and the raw bytes. */
function isSigned({ headers, rawBody, now }: WebhookRequest, secret: string): boolean {
  const header = headers['x-mailchimp-signature'];
  if (typeof header !== 'string') return false;
  const parts = header.split(',').map((part) => part.trim());
  const time = parts.find((part) => part.startsWith('t='))?.slice(2) ?? '';
  if (!/^\d{1,12}$/.test(time) || Math.abs(now.getTime() / 1000 - Number(time)) > windowSeconds) return false;
  const expected = createHmac('sha256', secret).update(`${time}.`).update(rawBody).digest();
  return parts.some((part) => /^v1=[0-9a-f]{64}$/i.test(part) && timingSafeEqual(expected, Buffer.from(part.slice(3), 'hex')));
}

import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Hint, Webhook, WebhookRequest } from '../connector.ts';
import type { InsightlySettings } from './settings.ts';

/**
 * Calls of a workflow that an administrator built: only for added and updated records, unsigned, perhaps dropped or repeated. The
 * body is a hint of where to look; nothing else of it is taken, and the poll stays the truth. The one proof of origin that the
 * action offers beside an unguessable path is HTTP Basic: where a login is configured, a call without it is not Insightly's.
 */

/** The user and the password that the workflow's action was given. */
export interface WebhookLogin {
  user: string;
  password: string;
}

const Id = z.union([z.int().positive(), z.string().regex(/^\d+$/)]).transform(String);
const Body = z.object({ entity: z.record(z.string(), z.unknown()) });

/** Kinds that carry a `CONTACT_ID` or a `LEAD_ID` of somebody else beside their own id. */
const otherIds = [
  'TASK_ID',
  'EVENT_ID',
  'NOTE_ID',
  'EMAIL_ID',
  'OPPORTUNITY_ID',
  'PROJECT_ID',
  'TICKET_ID',
  'PROSPECT_ID',
  'QUOTE_ID',
  'FILE_ID',
  'USER_ID',
  'RECORD_ID',
];

export function webhookOf(settings: InsightlySettings, login: WebhookLogin | null): Webhook {
  return {
    hints({ headers, rawBody }): Hint[] | null {
      if (login !== null && !isFrom(headers, login)) return null;
      const entity = entityOf(rawBody.toString('utf8'));
      if (entity === null) return null;
      // no field names the kind of record: its own id key tells it
      if (otherIds.some((key) => Id.safeParse(entity[key]).success)) return [];
      const lead = Id.safeParse(entity.LEAD_ID);
      if (lead.success) return settings.leads ? [{ place: 'lead', locator: lead.data }] : [];
      const contact = Id.safeParse(entity.CONTACT_ID);
      return contact.success ? [{ place: 'contact', locator: contact.data }] : [];
    },
    follow: async ({ place, locator }) => [{ place, id: locator }],
  };
}

/** Compared as digests, so that neither length nor place of a difference shows in the time it takes. */
function isFrom(headers: WebhookRequest['headers'], { user, password }: WebhookLogin): boolean {
  const given = headers['authorization'];
  const [, encoded = ''] = /^Basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(typeof given === 'string' ? given : '') ?? [];
  const digest = (text: string) => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(Buffer.from(encoded, 'base64').toString('utf8')), digest(`${user}:${password}`));
}

function entityOf(text: string): Record<string, unknown> | null {
  try {
    return Body.safeParse(JSON.parse(text)).data?.entity ?? null;
  } catch {
    return null;
  }
}

import { z } from 'zod';
import { isSignedWebhook, webhookKey } from '../../core/standard-webhook.ts';
import type { Webhook } from '../connector.ts';
import { By, type Contacts } from './contacts.ts';
import { ContactId, place, toNews } from './mapping.ts';
import type { PanelSettings } from './settings.ts';

/** Nothing but where to look is read of a delivery; whatever else it says is not believed. */
const Event = z.looseObject({ type: z.string() });
const Changed = z.looseObject({ data: z.looseObject({ contact: ContactId, by: By }) });

/** The keys in a setting: one, or two separated by a blank while one is replaced. Null where one of them is no secret, or there are more. */
export function keysIn(secrets: string): Buffer[] | null {
  const keys = secrets
    .trim()
    .split(/\s+/)
    .map((secret) => webhookKey(secret));
  return keys.length <= 2 && keys.every((key) => key !== null) ? keys : null;
}

/** The panel's deliveries (Standard Webhooks). Without a key that can be used every one of them is refused. */
export function webhookOf(secrets: string, contacts: Contacts, settings: PanelSettings): Webhook {
  const keys = keysIn(secrets) ?? [];
  return {
    hints({ headers, rawBody, now }) {
      if (!isSignedWebhook(keys, { headers, body: rawBody, now })) return null;
      const json = jsonIn(rawBody);
      const event = Event.safeParse(json);
      if (!event.success) return null;
      if (event.data.type !== 'contact.changed') return [];
      const changed = Changed.safeParse(json);
      if (!changed.success) return null;
      const { contact, by } = changed.data.data;
      // what Kaiku wrote itself is no news
      return by === 'kaiku' ? [] : [{ place, locator: contact }];
    },

    async follow({ locator }, call) {
      const contact = await contacts.get(locator, call);
      return contact ? [toNews(contact, settings)] : [];
    },
  };
}

function jsonIn(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

import type { FieldName, Fields, FieldValue } from '../../core/person.ts';
import { spell } from './merge.ts';
import type { MailchimpSettings } from './settings.ts';

/**
 * Interests and tags: things a member has or has not. Each is on while a field of ours is true, or while it has one value. Only
 * what is configured is ever read or written; permissions have no part in it.
 */

/** What a member shows of them. */
interface Switchable {
  interests?: Record<string, boolean> | undefined;
  tags?: readonly { name: string }[] | undefined;
}

interface Toggle {
  kind: 'interest' | 'tag';
  /** An interest's id, a tag's name. */
  key: string;
  equals?: string | number | boolean;
}
/** The toggles of one field: with several values at most one of them is on. */
export type Toggles = ReadonlyMap<FieldName, readonly Toggle[]>;

export function togglesOf({ interests, tags }: Pick<MailchimpSettings, 'interests' | 'tags'>): Toggles {
  const all = new Map<FieldName, Toggle[]>();
  const add = (kind: Toggle['kind'], given: MailchimpSettings['interests']) => {
    for (const [key, wish] of Object.entries(given)) {
      const { field, equals } = typeof wish === 'string' ? { field: wish, equals: undefined } : wish;
      const toggle: Toggle = { kind, key, ...(equals === undefined ? {} : { equals }) };
      all.set(field, [...(all.get(field) ?? []), toggle]);
    }
  };
  add('interest', interests);
  add('tag', tags);
  return all;
}

const sameText = (a: unknown, b: unknown) => String(a).trim().toLowerCase() === String(b).trim().toLowerCase();

/** Whether a value of ours switches the toggle on. */
const wants = ({ equals }: Toggle, value: FieldValue | undefined): boolean =>
  value === undefined ? false : equals === undefined ? /^(true|yes|1)$/i.test(spell(value)) : sameText(spell(value), equals);

/** Undefined where the audience has no such interest; a tag comes into being by being used. Its case may come back changed. */
function isOn({ kind, key }: Toggle, member: Switchable): boolean | undefined {
  if (kind === 'interest') return member.interests?.[key];
  return (member.tags ?? []).some(({ name }) => sameText(name, key));
}

/** What the toggles of a field say of its value; undefined where they say nothing. */
export function valueShown(toggles: readonly Toggle[], member: Switchable): string | number | boolean | undefined {
  const known = toggles.filter((toggle) => isOn(toggle, member) !== undefined);
  const on = known.find((toggle) => isOn(toggle, member));
  if (on) return on.equals ?? true;
  return known.some(({ equals }) => equals === undefined) ? false : undefined;
}

/** The same of a value of ours, after it was written: '' for one that no toggle stands for. */
export function valueHeld(toggles: readonly Toggle[], value: FieldValue): string | number | boolean {
  const on = toggles.find((toggle) => wants(toggle, value));
  if (on) return on.equals ?? true;
  return toggles.some(({ equals }) => equals === undefined) ? false : '';
}

export interface Switched {
  interests: Record<string, boolean>;
  tags: { name: string; status: 'active' | 'inactive' }[];
  /** A field has interests, and the audience has none of them. */
  isMissing: boolean;
}

/** What differs between the fields of a write and the member. */
export function switched(toggles: Toggles, fields: Fields, blanked: readonly string[], member: Switchable): Switched {
  const found: Switched = { interests: {}, tags: [], isMissing: false };
  for (const [field, own] of toggles) {
    const value = fields[field];
    if (value === undefined && !blanked.includes(field)) continue;
    if (own.every((toggle) => isOn(toggle, member) === undefined)) found.isMissing ||= own.some((toggle) => wants(toggle, value));
    for (const toggle of own) {
      const [is, wanted] = [isOn(toggle, member), wants(toggle, value)];
      if (is === undefined || is === wanted) continue;
      if (toggle.kind === 'interest') found.interests[toggle.key] = wanted;
      else found.tags.push({ name: toggle.key, status: wanted ? 'active' : 'inactive' });
    }
  }
  return found;
}

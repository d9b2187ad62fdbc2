import { archive, changeMember, setStatus } from './members.ts';
import { type Audience, checkAddress, type StoredMember } from './state.ts';
import type { World } from './world.ts';

/** What people do without the API: the contact through links and forms, somebody of the company in the vendor's pages. */
export interface People {
  /** The person follows the link in a mail. In every audience where they are, unless one is named. */
  unsubscribe(email: string, audience?: string): void;
  /** The person signs up on a form of Mailchimp's: the one way back for those who left, and for the permanently deleted. */
  resubscribeByForm(email: string, audience?: string): void;
  changeAddress(from: string, to: string, audience?: string): void;
  /** Mail to the address bounced for good. */
  clean(email: string, audience?: string): void;
  /** Somebody of the company archives the contact. */
  archive(email: string, audience?: string): void;
  /** The person corrects their own data on a form. */
  editProfile(email: string, merge: Record<string, unknown>, audience?: string): void;
}

export function people(world: World): People {
  const places = (name: string | undefined): Audience[] => {
    const found = [...world.audiences.values()].filter((a) => name === undefined || a.id === name);
    if (found.length === 0) throw new Error(`the sandbox has no audience ${name}`);
    return found;
  };
  const each = (email: string, name: string | undefined, work: (audience: Audience, member: StoredMember) => void): void => {
    const found = places(name).flatMap((audience) => audience.byEmail(email) ?? []);
    if (found.length === 0) throw new Error('nobody has this address');
    for (const audience of places(name)) {
      const member = audience.byEmail(email);
      if (member) work(audience, member);
    }
  };

  return {
    unsubscribe: (email, name) =>
      each(email, name, (audience, member) => setStatus(world, audience, member, 'unsubscribed', 'user')),
    clean: (email, name) => each(email, name, (audience, member) => setStatus(world, audience, member, 'cleaned', 'admin')),
    archive: (email, name) => each(email, name, (audience, member) => archive(world, audience, member, 'admin')),
    changeAddress: (from, to, name) =>
      each(from, name, (audience, member) => changeMember(world, audience, member, { email_address: to }, true, 'user')),
    editProfile: (email, merge, name) =>
      each(email, name, (audience, member) => changeMember(world, audience, member, { merge_fields: merge }, true, 'user')),
    resubscribeByForm(email, name) {
      for (const audience of places(name)) {
        const address = checkAddress(email);
        audience.welcomeBack(address);
        const member = audience.byEmail(address);
        if (member) setStatus(world, audience, member, 'subscribed', 'user');
        else world.tellOf(audience, 'user', 'subscribe', audience.insert(address, 'subscribed', world.now(), world.nextNumber()));
      }
    },
  };
}

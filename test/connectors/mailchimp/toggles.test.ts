import { describe, expect, it } from 'vitest';
import type { AudienceSeed } from '../../../src/connectors/mailchimp/sandbox/state.ts';
import { aino, audience, call, given, officialClient, refOf, world } from './setup.ts';

const interests = [
  { id: 'heat01', name: 'Heating', category: 'Trades' },
  { id: 'plumb1', name: 'Plumbing', category: 'Trades' },
  { id: 'langfi', name: 'Suomi', category: 'Language' },
  { id: 'langsv', name: 'Svenska', category: 'Language' },
];
const settings = {
  interests: {
    heat01: 'custom.heating',
    langfi: { field: 'language', equals: 'fi' },
    langsv: { field: 'language', equals: 'sv' },
  },
  tags: { 'VIP customer': 'custom.vip' },
};
const there: AudienceSeed = { id: audience, interests };
const open = (more: Parameters<typeof world>[0] = {}) => world({ settings, audiences: [there], ...more });
type World = Awaited<ReturnType<typeof open>>;
const interestsOf = (w: World) => w.vendor.member(audience, aino)?.['interests'];
const tagsOf = (w: World) => ((w.vendor.member(audience, aino)?.['tags'] ?? []) as { name: string }[]).map(({ name }) => name);

describe('interests and tags', () => {
  it('are switched by the fields they are mapped to, and the others are left alone', async () => {
    await using w = await open();
    const fields = given({ email: aino, language: 'fi', 'custom.heating': true, 'custom.vip': true });
    const ref = refOf(await w.recipient.create(fields, audience, call));
    expect(interestsOf(w)).toEqual({ heat01: true, plumb1: false, langfi: true, langsv: false });
    expect(tagsOf(w)).toEqual(['VIP customer']);
    expect((await w.recipient.read(ref, call))?.fields).toEqual({ ...w.recipient.asHeld?.(fields, audience) });

    const { lists } = officialClient(w.server.url);
    await lists.updateListMember(audience, ref.key ?? '', { interests: { plumb1: true } });
    await lists.updateListMemberTags(audience, ref.key ?? '', { tags: [{ name: 'Lahti', status: 'active' }] });
    const later = given({ language: 'sv', 'custom.heating': false, 'custom.vip': false });
    refOf(await w.recipient.rectify(ref, later, [], call));
    expect(interestsOf(w)).toEqual({ heat01: false, plumb1: true, langfi: false, langsv: true });
    expect(tagsOf(w)).toEqual(['Lahti']);
    expect((await w.recipient.read(ref, call))?.fields).toEqual({ email: aino, ...w.recipient.asHeld?.(later, audience) });

    refOf(await w.recipient.rectify(ref, given({ language: 'en' }), ['custom.vip'], call));
    expect(interestsOf(w)).toMatchObject({ langfi: false, langsv: false, plumb1: true });
    expect((await w.recipient.read(ref, call))?.fields.language ?? '').toBe(
      w.recipient.asHeld?.({ language: 'en' }, audience).language,
    );
  });

  it('are sent only where they differ, in one call for the member and one for its tags', async () => {
    await using w = await open();
    const fields = given({ email: aino, language: 'fi', 'custom.heating': true, 'custom.vip': true });
    const ref = refOf(await w.recipient.create(fields, audience, call));
    const sent = w.vendor.writes.length;
    refOf(await w.recipient.rectify(ref, fields, [], call));
    expect(w.vendor.writes).toHaveLength(sent);
    refOf(
      await w.recipient.rectify(ref, given({ email: 'uusi@sahko.test', 'custom.heating': false, 'custom.vip': false }), [], call),
    );
    const [member, tags] = w.vendor.writes.slice(sent);
    expect(JSON.parse(member?.body ?? '')).toEqual({ interests: { heat01: false }, email_address: 'uusi@sahko.test' });
    // an automation must not be set going by a correction
    expect(JSON.parse(tags?.body ?? '')).toEqual({ tags: [{ name: 'VIP customer', status: 'inactive' }], is_syncing: true });
    expect(tags?.path).toContain(String(w.vendor.member(audience, 'uusi@sahko.test')?.['id']));
  });

  it('are never touched by a refusal', async () => {
    await using w = await open();
    const ref = refOf(await w.recipient.create(given({ email: aino, language: 'fi', 'custom.vip': true }), audience, call));
    const sent = w.vendor.writes.length;
    refOf(await w.recipient.restrict(ref, ['newsletter'], call));
    expect(w.vendor.writes.slice(sent).map(({ body }) => body)).toEqual(['{"status":"unsubscribed"}']);
    expect(interestsOf(w)).toMatchObject({ langfi: true });
    expect(tagsOf(w)).toEqual(['VIP customer']);
  });

  it('that nobody configured are neither asked for nor written', async () => {
    await using w = await world({ audiences: [there] });
    const ref = refOf(
      await w.recipient.create(given({ email: aino, 'custom.heating': true, 'custom.vip': true }), audience, call),
    );
    expect(interestsOf(w)).toMatchObject({ heat01: false });
    expect((await w.recipient.read(ref, call))?.fields).toEqual({ email: aino });
    expect(w.recipient.carries).not.toContain('custom.heating');
    expect(w.vendor.writes).toHaveLength(1);
  });

  it('keep a tag in the spelling that somebody else gave it', async () => {
    await using w = await open();
    w.vendor.seedMember(audience, { email: 'first@sahko.test' });
    const { lists } = officialClient(w.server.url);
    const { id } = await lists.getListMember(audience, 'first@sahko.test');
    await lists.updateListMemberTags(audience, id, { tags: [{ name: 'vip CUSTOMER', status: 'active' }] });
    const fields = given({ email: aino, 'custom.vip': true });
    const ref = refOf(await w.recipient.create(fields, audience, call));
    expect(tagsOf(w)).toEqual(['vip CUSTOMER']);
    const sent = w.vendor.writes.length;
    refOf(await w.recipient.rectify(ref, fields, [], call));
    expect(w.vendor.writes).toHaveLength(sent);
  });

  it('are seen beyond the fifty tags that a member shows', async () => {
    await using w = await open();
    w.vendor.seedMember(audience, { email: aino });
    const { lists } = officialClient(w.server.url);
    const { id } = await lists.getListMember(audience, aino);
    const tags = [...Array.from({ length: 60 }, (_, n) => `t${n}`), 'VIP customer'].map((name) => ({ name, status: 'active' }));
    await lists.updateListMemberTags(audience, id, { tags });
    const [profile] = await w.recipient.find({ email: aino }, audience, call);
    expect(profile?.fields['custom.vip']).toBe(true);
    for await (const page of w.recipient.list(call)) expect(page[0]?.fields['custom.vip']).toBe(true);
  });

  it('of which an audience has none are refused and named by the check, not silently left', async () => {
    await using w = await open({
      audiences: [there, 'bare000001'],
      settings: { ...settings, audiences: [audience, 'bare000001'] },
    });
    const ref = refOf(await w.recipient.create(given({ email: aino }), 'bare000001', call));
    expect(await w.recipient.rectify(ref, given({ 'custom.heating': true }), [], call)).toEqual({
      kind: 'refused',
      code: 'interest-missing',
    });
    expect(refOf(await w.recipient.rectify(ref, given({ 'custom.heating': false, givenName: 'Aino' }), [], call))).toEqual(ref);
    const probes = await w.connector.check(call, false);
    expect(probes.find(({ right }) => right === `interests ${audience}`)).toMatchObject({ ok: true });
    expect(probes.find(({ right }) => right === 'interests bare000001')).toMatchObject({
      ok: false,
      problem: expect.stringContaining('custom.heating, language'),
    });
  });

  it('go with many corrections, tags one by one', async () => {
    await using w = await open();
    const items = Array.from({ length: 12 }, (_, n) => {
      const { id, contact_id } = w.vendor.seedMember(audience, { email: `n${n}@sahko.test` });
      const fields = given({ language: 'sv', ...(n === 3 ? { 'custom.vip': true } : {}) });
      return { ref: { place: audience, id: String(contact_id), key: String(id) }, fields, blanked: [] };
    });
    const said = await w.recipient.rectifyMany?.(items, call);
    expect(said?.every((one) => 'kind' in one && one.kind === 'accepted')).toBe(true);
    for (const member of w.vendor.members(audience)) expect(member).toMatchObject({ interests: { langsv: true } });
    expect(w.vendor.member(audience, 'n3@sahko.test')).toMatchObject({ tags_count: 1 });
    expect(w.vendor.writes.map(({ method }) => method).sort()).toEqual(['PATCH', 'POST', 'POST', 'POST']);
  });
});

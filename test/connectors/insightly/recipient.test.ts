import { describe, expect, it } from 'vitest';
import { insightly } from '../../../src/connectors/insightly/connector.ts';
import { untilReset } from '../../../src/connectors/insightly/quota.ts';
import type { Allowed } from '../../../src/core/allowed.ts';
import type { Fields } from '../../../src/core/person.ts';
import { call, poll, registerOptions, wire, world } from './setup.ts';

const byCustomField = { ...registerOptions, permissions: { newsletter: { refused: { field: 'No_Mail__c', equals: true } } } };

describe('a refusal', () => {
  it('is set in a standard field, and nothing else is sent', async () => {
    await using w = await world();
    const id = w.crm.add('contact', { FIRST_NAME: 'Aino', LAST_NAME: 'Mäkelä', Site__c: 'north' });
    const ref = { place: 'contact', id };
    expect(await w.recipient.restrict(ref, ['newsletter'], call)).toEqual({ kind: 'accepted', ref });
    expect(w.crm.record('contact', id)).toMatchObject({
      EMAIL_OPTED_OUT: true,
      LAST_NAME: 'Mäkelä',
      CUSTOMFIELDS: [{ FIELD_NAME: 'Site__c', FIELD_VALUE: 'north' }],
    });
    expect(await w.recipient.read(ref, call)).toMatchObject({ standing: 'restricted', refused: false });
  });

  it.each([true, false])('keeps the other custom fields when a PUT replaces the array: %s', async (replacesCustomFields) => {
    await using w = await world({ replacesCustomFields, register: byCustomField });
    w.crm.define('contact', { name: 'No_Mail__c', type: 'BIT' });
    const id = w.crm.add('contact', { FIRST_NAME: 'Aino', Site__c: 'north', Customer_No__c: 'C-1' });
    expect((await w.recipient.restrict({ place: 'contact', id }, ['newsletter'], call)).kind).toBe('accepted');
    const custom = w.crm.record('contact', id)?.CUSTOMFIELDS;
    expect(custom).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ FIELD_NAME: 'Site__c', FIELD_VALUE: 'north' }),
        expect.objectContaining({ FIELD_NAME: 'Customer_No__c', FIELD_VALUE: 'C-1' }),
        expect.objectContaining({ FIELD_NAME: 'No_Mail__c', FIELD_VALUE: true }),
      ]),
    );
  });

  it('that cost another custom field its value puts it back at once, and sends all of them from then on', async () => {
    await using w = await world({
      replacesCustomFields: true,
      register: byCustomField,
      settings: { customFieldWrites: 'changed' },
    });
    w.crm.define('contact', { name: 'No_Mail__c', type: 'BIT' });
    const [one, two] = [1, 2].map(() => w.crm.add('contact', { FIRST_NAME: 'Aino', Site__c: 'north' })) as [string, string];
    const custom = (id: string) => w.crm.record('contact', id)?.CUSTOMFIELDS;
    for (const id of [one, two]) {
      expect((await w.recipient.restrict({ place: 'contact', id }, ['newsletter'], call)).kind).toBe('accepted');
      expect(custom(id)).toHaveLength(2);
      expect(custom(id)).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ FIELD_NAME: 'Site__c', FIELD_VALUE: 'north' }),
          expect.objectContaining({ FIELD_NAME: 'No_Mail__c', FIELD_VALUE: true }),
        ]),
      );
    }
    expect(w.server.log.filter((l) => l.method === 'PUT')).toHaveLength(3);
  });

  it.each([
    ['MULTISELECT', 'No mail', 'Heating;Plumbing', 'Heating;Plumbing;No mail'],
    ['MULTISELECT', 'No mail', 'Heating', 'Heating;No mail'],
    ['MULTISELECT', 'No mail', null, 'No mail'],
    ['DROPDOWN', 'No mail', 'Heating', 'No mail'],
    ['BIT', 'true', false, true],
    ['BIT', 1, null, true],
    ['NUMERIC', '1', null, 1],
    ['PERCENT', 0, 50, 0],
    ['TEXT', true, null, 'true'],
  ] as const)('in a field of type %s that equals %j turns %j into %j', async (type, equals, before, after) => {
    const field = 'Mail__c';
    await using w = await world({
      register: { ...registerOptions, permissions: { newsletter: { refused: { field, equals } } } },
    });
    w.crm.define('contact', { name: field, type, options: ['Heating', 'Plumbing', 'No mail'] });
    const id = w.crm.add('contact', { FIRST_NAME: 'Aino', [field]: before });
    const ref = { place: 'contact', id };
    expect(await w.recipient.restrict(ref, ['newsletter'], call)).toEqual({ kind: 'accepted', ref });
    expect(w.crm.record('contact', id)?.CUSTOMFIELDS).toEqual([
      expect.objectContaining({ FIELD_NAME: field, FIELD_VALUE: after }),
    ]);
  });

  it('leaves a number that the system gives alone, whether the array is replaced or not', async () => {
    for (const replacesCustomFields of [true, false]) {
      await using w = await world({ replacesCustomFields, register: byCustomField });
      w.crm.define('contact', { name: 'No_Mail__c', type: 'BIT' });
      w.crm.define('contact', { name: 'Serial__c', type: 'AUTONUMBER' });
      const id = w.crm.add('contact', { FIRST_NAME: 'Aino', Serial__c: 'A-7' });
      expect((await w.recipient.restrict({ place: 'contact', id }, ['newsletter'], call)).kind).toBe('accepted');
      expect(w.crm.record('contact', id)?.CUSTOMFIELDS).toContainEqual(expect.objectContaining({ FIELD_VALUE: 'A-7' }));
    }
  });

  it('as a tag is one tag more, and takes none away', async () => {
    await using w = await world({
      register: { ...registerOptions, permissions: { newsletter: { refused: { field: 'TAGS', equals: 'no-mail' } } } },
    });
    const id = w.crm.add('contact', { FIRST_NAME: 'Aino', TAGS: [{ TAG_NAME: 'lahti' }] });
    const ref = { place: 'contact', id };
    expect((await w.recipient.restrict(ref, ['newsletter'], call)).kind).toBe('accepted');
    expect(w.crm.record('contact', id)?.TAGS).toEqual([{ TAG_NAME: 'lahti' }, { TAG_NAME: 'no-mail' }]);
    await w.recipient.restrict(ref, ['newsletter'], call);
    expect(w.server.log.filter((l) => l.method !== 'GET').map((l) => l.path)).toEqual([`/v3.1/Contacts/${id}/Tags`]);
  });

  it('goes to a lead too, writes once, and says when nobody is there', async () => {
    await using w = await world();
    const id = w.crm.add('lead', { LAST_NAME: 'Koskinen', LEAD_SOURCE_ID: 1, LEAD_STATUS_ID: 1 });
    await w.recipient.restrict({ place: 'lead', id }, ['newsletter'], call);
    await w.recipient.restrict({ place: 'lead', id }, ['newsletter'], call);
    expect(w.crm.record('lead', id)?.EMAIL_OPTED_OUT).toBe(true);
    expect(w.server.log.filter((l) => l.method === 'PUT')).toHaveLength(1);
    expect(await w.recipient.restrict({ place: 'lead', id: '1' }, ['newsletter'], call)).toEqual({ kind: 'not-found' });
  });

  it.each([400, 404] as const)(
    'finds nobody where the row went between the look and the write (%s)',
    async (putMissingStatus) => {
      await using w = await world({ putMissingStatus });
      const id = w.crm.add('contact', { FIRST_NAME: 'Aino' });
      const handle = w.crm.handle.bind(w.crm);
      w.crm.handle = (request) => {
        if (request.method === 'PUT') w.crm.remove('contact', id);
        return handle(request);
      };
      expect(await w.recipient.restrict({ place: 'contact', id }, ['newsletter'], call)).toEqual({ kind: 'not-found' });
    },
  );

  it('without a field for it is refused, not swallowed', async () => {
    await using w = await world({ register: { for: 'customer', permissions: {} } });
    const id = w.crm.add('contact', { FIRST_NAME: 'Aino' });
    expect(await w.recipient.restrict({ place: 'contact', id }, ['newsletter'], call)).toEqual({
      kind: 'refused',
      code: 'no-refused-field',
    });
  });
});

describe('an erasure', () => {
  it('deletes the record into the bin, and a second one finds nobody', async () => {
    await using w = await world();
    const id = w.crm.add('contact', { FIRST_NAME: 'Aino' });
    const ref = { place: 'contact', id };
    expect(await w.recipient.erase(ref, call)).toEqual({ kind: 'accepted', ref });
    expect(await w.recipient.read(ref, call)).toBeNull();
    expect(w.crm.bin('contact')).toEqual([id]);
    expect(await w.recipient.erase(ref, call)).toEqual({ kind: 'not-found' });
  });

  it('that the vendor cannot carry out is refused; one that our key may not is a missing right', async () => {
    await using w = await world();
    const id = w.crm.add('contact', { FIRST_NAME: 'Aino' });
    w.crm.keepFromDeletion('contact', id);
    expect(await w.recipient.erase({ place: 'contact', id }, call)).toEqual({ kind: 'refused', code: 'delete-failed' });
    w.crm.hide('contact', id);
    await expect(w.recipient.erase({ place: 'contact', id }, call)).rejects.toMatchObject({ code: 'RIGHT_MISSING' });
  });
});

describe('contact data', () => {
  it('is never written into the register', async () => {
    await using w = await world();
    const fields = { email: 'aino@asiakas.test' } as Allowed<Fields>;
    const refused = { kind: 'refused', code: 'register-is-master' };
    expect(await w.recipient.create(fields, 'contact', call)).toEqual(refused);
    expect(await w.recipient.rectify({ place: 'contact', id: '1' }, fields, [], call)).toEqual(refused);
    expect(w.server.log).toHaveLength(0);
  });

  it('is found by its e-mail address, spelt in whatever case, and listed in pages', async () => {
    await using w = await world({ settings: { pageSize: 3 } });
    for (let n = 0; n < 5; n++) w.crm.add('contact', { FIRST_NAME: 'Aino', EMAIL_ADDRESS: `aino.${n}@asiakas.test` });
    expect(await w.recipient.find({ email: 'Aino.3@asiakas.test' }, 'contact', call)).toMatchObject([
      { fields: { email: 'aino.3@asiakas.test' } },
    ]);
    const sizes: number[] = [];
    for await (const page of w.recipient.list(call)) sizes.push(page.length);
    expect(sizes).toEqual([3, 2]);
  });
});

describe('a failure', () => {
  const read = (w: Awaited<ReturnType<typeof world>>) => w.register.look({ place: 'contact', id: '366638001' }, call);

  it('of the rate is waited out; of the daily quota until the day is over', async () => {
    await using w = await world();
    w.server.fault({ kind: 'throttle' });
    await expect(read(w)).rejects.toMatchObject({ code: 'RECIPIENT_THROTTLED', retryAfterMs: 6000 });
    w.server.fault({ kind: 'throttle', retryAfter: '17' });
    await expect(read(w)).rejects.toMatchObject({ code: 'RECIPIENT_THROTTLED', retryAfterMs: 17_000 });
    w.crm.setQuota(0);
    const failure = await read(w).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'RECIPIENT_QUOTA_SPENT' });
    expect((failure as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(60_000);
    expect(untilReset(new Date('2025-04-19T23:50:00Z'), 0)).toBe(15 * 60_000);
  });

  it.each([
    ['unauthorized', 'CREDENTIALS_REJECTED'],
    ['html-502', 'RECIPIENT_UNAVAILABLE'],
    ['server-error', 'RECIPIENT_UNAVAILABLE'],
    ['garbage-200', 'ANSWER_GARBLED'],
  ] as const)('of a read under %s is %s', async (kind, code) => {
    await using w = await world();
    w.crm.add('contact', { FIRST_NAME: 'Aino' });
    w.server.fault({ kind, times: 3 });
    await expect(read(w)).rejects.toMatchObject({ code });
  });

  it.each([
    ['html-502', 'ANSWER_LOST'],
    ['commit-then-drop', 'ANSWER_LOST'],
    ['garbage-200', 'ANSWER_GARBLED'],
    ['throttle', 'RECIPIENT_THROTTLED'],
  ] as const)('of a write under %s is %s', async (kind, code) => {
    await using w = await world();
    const id = w.crm.add('contact', { FIRST_NAME: 'Aino' });
    w.server.fault({ kind, method: 'DELETE' });
    await expect(w.recipient.erase({ place: 'contact', id }, call)).rejects.toMatchObject({ code });
  });
});

describe('the set-up', () => {
  const connect = (baseUrl: string) => () =>
    insightly.connect({ system: 'crm', baseUrl, credentials: { apiKey: 'key' }, settings: insightly.settings.parse({}) }, wire);

  it('wants the whole API URL with its pod, and says what to write', () => {
    expect(connect('https://api.na1.insightly.com/v3.1/')).not.toThrow();
    for (const wrong of [
      'na1',
      'https://api.na1.insightly.com',
      'https://api.insightly.com/v3.1',
      'https://api.https://api.na1.insightly.com/v3.1',
      'https://api.na1.insightly.com/v2.2',
    ]) {
      expect(connect(wrong)).toThrow('https://api.na1.insightly.com/v3.1');
    }
  });

  it('is checked by reading: every right, and every configured field', async () => {
    await using w = await world({ settings: { map: { customerNumber: 'Custmer_No__c' } } });
    w.crm.deny('lead', 404);
    const probes = await w.connector.check(call, false);
    expect(probes.find((p) => p.right === 'contacts: read')).toEqual({ right: 'contacts: read', ok: true });
    expect(probes.find((p) => p.right === 'leads: read')).toMatchObject({
      ok: false,
      problem: expect.stringContaining('leads: false'),
    });
    expect(probes.find((p) => p.right === 'contacts: configured fields')).toMatchObject({
      ok: false,
      problem: expect.stringContaining('Customer_No__c'),
    });
    expect(probes.find((p) => p.right === 'contacts: write')).toMatchObject({ ok: null });
    expect(w.server.log.every((l) => l.method === 'GET')).toBe(true);
  });

  it('is told where a signal can never be seen: a field, an option or a form that does not exist', async () => {
    const permissions = {
      newsletter: { granted: { field: 'Language__c', equals: 'Fi' }, refused: { field: 'Serial__c', equals: 'x' } },
    };
    await using w = await world({
      register: { for: 'customer', erasureSignal: { field: 'Erase__c', equals: 'please' }, permissions },
    });
    w.crm.define('contact', { name: 'Serial__c', type: 'AUTONUMBER' });
    const probes = await w.connector.check(call, false);
    const problem = probes.find((p) => p.right === 'contacts: configured fields')?.problem;
    for (const said of [
      'Erase__c is yes or no',
      'Language__c has no option "Fi"; the nearest is "fi"',
      'Serial__c cannot be edited',
    ])
      expect(problem).toContain(said);
    expect(probes.find((p) => p.right === 'leads: configured fields')).toMatchObject({
      ok: false,
      problem: expect.stringContaining('Language__c is no field of a lead'),
    });
  });

  it('is checked by writing only when asked, and leaves nobody behind', async () => {
    await using w = await world();
    expect((await w.connector.check(call, true)).find((p) => p.right === 'contacts: write')).toEqual({
      right: 'contacts: write',
      ok: true,
    });
    expect(w.crm.ids('contact')).toEqual([]);
  });

  describe('by a write test that fails midway', () => {
    const nobody = async (w: Awaited<ReturnType<typeof world>>) => {
      expect((await poll(w, null)).records).toEqual([]);
      for await (const page of w.recipient.list(call)) expect(page).toEqual([]);
    };
    const said = async (w: Awaited<ReturnType<typeof world>>) =>
      (await w.connector.check(call, true)).find((p) => p.right === 'contacts: write');

    it.each(['server-error', 'commit-then-drop', 'garbage-200', 'cut-body'] as const)(
      'removes its contact all the same, and says that the system did not answer (PUT: %s)',
      async (kind) => {
        await using w = await world();
        w.server.fault({ method: 'PUT', kind });
        await expect(w.connector.check(call, true)).rejects.toMatchObject({ code: expect.stringMatching(/ANSWER/) });
        expect(w.crm.ids('contact')).toEqual([]);
      },
    );

    it.each(['commit-then-drop', 'garbage-200', 'cut-body'] as const)(
      'finds it when the answer was lost (POST: %s)',
      async (kind) => {
        await using w = await world();
        w.server.fault({ method: 'POST', kind });
        await expect(w.connector.check(call, true)).rejects.toMatchObject({ code: expect.stringMatching(/ANSWER/) });
        expect(w.crm.ids('contact')).toEqual([]);
      },
    );

    it('believes a deletion whose answer was lost after a look', async () => {
      await using w = await world();
      w.server.fault({ method: 'DELETE', kind: 'commit-then-drop' });
      expect(await said(w)).toEqual({ right: 'contacts: write', ok: true });
    });

    it('names the contact that it could not remove, which no poll, list or look takes for a person', async () => {
      await using w = await world();
      w.server.fault({ method: 'DELETE', kind: 'server-error', times: 5 });
      const probe = await said(w);
      const [id = ''] = w.crm.ids('contact');
      expect(probe).toMatchObject({ ok: false, problem: expect.stringContaining(`contact ${id} remains`) });
      await nobody(w);
      expect(await w.register.look({ place: 'contact', id }, call)).toEqual({ kind: 'gone' });
    });

    it('takes a person of nearly that name for a person', async () => {
      await using w = await world();
      w.crm.add('contact', { FIRST_NAME: 'Kaiku', LAST_NAME: 'Write test, may be deleted' });
      expect((await poll(w, null)).records).toHaveLength(1);
    });
  });
});

describe('a webhook', () => {
  const asked = (rawBody: string) => ({ headers: {}, rawBody: Buffer.from(rawBody), now: new Date() });

  it('is a hint of where to look, and nothing more', async () => {
    await using w = await world();
    const id = w.crm.add('contact', { FIRST_NAME: 'Aino' });
    const body = w.crm.webhookBody('contact', id);
    expect(body).toContain('"\\/Date(');
    const hints = w.webhook.hints(asked(body));
    expect(hints).toEqual([{ place: 'contact', locator: id }]);
    expect(await w.webhook.follow(hints?.[0] ?? { place: '', locator: '' }, call)).toEqual([{ place: 'contact', id }]);
  });

  it('about something else is of no interest, and in another form is not theirs', async () => {
    await using w = await world();
    expect(w.webhook.hints(asked('{"entity":{"TASK_ID":5,"CONTACT_ID":7}}'))).toEqual([]);
    expect(w.webhook.hints(asked('{"entity":{"ORGANISATION_ID":5}}'))).toEqual([]);
    for (const other of ['', 'hello', '[]', '{"CONTACT_ID":7}', '{"entity":7}']) expect(w.webhook.hints(asked(other))).toBeNull();
  });
});

describe('a sole trader', () => {
  async function trader(name: string) {
    const w = await world();
    const firm = w.crm.add('organisation', { ORGANISATION_NAME: name });
    const contact = (who: string) =>
      w.crm.add('contact', { FIRST_NAME: who, LAST_NAME: 'Virtanen', ORGANISATION_ID: Number(firm) });
    return { w, firm, contact, ref: { place: 'contact', id: contact('Aino') } };
  }

  it('is forgotten with the company that is nobody else', async () => {
    const { w, ref } = await trader('Tmi Aino Virtanen');
    await using _ = w;
    expect(await w.recipient.erase(ref, call)).toMatchObject({ kind: 'accepted' });
    const deleted = w.server.log.filter(({ method }) => method === 'DELETE').map(({ path }) => path.split('/')[2]);
    expect(deleted).toEqual(['Organisations', 'Contacts']);
  });

  it('leaves a company for which somebody else acts, and a company that is one', async () => {
    for (const [name, more] of [
      ['Tmi Aino Virtanen', true],
      ['Virtanen Oy', false],
    ] as const) {
      const { w, ref, contact } = await trader(name);
      await using _ = w;
      if (more) contact('Eino');
      expect(await w.recipient.erase(ref, call)).toMatchObject({ kind: 'accepted' });
      expect(w.server.log.filter(({ method }) => method === 'DELETE').map(({ path }) => path.split('/')[2])).toEqual([
        'Contacts',
      ]);
    }
  });
});

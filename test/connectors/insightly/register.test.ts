import { describe, expect, it } from 'vitest';
import type { SandboxRequest } from '../../../src/connectors/sandbox.ts';
import { call, clock, poll, registerOptions, type World, world } from './setup.ts';

const emails = (records: { person: { email?: string } }[]) => records.map((r) => r.person.email).sort();
const fill = (crm: World['crm'], count: number) =>
  Array.from({ length: count }, (_, n) =>
    crm.add('contact', { FIRST_NAME: 'Aino', LAST_NAME: `Mäkelä ${n}`, EMAIL_ADDRESS: `aino.${n}@asiakas.test` }),
  );

/** Lets something happen at the vendor just before a list request is answered. */
function between(crm: World['crm'], act: (request: SandboxRequest, nth: number) => void) {
  const handle = crm.handle.bind(crm);
  let lists = 0;
  crm.handle = (request) => {
    if (/Contacts(\/Search)?$/.test(request.path) && request.query.get('brief') === null) act(request, ++lists);
    return handle(request);
  };
}

describe('a poll', () => {
  it('reads everybody at first and nobody new afterwards', async () => {
    const time = clock();
    await using w = await world({ now: time.now });
    fill(w.crm, 3);
    time.pass(60);
    w.crm.add('contact', { FIRST_NAME: 'Onni', EMAIL_ADDRESS: 'onni@asiakas.test' });
    const first = await poll(w, null);
    expect(emails(first.records)).toEqual([
      'aino.0@asiakas.test',
      'aino.1@asiakas.test',
      'aino.2@asiakas.test',
      'onni@asiakas.test',
    ]);
    time.pass(60);
    w.crm.add('contact', { FIRST_NAME: 'Eino', EMAIL_ADDRESS: 'eino@asiakas.test' });
    time.pass(60);
    // whoever changed last is read once more: the overlap; the ledger knows an echo
    expect(emails((await poll(w, first.cursor)).records)).toEqual(['eino@asiakas.test', 'onni@asiakas.test']);
  });

  it('sees a row that changed in the same second as the last one it saw, but after the poll', async () => {
    const time = clock();
    await using w = await world({ now: time.now });
    const [one, two] = fill(w.crm, 2) as [string, string];
    time.pass(60);
    fill(w.crm, 1);
    const start = await poll(w, null);
    time.pass(60);
    w.crm.update('contact', one, { LAST_NAME: 'Åberg' });
    const first = await poll(w, start.cursor);
    expect(first.records.map((r) => r.ref.id)).toContain(one);
    expect(first.records.map((r) => r.ref.id)).not.toContain(two);
    w.crm.update('contact', two, { LAST_NAME: 'Öhman' });
    w.crm.update('contact', one, { LAST_NAME: 'Åström' });
    const second = await poll(w, first.cursor);
    expect(second.records.map((r) => r.person.familyName).sort()).toEqual(['Åström', 'Öhman'].sort());
  });

  it('resumes at the page after a kill', async () => {
    await using w = await world({ settings: { pageSize: 10 } });
    fill(w.crm, 35);
    const seen: string[] = [];
    let saved: string | null = null;
    for await (const page of w.register.changes('contact', null, call)) {
      seen.push(...page.records.map((r) => r.ref.id));
      saved = page.cursor;
      if (seen.length === 20) break;
    }
    const requests = w.server.log.length;
    const rest = await poll(w, saved);
    expect(rest.records).toHaveLength(15);
    expect(new Set([...seen, ...rest.records.map((r) => r.ref.id)]).size).toBe(35);
    expect(w.server.log.length - requests).toBe(2);
  });

  it.each(['by-id', 'fixed', 'each-time'] as const)(
    'misses nothing that changes while it pages, rows ordered %s',
    async (order) => {
      const time = clock();
      await using w = await world({ now: time.now, order, settings: { pageSize: 10 } });
      const ids = fill(w.crm, 45);
      time.pass(3600);
      let round = 0;
      between(w.crm, () => {
        // a busy office: somebody changes with every page we read, seconds apart, and only in the first rounds
        if (++round > 12) return;
        time.pass(20);
        w.crm.update('contact', ids[(round * 7) % ids.length] ?? '', { TITLE: `round ${round}` });
      });
      const known = new Map<string, string | undefined>();
      let cursor: string | null = null;
      for (let n = 0; n < 4; n++) {
        const read = await poll(w, cursor);
        for (const record of read.records) known.set(record.ref.id, record.person.jobTitle);
        cursor = read.cursor;
        time.pass(60);
      }
      expect(known.size).toBe(45);
      for (const id of ids) expect(known.get(id)).toBe(w.crm.record('contact', id)?.TITLE ?? undefined);
    },
  );

  it('misses nobody when a row before the window is deleted while it pages', async () => {
    await using w = await world({ settings: { pageSize: 10 } });
    const ids = fill(w.crm, 35);
    between(w.crm, (request) => {
      if (request.query.get('skip') === '20') w.crm.remove('contact', ids[3] ?? '');
    });
    const read = await poll(w, null);
    expect(new Set(read.records.map((r) => r.ref.id)).size).toBe(35);
  });

  it('does not read everything again after a long first run over an old register', async () => {
    const time = clock('2019-01-01T00:00:00Z');
    await using w = await world({ now: time.now, settings: { pageSize: 10 } });
    for (let n = 0; n < 95; n++) {
      fill(w.crm, 1);
      time.pass(86_400);
    }
    const first = await poll(w, null);
    expect(first.records).toHaveLength(95);
    expect((await poll(w, first.cursor)).records.length).toBeLessThanOrEqual(20);
  });

  it('keeps its place when nothing proves that it saw everybody', async () => {
    await using w = await world();
    fill(w.crm, 3);
    const handle = w.crm.handle.bind(w.crm);
    let turn = 0;
    w.crm.handle = async (request) => {
      const said = await handle(request);
      if (!said.headers?.['x-total-count']) return said;
      const rows = JSON.parse(String(said.body)) as unknown[];
      const shown = request.query.get('skip') === '0' ? [rows[turn++ % 2]] : [];
      return { ...said, body: JSON.stringify(shown), headers: { ...said.headers, 'x-total-count': '3' } };
    };
    const read = await poll(w, null);
    expect(JSON.parse(read.cursor ?? '')).toMatchObject({ since: null, skip: 0 });
  });

  it('asks again only when the list must have moved, and ends at the last page without an extra request', async () => {
    await using w = await world({ settings: { pageSize: 10 } });
    fill(w.crm, 10);
    await poll(w, null);
    expect(w.server.log).toHaveLength(1);
  });

  it('refuses a cursor that is not its own instead of starting from zero', async () => {
    await using w = await world();
    for (const cursor of ['', '0', 'null', '{"since":"yesterday"}', '2025-04-19 00:49:32']) {
      await expect(poll(w, cursor)).rejects.toThrow('cursor is damaged');
    }
  });

  it('takes the dates as UTC wherever the process runs', async () => {
    const before = process.env.TZ;
    process.env.TZ = 'America/New_York';
    try {
      await using w = await world({ now: clock().now });
      fill(w.crm, 1);
      const read = await poll(w, null);
      expect(read.records[0]?.changedAt.toISOString()).toBe('2025-04-19T00:49:32.000Z');
      expect(JSON.parse(read.cursor ?? '').since).toBe('2025-04-19T00:49:32Z');
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });
});

describe('a row', () => {
  it('says what happened and when, by the date fields that the configuration names, and leaves out what is empty', async () => {
    const events = { 'last-contact': 'Last_Met__c', 'relationship-end': 'Ended__c', 'employment-end': 'changedAt' };
    await using w = await world({ register: { ...registerOptions, events } });
    w.crm.add('contact', { FIRST_NAME: 'Aino', Last_Met__c: '2024-03-05 22:30:00', Ended__c: null });
    // half past ten in the evening in UTC is the next day for a Finnish company
    expect((await poll(w, null)).records[0]?.events).toEqual({ 'last-contact': '2024-03-06' });
  });

  it('becomes a person with company, addresses and permissions', async () => {
    await using w = await world({
      settings: {
        map: {
          customerNumber: 'Customer_No__c',
          'organisation.businessId': 'organisation.Business_Id__c',
          'custom.site': 'Site__c',
        },
      },
    });
    const company = w.crm.add('organisation', {
      ORGANISATION_NAME: 'Asunto Oy Lahden Salmi',
      Business_Id__c: '1234567-1',
      ADDRESS_BILLING_STREET: 'Hämeenkatu 1',
      ADDRESS_BILLING_CITY: 'Lahti',
    });
    w.crm.add('contact', {
      FIRST_NAME: 'Väinö',
      LAST_NAME: 'Söderström',
      EMAIL_ADDRESS: ' vaino@asiakas.test ',
      PHONE_MOBILE: '040 1234567',
      ORGANISATION_ID: Number(company),
      DATE_OF_BIRTH: '1980-05-01 00:00:00',
      ADDRESS_MAIL_STREET: 'Kirkkokatu 2',
      Customer_No__c: 'C-1',
      Site__c: 'north',
      Newsletter__c: true,
      Erase__c: true,
    });
    const { records } = await poll(w, null);
    expect(records[0]).toMatchObject({
      role: 'customer',
      erase: true,
      granted: { newsletter: true },
      refused: { newsletter: false },
      organisation: { id: company, name: 'Asunto Oy Lahden Salmi', businessId: '1234567-1' },
      person: {
        givenName: 'Väinö',
        familyName: 'Söderström',
        email: 'vaino@asiakas.test',
        mobile: '040 1234567',
        birthDate: '1980-05-01',
        customerNumber: 'C-1',
        address: { street: 'Kirkkokatu 2' },
        billingAddress: { street: 'Hämeenkatu 1', city: 'Lahti' },
        organisation: { name: 'Asunto Oy Lahden Salmi', businessId: '1234567-1' },
        custom: { site: 'north' },
      },
    });
  });

  it('of a lead is a prospect, and after its conversion the same person as the contact', async () => {
    await using w = await world();
    const lead = w.crm.add('lead', { LAST_NAME: 'Koskinen', LEAD_SOURCE_ID: 1, LEAD_STATUS_ID: 1 });
    const before = await poll(w, null, 'lead');
    expect(before.records[0]).toMatchObject({ role: 'prospect', person: { familyName: 'Koskinen' } });
    expect(before.records[0]?.person.email).toBeUndefined();
    const contact = w.crm.convert(lead);
    const after = await poll(w, before.cursor, 'lead');
    expect(after.records[0]?.sameAs).toEqual({ place: 'contact', id: contact });
  });

  it.each([
    ['True', true],
    ['true', true],
    [1, true],
    ['False', false],
    [0, false],
    [null, false],
  ])('whose erasure field is %j signals %s', async (value, expected) => {
    await using w = await world();
    w.crm.add('contact', { FIRST_NAME: 'Helmi', Erase__c: value });
    expect((await poll(w, null)).records[0]?.erase).toBe(expected);
  });

  it('reads its company once for a whole page of colleagues, and all companies at once when there are many', async () => {
    await using w = await world();
    for (let n = 0; n < 60; n++) {
      const company = w.crm.add('organisation', { ORGANISATION_NAME: `Yhtiö ${n}` });
      w.crm.add('contact', { FIRST_NAME: 'A', ORGANISATION_ID: Number(company) });
      w.crm.add('contact', { FIRST_NAME: 'B', ORGANISATION_ID: Number(company) });
    }
    const { records } = await poll(w, null);
    expect(records.every((r) => r.organisation?.name?.startsWith('Yhtiö'))).toBe(true);
    expect(w.server.log.filter((l) => l.path.includes('Organisations'))).toHaveLength(1);
  });
});

describe('a row of an odd form', () => {
  it.each([
    ['1980-05-01', '1980-05-01'],
    ['1980-05-01 00:00:00', '1980-05-01'],
    ['1985-04-30 21:00:00', '1985-05-01'],
    ['1980-01-31T22:00:00Z', '1980-02-01'],
    ['30.4.1980', undefined],
  ])('whose birth date is %s was born on %s, for users in Helsinki', async (text, born) => {
    await using w = await world({ settings: { timeZone: 'Europe/Helsinki' } });
    w.crm.add('contact', { FIRST_NAME: 'Aino', DATE_OF_BIRTH: text });
    expect((await poll(w, null)).records[0]?.person.birthDate).toBe(born);
  });

  it.each([
    ['LINK_OBJECT_NAME', 'LINK_OBJECT_ID'],
    ['OBJECT_NAME', 'OBJECT_ID'],
  ])('acts for the one organisation that a link names as %s', async (name, id) => {
    await using w = await world();
    const company = w.crm.add('organisation', { ORGANISATION_NAME: 'Asunto Oy Salmi' });
    const link = { LINK_ID: 1, ROLE: 'chair', [name]: 'Organisation', [id]: Number(company) };
    const contact = w.crm.add('contact', { FIRST_NAME: 'Aino', LINKS: [link] });
    expect((await poll(w, null)).records[0]?.organisation).toEqual({ id: company, name: 'Asunto Oy Salmi' });
    const other = w.crm.add('organisation', { ORGANISATION_NAME: 'Toinen Oy' });
    w.crm.update('contact', contact, { LINKS: [link, { ...link, [id]: Number(other) }] });
    // of two nobody says which; the field of its own does
    expect((await poll(w, null)).records[0]?.organisation).toBeUndefined();
    w.crm.update('contact', contact, { ORGANISATION_ID: Number(other) });
    expect((await poll(w, null)).records[0]?.organisation?.id).toBe(other);
  });

  it('with a company that is hidden or gone is still a person, without its name', async () => {
    await using w = await world();
    const company = w.crm.add('organisation', { ORGANISATION_NAME: 'Asunto Oy Salmi' });
    w.crm.add('contact', { FIRST_NAME: 'Aino', ORGANISATION_ID: Number(company) });
    w.crm.hide('organisation', company);
    expect((await poll(w, null)).records).toMatchObject([{ person: { givenName: 'Aino' }, organisation: { id: company } }]);
    await using gone = await world();
    gone.crm.add('contact', { FIRST_NAME: 'Aino', ORGANISATION_ID: 5 });
    expect((await poll(gone, null)).records).toHaveLength(1);
  });

  it('reads a custom field whose value is a list, missing, or under the other of its two names', async () => {
    await using w = await world({ settings: { map: { 'custom.trades': 'Interests__c', 'custom.site': 'Site__c' } } });
    const id = w.crm.add('contact', { FIRST_NAME: 'Aino' });
    const trades = async () => (await poll(w, null)).records[0]?.person.custom;
    expect(await trades()).toBeUndefined();
    w.crm.update('contact', id, { Interests__c: ['Heating', 'Plumbing'] });
    expect(await trades()).toEqual({ trades: 'Heating;Plumbing' });
    const row = w.crm.record('contact', id);
    if (row)
      row.CUSTOMFIELDS = [
        { CUSTOM_FIELD_ID: 'Site__c', FIELD_VALUE: 'north' },
        { FIELD_NAME: 'Interests__c', FIELD_VALUE: null },
      ];
    expect(await trades()).toEqual({ site: 'north' });
  });
});

describe('an erasure that is asked for by a tag', () => {
  it('is seen though the tag left the date of the record as it was', async () => {
    const time = clock();
    await using w = await world({
      now: time.now,
      register: { ...registerOptions, erasureSignal: { field: 'TAGS', equals: 'erase' } },
    });
    const [id] = fill(w.crm, 3) as [string];
    time.pass(3600);
    fill(w.crm, 1);
    const first = await poll(w, null);
    expect(first.records.some((r) => r.erase)).toBe(false);
    time.pass(3600);
    const { url } = w.server;
    await fetch(`${url}/v3.1/Contacts/${id}/Tags`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from('key:').toString('base64')}` },
      body: JSON.stringify({ TAG_NAME: 'erase' }),
    });
    const second = await poll(w, first.cursor);
    expect(second.records.filter((r) => r.erase).map((r) => r.ref.id)).toEqual([id]);
    expect(second.cursor).toBe((await poll(w, second.cursor)).cursor);
  });
});

describe('a look', () => {
  it('tells found from gone from hidden', async () => {
    await using w = await world();
    const [id] = fill(w.crm, 1) as [string];
    const ref = { place: 'contact', id };
    expect(await w.register.look(ref, call)).toMatchObject({ kind: 'found', record: { ref } });
    w.crm.hide('contact', id);
    expect(await w.register.look(ref, call)).toEqual({ kind: 'hidden' });
    w.crm.hide('contact', id, false);
    w.crm.remove('contact', id);
    expect(await w.register.look(ref, call)).toEqual({ kind: 'gone' });
  });
});

describe('a sweep', () => {
  it('is complete when as many ids came as the total says', async () => {
    await using w = await world({ settings: { pageSize: 10 } });
    const ids = fill(w.crm, 35);
    expect(await w.register.sweep('contact', call)).toEqual({ ids: new Set(ids), complete: true });
    expect(await w.register.total('contact', call)).toBe(35);
  });

  it('says that its total moved, that a page failed, or that ids are missing', async () => {
    await using w = await world({ settings: { pageSize: 10 } });
    const ids = fill(w.crm, 35);
    const handle = w.crm.handle.bind(w.crm);
    let nth = 0;
    w.crm.handle = (request) => {
      if (++nth === 2) w.crm.remove('contact', ids[0] ?? '');
      return handle(request);
    };
    expect(await w.register.sweep('contact', call)).toMatchObject({ complete: false, why: 'total-changed' });
    w.crm.handle = handle;
    w.server.fault({ kind: 'garbage-200' });
    expect(await w.register.sweep('contact', call)).toMatchObject({ complete: false, why: 'page-failed' });
    w.server.fault({ kind: 'html-502', times: 9 });
    expect(await w.register.sweep('contact', call)).toMatchObject({ complete: false, why: 'page-failed' });
    w.server.clearFaults();
    await using shuffled = await world({ order: 'each-time', settings: { pageSize: 10 } });
    fill(shuffled.crm, 35);
    expect(await shuffled.register.sweep('contact', call)).toMatchObject({ complete: false, why: 'page-shifted' });
  });

  it('is not complete when one row goes and another comes meanwhile, though the total stands still', async () => {
    await using w = await world({ settings: { pageSize: 10 } });
    const ids = fill(w.crm, 35);
    const handle = w.crm.handle.bind(w.crm);
    let nth = 0;
    w.crm.handle = (request) => {
      if (++nth === 2) {
        w.crm.remove('contact', ids[3] ?? '');
        fill(w.crm, 1);
      }
      return handle(request);
    };
    expect(await w.register.sweep('contact', call)).toMatchObject({ complete: false, why: 'page-shifted' });
    w.crm.handle = handle;
    expect((await w.register.sweep('contact', call)).ids).toEqual(new Set(w.crm.ids('contact')));
  });

  it('throws that the day is spent, so that the register is parked', async () => {
    await using w = await world({ settings: { pageSize: 10 }, quota: 2 });
    fill(w.crm, 35);
    await expect(w.register.sweep('contact', call)).rejects.toMatchObject({ code: 'RECIPIENT_QUOTA_SPENT' });
  });

  it('lacks the loser of a merge, who is then gone; the winner has the address', async () => {
    await using w = await world();
    const [winner, loser] = [
      w.crm.add('contact', { FIRST_NAME: 'Aino', PHONE: '1' }),
      w.crm.add('contact', { FIRST_NAME: 'Aino', EMAIL_ADDRESS: 'aino@asiakas.test' }),
    ];
    w.crm.merge(winner, loser);
    expect((await w.register.sweep('contact', call)).ids).toEqual(new Set([winner]));
    expect(await w.register.look({ place: 'contact', id: loser }, call)).toEqual({ kind: 'gone' });
    expect(await w.recipient.find({ email: 'aino@asiakas.test' }, 'contact', call)).toMatchObject([{ ref: { id: winner } }]);
    expect((await poll(w, null)).records).toMatchObject([{ person: { email: 'aino@asiakas.test', phone: '1' } }]);
  });

  it('does not take a hidden row for a deleted one', async () => {
    await using w = await world();
    const [id] = fill(w.crm, 2) as [string, string];
    w.crm.hide('contact', id);
    expect((await w.register.sweep('contact', call)).ids.has(id)).toBe(false);
    expect(await w.register.look({ place: 'contact', id }, call)).toEqual({ kind: 'hidden' });
  });
});

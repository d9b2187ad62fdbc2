import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { sweepRegister } from '../../src/jobs/sweep-register.ts';
import { rows } from '../../src/store/database.ts';
import { openJourney, until } from './hub.ts';

it('carries the contact of a write test that failed midway nowhere, and everybody else as ever', async () => {
  const journey = await openJourney(undefined, { accounting: {} });
  try {
    journey.crmServer.fault({ method: 'PUT', path: 'Contacts', kind: 'server-error' });
    journey.crmServer.fault({ method: 'DELETE', path: 'Contacts', kind: 'server-error' });
    const checked = await journey.post('/systems/crm/check', { writeTest: true });
    const [id = ''] = journey.crm.ids('contact');
    expect(checked.json).toMatchObject({ ok: false, problem: expect.stringContaining(id) });
    // the operator looks again, and the register is read on with the contact still in it
    expect((await journey.post('/systems/crm/check')).json).toMatchObject({ ok: true });
    expect(await sweepRegister(journey.needs, 'crm')).toMatchObject([{ complete: true }, { complete: true }]);
    journey.customer();
    await until('Aino in accounting and in the newsletter', async () => {
      const there = journey.accounting.customers().length > 0 && journey.newsletter.members('ab12cd34ef').length > 0;
      return there || undefined;
    });
    expect(journey.crm.ids('contact')).toHaveLength(2);
    expect(await rows(journey.needs.db, sql`SELECT id FROM subject`)).toHaveLength(1);
    expect(journey.accounting.customers()).toHaveLength(1);
    expect(journey.newsletter.members('ab12cd34ef')).toHaveLength(1);
  } finally {
    await journey.close();
  }
});

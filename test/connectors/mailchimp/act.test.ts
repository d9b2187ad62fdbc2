import { describe, expect, it } from 'vitest';
import { mailchimpSandbox } from '../../../src/connectors/mailchimp/sandbox.ts';
import { serveSandbox } from '../../../src/connectors/sandbox.ts';
import { aino, audience, officialClient } from './setup.ts';

describe('the sandbox as a program', () => {
  it('takes any key, has audiences to find, and is driven from outside', async () => {
    const vendor = mailchimpSandbox();
    const server = await serveSandbox(vendor);
    const deed = (what: object) => fetch(`${server.url}/_sandbox/act`, { method: 'POST', body: JSON.stringify(what) });
    try {
      const { lists } = officialClient(server.url, 'any-us6');
      expect((await deed({ do: 'seed', count: 3 })).status).toBe(200);
      expect(
        (
          await deed({
            do: 'seed',
            audiences: [{ id: 'new0000001', double_optin: true, members: [{ email: 'x@sahko.test', status: 'cleaned' }] }],
          })
        ).status,
      ).toBe(200);
      expect((await deed({ do: 'add', members: [{ email: aino, FNAME: 'Aino' }] })).status).toBe(200);
      expect(await lists.getListMembersInfo(audience)).toMatchObject({ total_items: 4 });
      expect(await lists.getListMembersInfo('new0000001', { status: 'cleaned' })).toMatchObject({ total_items: 1 });
      for (const what of [
        { do: 'changeAddress', email: aino, to: 'uusi@sahko.test' },
        { do: 'editProfile', email: 'uusi@sahko.test', merge: { FNAME: 'Aini' } },
        { do: 'unsubscribe', email: 'uusi@sahko.test' },
      ])
        expect((await deed(what)).status).toBe(200);
      expect(vendor.member(audience, 'uusi@sahko.test')).toMatchObject({
        status: 'unsubscribed',
        merge_fields: { FNAME: 'Aini' },
      });
      expect((await deed({ do: 'switch', compliance: false })).status).toBe(200);
      expect(vendor.switches).toEqual({
        compliance: false,
        duplicateWebhooks: false,
        reorderWebhooks: false,
        batchTrouble: 'none',
      });
      expect((await deed({ do: 'nonsense' })).status).toBe(400);
      expect((await deed({ do: 'clean', email: 'nobody@sahko.test' })).status).toBe(400);
    } finally {
      await server.close();
    }
  });
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { insightly } from '../../../src/connectors/insightly/connector.ts';
import { type Description, validatingProxy } from '../../contract/validating-proxy.ts';
import { call, wire, world } from './setup.ts';

/** The description is at https://api.na1.insightly.com/v3.1/swagger/docs/v3.1 for whoever has an account. */
const file = join(process.env['KAIKU_OPENAPI_DIR'] ?? join(import.meta.dirname, '../../../.tools/openapi'), 'insightly.json');

it.skipIf(!existsSync(file))('keeps to the official description with tags and definitions', async () => {
  await using w = await world();
  const exceptions = [
    { because: 'dates have a blank and no zone (recorded 2025)', covers: (v: { what: string }) => v.what.startsWith('format') },
    {
      because: 'a PUT is partial (vendor documentation)',
      covers: (v: { where: string; operation: string; what: string }) =>
        v.where === 'request' && v.operation.startsWith('PUT') && v.what.startsWith('required'),
    },
    { because: 'FIELD_VALUE is a plain value (recorded 2025)', covers: (v: { at: string }) => v.at.endsWith('/FIELD_VALUE') },
    {
      because: '404 is documented in prose alone',
      covers: (v: { where: string; at: string }) => v.where === 'answer' && v.at === '404',
    },
  ];
  const proxy = await validatingProxy(JSON.parse(readFileSync(file, 'utf8')) as Description, '/v3.1', w.server.url, exceptions);
  try {
    const { recipient, register, check } = insightly.connect(
      {
        system: 'crm',
        baseUrl: `${proxy.url}/v3.1`,
        credentials: { apiKey: 'key' },
        settings: insightly.settings.parse({ pageSize: 2 }),
        register: {
          for: 'customer',
          erasureSignal: { field: 'TAGS', equals: 'erase' },
          permissions: {
            newsletter: { refused: { field: 'TAGS', equals: 'no-mail' } },
            news: { refused: { field: 'Interests__c', equals: 'Heating' } },
          },
        },
      },
      wire,
    );
    const ids = [1, 2, 3].map(() => w.crm.add('contact', { FIRST_NAME: 'Aino', Interests__c: 'Plumbing' }));
    await check(call, false);
    expect(await recipient?.restrict({ place: 'contact', id: ids[0] ?? '' }, [], call)).toMatchObject({ kind: 'accepted' });
    for await (const page of register?.changes('contact', null, call) ?? []) expect(page.cursor).toBeTruthy();
    expect((await register?.sweep('contact', call))?.complete).toBe(true);
    expect(await register?.look({ place: 'lead', id: '5' }, call)).toEqual({ kind: 'gone' });
    expect(proxy.violations).toEqual([]);
    expect([...proxy.operations].map((name) => name.replace(/\{\w+\}/, '{id}'))).toEqual(
      expect.arrayContaining(['POST /Contacts/{id}/Tags', 'GET /Contacts/SearchByTag', 'GET /CustomFields/{id}']),
    );
  } finally {
    await proxy.close();
  }
});

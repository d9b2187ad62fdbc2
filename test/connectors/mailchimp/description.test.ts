import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createWire, memoryGate } from '../../../src/connectors/http.ts';
import { mailchimp } from '../../../src/connectors/mailchimp/connector.ts';
import { type Description, validatingProxy } from '../../contract/validating-proxy.ts';
import { aino, audience, call, given, refOf, world } from './setup.ts';

/** `node test/contract/fetch-descriptions.mjs` brings the vendor's own description, which is not ours to ship. */
const file = join(process.env['KAIKU_OPENAPI_DIR'] ?? join(import.meta.dirname, '../../../.tools/openapi'), 'mailchimp.json');

it.skipIf(!existsSync(file))('keeps to the official description with interests, tags and batches', async () => {
  await using w = await world({
    audiences: [
      {
        id: audience,
        interests: [{ id: 'heat01', name: 'Heating', category: 'Trades' }],
        merge_fields: [{ tag: 'BDAY', type: 'birthday' }],
      },
    ],
  });
  const unset = {
    because: 'a time that is unset is an empty text (recorded 2021), the description says date-time',
    covers: (v: { where: string; at: string; what: string }) => v.where === 'answer' && v.what.startsWith('format'),
  };
  const proxy = await validatingProxy(JSON.parse(readFileSync(file, 'utf8')) as Description, '/3.0', w.server.url, [unset]);
  try {
    const { recipient, check } = mailchimp.connect(
      {
        system: 'newsletter',
        baseUrl: `${proxy.url}/3.0`,
        credentials: { apiKey: 'key-us1' },
        settings: mailchimp.settings.parse({
          audiences: [audience],
          map: { FNAME: 'givenName', BDAY: { field: 'birthDate', as: 'birthday' } },
          interests: { heat01: 'custom.heating' },
          tags: { 'VIP customer': 'custom.vip' },
        }),
      },
      createWire({ gate: memoryGate({ connections: 8 }), deadlineMs: 2000 }),
    );
    if (!recipient) throw new Error('Mailchimp is a recipient');
    await check(call, false);
    const fields = given({ email: aino, givenName: 'Aino', birthDate: '1980-05-01', 'custom.heating': true, 'custom.vip': true });
    const ref = refOf(await recipient.create(fields, audience, call));
    refOf(await recipient.rectify(ref, given({ 'custom.heating': false, 'custom.vip': false }), ['birthDate'], call));
    const items = Array.from({ length: 10 }, (_, n) => {
      const { id, contact_id } = w.vendor.seedMember(audience, { email: `n${n}@sahko.test` });
      return {
        ref: { place: audience, id: String(contact_id), key: String(id) },
        fields: given({ givenName: 'Aino' }),
        blanked: [],
      };
    });
    await recipient.rectifyMany?.(items, call);
    expect(proxy.violations).toEqual([]);
    for (const used of ['POST /batches', 'GET /batches/{batch_id}', 'POST /lists/{list_id}/members/{subscriber_hash}/tags'])
      expect([...proxy.operations]).toContain(used);
  } finally {
    await proxy.close();
  }
});

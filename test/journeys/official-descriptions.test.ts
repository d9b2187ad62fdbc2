import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freeCall } from '../../src/connectors/http.ts';
import { sweepRegister } from '../../src/jobs/sweep-register.ts';
import { type Description, type Exception, type ValidatingProxy, validatingProxy } from '../contract/validating-proxy.ts';
import { audience, openJourney, settled, until } from './hub.ts';

/**
 * The vendors' own descriptions are not ours to ship. `node test/contract/fetch-descriptions.mjs` brings Mailchimp's from npm;
 * Insightly's is at https://api.na1.insightly.com/v3.1/swagger/docs/v3.1 for whoever has an account.
 */
const folder = process.env['KAIKU_OPENAPI_DIR'] ?? join(import.meta.dirname, '../../.tools/openapi');
const lacking = ['insightly', 'mailchimp'].filter((vendor) => !existsSync(join(folder, `${vendor}.json`)));
const load = (vendor: string) => JSON.parse(readFileSync(join(folder, `${vendor}.json`), 'utf8')) as Description;

const insightlyExceptions: Exception[] = [
  {
    because: 'dates are sent as "yyyy-MM-dd HH:mm:ss" (recorded 2025), the description says date-time',
    covers: (v) => v.what.startsWith('format'),
  },
  {
    because: 'a PUT is partial (vendor documentation), the description demands FIRST_NAME',
    covers: (v) => v.where === 'request' && v.operation.startsWith('PUT') && v.what.startsWith('required'),
  },
  {
    because: 'a PUT and a POST are answered with 200 by the live service, the description says 201',
    covers: (v) => v.where === 'answer' && /^(PUT|POST) /.test(v.operation) && v.at === '200',
  },
  {
    because: 'FIELD_VALUE is a plain value, the description calls it an object (recorded 2025)',
    covers: (v) => v.at.endsWith('/FIELD_VALUE'),
  },
  {
    because: '404 and 429 are documented in prose alone',
    covers: (v) => v.where === 'answer' && (v.at === '404' || v.at === '429'),
  },
];
const mailchimpExceptions: Exception[] = [
  {
    because: 'a time that is unset is an empty text (recorded 2021), the description says date-time',
    covers: (v) => v.where === 'answer' && /\/timestamp_(signup|opt)$/.test(v.at) && v.what.startsWith('format'),
  },
];

it.skipIf(lacking.length === 2)(
  `holds every request and answer of a whole run to the vendors' own descriptions${lacking.length > 0 ? ` (left out: no description of ${lacking.join(' and ')} in .tools/openapi)` : ''}`,
  { timeout: 120_000 },
  async () => {
    const proxies: Record<string, ValidatingProxy> = {};
    const journey = await openJourney(async (vendor, url) => {
      if (lacking.includes(vendor)) return url;
      const proxy = await validatingProxy(
        load(vendor),
        vendor === 'insightly' ? '/v3.1' : '/3.0',
        url,
        vendor === 'insightly' ? insightlyExceptions : mailchimpExceptions,
      );
      proxies[vendor] = proxy;
      return proxy.url;
    });
    try {
      const organisation = journey.crm.add('organisation', { ORGANISATION_NAME: 'As Oy Lahden Koti' });
      const id = journey.customer({ ORGANISATION_ID: Number(organisation), DATE_OF_BIRTH: '1971-03-07 00:00:00' });
      journey.customer({ EMAIL_ADDRESS: 'onni@sahko.test', Customer_No__c: 'C-2' });
      const lead = journey.crm.add('lead', {
        FIRST_NAME: 'Impi',
        LAST_NAME: 'Salmi',
        LEAD_SOURCE_ID: 1,
        LEAD_STATUS_ID: 1,
        EMAIL: 'impi@sahko.test',
        Newsletter__c: true,
      });
      const subject = await until('the subject', () => journey.subjectOf('aino@sahko.test'));
      await settled(journey, subject, 'newsletter', 'created');
      journey.crm.update('contact', id, { EMAIL_ADDRESS: 'uusi@sahko.test' });
      await settled(journey, subject, 'newsletter', 'updated');
      journey.crm.convert(lead);
      journey.newsletter.unsubscribe('uusi@sahko.test', audience);
      for (const system of ['crm', 'newsletter']) expect((await journey.post(`/systems/${system}/check`, {})).status).toBe(200);
      await journey.post('/systems/newsletter/resync', {});
      await settled(journey, subject, 'crm', 'restricted');
      await sweepRegister(journey.needs, 'crm');
      await journey.needs.connectors['newsletter']?.recipient?.changes?.(null, freeCall);
      const opened = await journey.post('/cases', { type: 'erasure', subject });
      await journey.post(`/cases/${(opened.json as { id: string }).id}/approve`);
      await settled(journey, subject, 'crm', 'erased');
      for (const [vendor, proxy] of Object.entries(proxies)) {
        process.stdout.write(
          `${vendor}: ${proxy.requests} requests and ${proxy.answers} answers of ${proxy.operations.size} operations, ${proxy.violations.length} violations\n`,
        );
        expect(proxy.violations).toEqual([]);
        expect(proxy.requests).toBeGreaterThan(10);
      }
    } finally {
      await journey.close();
      await Promise.all(Object.values(proxies).map((p) => p.close()));
    }
  },
);

it('would see a request and an answer that break a description', async () => {
  const description: Description = {
    openapi: '3.0.0',
    paths: {
      '/things/{id}': {
        get: {
          parameters: [{ name: 'fields', in: 'query' }],
          responses: {
            200: { content: { 'application/json': { schema: { type: 'object', properties: { n: { type: 'integer' } } } } } },
          },
        },
      },
    },
  };
  const { createServer } = await import('node:http');
  const server = createServer((_request, answer) =>
    answer.writeHead(200, { 'content-type': 'application/json' }).end('{"n":"text"}'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const proxy = await validatingProxy(
    description,
    '',
    `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    [],
  );
  await fetch(`${proxy.url}/things/1?nonsense=1`);
  await fetch(`${proxy.url}/others`);
  expect(proxy.violations.map((v) => v.what)).toEqual([
    'is no parameter',
    'type must be integer',
    'is no operation of the description',
  ]);
  await proxy.close();
  server.close();
});

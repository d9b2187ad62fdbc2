import { expect, it } from 'vitest';
import { ga4Sandbox } from '../../../src/connectors/ga4/sandbox.ts';
import type { SandboxAnswer } from '../../../src/connectors/sandbox.ts';
import { property } from './subject.ts';

/** What the documentation says that Google refuses, asked of the sandbox itself. */
const url = 'http://127.0.0.1/token';

async function asked(scope: string, body: unknown, path = `/v1alpha/properties/${property}:submitUserDeletion`) {
  const vendor = ga4Sandbox();
  const ask = async (to: string, text: string, headers: Record<string, string> = {}): Promise<SandboxAnswer> =>
    vendor.handle({ method: 'POST', url, path: to, query: new URLSearchParams(), headers, body: Buffer.from(text) });
  const claims = { scope, aud: url, exp: Date.now() / 1000 + 600 };
  const assertion = `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
  const form = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
  const { access_token: token } = JSON.parse(String((await ask('/token', form.toString())).body)) as { access_token: string };
  return (await ask(path, JSON.stringify(body), { authorization: `Bearer ${token}` })).status;
}
const edit = 'https://www.googleapis.com/auth/analytics.edit';

it('takes exactly one identifier', async () => {
  expect(await asked(edit, { clientId: '1.2' })).toBe(200);
  expect(await asked(edit, {})).toBe(400);
  expect(await asked(edit, { clientId: '1.2', userId: '3' })).toBe(400);
  expect(await asked(edit, { clientId: 12 })).toBe(400);
});

it('refuses a token of another scope, and one that it never gave', async () => {
  expect(await asked('https://www.googleapis.com/auth/analytics.readonly', { clientId: '1.2' })).toBe(403);
  expect(
    (
      await ga4Sandbox().handle({
        method: 'GET',
        url,
        path: '/v1alpha/properties/1',
        query: new URLSearchParams(),
        headers: {},
        body: Buffer.alloc(0),
      })
    ).status,
  ).toBe(401);
});

it('refuses a property that the account does not see', async () => {
  expect(await asked(edit, { clientId: '1.2' }, '/v1alpha/properties/5:submitUserDeletion')).toBe(403);
});

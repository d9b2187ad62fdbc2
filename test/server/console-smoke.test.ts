import { expect, it } from 'vitest';
import { openTestHub } from './hub.ts';

it('shows the home page to a bearer, and sends a stranger to sign in', async () => {
  const hub = await openTestHub();
  const page = await hub.raw({
    method: 'GET',
    url: '/',
    headers: { authorization: 'Bearer local-token', 'accept-language': 'fi' },
  });
  expect(page.text).toContain('<html lang="fi">');
  expect(page.text).not.toContain('⟦');
  expect((await hub.raw({ method: 'GET', url: '/' })).status).toBe(303);
  await hub.close();
});

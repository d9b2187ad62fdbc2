import * as oidc from 'openid-client';
import { z } from 'zod';
import type { SignInConfig } from '../../core/configuration.ts';
import { type Role, roles } from '../../core/scope.ts';
import type { Needs } from '../../jobs/needs.ts';
import { accountByProvider } from '../../store/accounts.ts';
import { accountFromProvider } from './account.ts';
import { enter } from './sign-in.ts';

/** What the browser keeps, sealed, while it is at the provider: the answer must fit it. */
const Journey = z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), to: z.string(), until: z.number() });
type Journey = z.infer<typeof Journey>;

/** How long somebody may be at the provider, in ms. */
const patienceMs = 10 * 60_000;
const callbackPath = '/sign-in/callback';

type Provider = NonNullable<SignInConfig['oidc']>;
const known = new WeakMap<Provider, Promise<oidc.Configuration>>();

/** The provider's own description, read once; a failure is not kept. */
function describe(provider: Provider): Promise<oidc.Configuration> {
  let found = known.get(provider);
  if (!found) {
    const issuer = new URL(provider.issuer);
    found = oidc
      .discovery(issuer, provider.clientId, { client_secret: provider.clientSecret }, undefined, {
        timeout: 10,
        // the configuration lets plain http through to this machine only
        ...(issuer.protocol === 'http:' ? { execute: [oidc.allowInsecureRequests] } : {}),
      })
      .then((description) => {
        // the token's signature is checked too, although it comes straight from the provider
        oidc.enableNonRepudiationChecks(description);
        return description;
      });
    found.catch(() => known.delete(provider));
    known.set(provider, found);
  }
  return found;
}

const redirectUri = (needs: Needs) => `${needs.config.signIn?.url ?? ''}${callbackPath}`;

/** Where to send the browser, and what it must bring back. */
export async function beginJourney(needs: Needs, provider: Provider, to: string): Promise<{ url: string; sealed: string }> {
  const description = await describe(provider);
  const journey: Journey = {
    state: oidc.randomState(),
    nonce: oidc.randomNonce(),
    verifier: oidc.randomPKCECodeVerifier(),
    to,
    until: Date.now() + patienceMs,
  };
  const url = oidc.buildAuthorizationUrl(description, {
    redirect_uri: redirectUri(needs),
    scope: 'openid profile email',
    code_challenge: await oidc.calculatePKCECodeChallenge(journey.verifier),
    code_challenge_method: 'S256',
    state: journey.state,
    nonce: journey.nonce,
  });
  return { url: url.href, sealed: needs.vault.sealJson('oidc-journey', journey).toString('base64url') };
}

/** Why somebody who came back from the provider is not let in. */
export type Turned = 'expired' | 'unproven' | 'no-role';

/** The browser is back: the code is changed for an ID token, every claim of which is checked. Answers a session, or why not. */
export async function endJourney(
  needs: Needs,
  provider: Provider,
  query: string,
  sealed: string | undefined,
): Promise<{ token: string; to: string } | Turned> {
  const journey = openJourney(needs, sealed);
  if (!journey || journey.until < Date.now()) return 'expired';
  const claims = await provenClaims(needs, provider, query, journey);
  if (!claims) return 'unproven';
  const account = await accountFromProvider(
    needs,
    {
      hash: needs.vault.hash('provider', JSON.stringify([claims.iss, claims.sub])),
      name: textOf(claims['name']) ?? textOf(claims['preferred_username']) ?? textOf(claims['email']) ?? 'OpenID Connect',
      address: textOf(claims['email']) ?? null,
      roles: rolesOf(provider, claims),
    },
    (hash) => accountByProvider(needs.db, hash),
  );
  if (!account) return 'no-role';
  const { token } = await enter(needs, { id: account, address_hash: null }, 'provider');
  return { token, to: journey.to };
}

function openJourney(needs: Needs, sealed: string | undefined): Journey | null {
  try {
    const opened = Journey.safeParse(needs.vault.unsealJson('oidc-journey', Buffer.from(sealed ?? '', 'base64url')));
    return opened.success ? opened.data : null;
  } catch {
    // not ours, or cut
    return null;
  }
}

async function provenClaims(needs: Needs, provider: Provider, query: string, journey: Journey): Promise<oidc.IDToken | null> {
  const description = await describe(provider);
  try {
    const answer = await oidc.authorizationCodeGrant(description, new URL(`${redirectUri(needs)}${query}`), {
      expectedState: journey.state,
      expectedNonce: journey.nonce,
      pkceCodeVerifier: journey.verifier,
      idTokenExpected: true,
    });
    return answer.claims() ?? null;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    needs.log.warn({ code: typeof code === 'string' ? code : 'unknown' }, 'an answer of the identity provider was refused');
    return null;
  }
}

const textOf = (claim: unknown): string | undefined =>
  typeof claim === 'string' && claim.trim() !== '' ? claim.trim().slice(0, 200) : undefined;

/** Every role that any value of the claim gives. */
function rolesOf({ roles: { claim, map } }: Provider, claims: oidc.IDToken): Role[] {
  const values = [claims[claim]].flat().filter((value) => typeof value === 'string');
  return roles.filter((role) => values.some((value) => Object.hasOwn(map, value) && map[value]?.includes(role)));
}

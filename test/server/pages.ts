import type { Role } from '../../src/server/auth.ts';
import type { Answer, TestHub } from './hub.ts';

/** Pages as somebody with a role sees them, without a browser: a form is a list of its fields. */
export const openPages = (hub: TestHub) => {
  const bearer = (as: Role | 'nobody') => (as === 'nobody' ? {} : { authorization: `Bearer token-of-${as}` });
  const get = (url: string, as: Role | 'nobody' = 'admin', lang = 'en'): Promise<Answer> =>
    hub.raw({ method: 'GET', url, headers: { ...bearer(as), 'accept-language': lang } });
  const post = (url: string, fields: Record<string, string> = {}, as: Role | 'nobody' = 'admin'): Promise<Answer> =>
    hub.raw({
      method: 'POST',
      url,
      headers: { ...bearer(as), 'accept-language': 'en', 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams(fields).toString(),
    });
  return { get, post };
};

/** Where a form led to, without what was said. */
export const placeOf = (answer: Answer): string => String(answer.headers['location'] ?? '').replace(/\?.*/, '');

/** The text of a page, without its marks. */
export const textOf = (answer: Answer): string => answer.text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');

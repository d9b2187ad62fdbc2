import { randomUUID } from 'node:crypto';
import type { SandboxAnswer } from '../../sandbox.ts';

/** A "no" of the vendor's, thrown inside the sandbox and turned into problem JSON at its door. */
export class VendorProblem extends Error {
  readonly status: number;
  readonly title: string;
  readonly more: ProblemMore;
  constructor(status: number, title: string, detail: string, more: ProblemMore = {}) {
    super(detail);
    this.status = status;
    this.title = title;
    this.more = more;
  }
}

export interface ProblemMore {
  errors?: { field: string; message: string }[];
  headers?: Record<string, string>;
  /** Some recorded bodies have no `type` at all. */
  untyped?: boolean;
}

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): SandboxAnswer => ({
  status,
  headers: {
    'content-type': 'application/json; charset=utf-8',
    server: 'openresty',
    'x-request-id': randomUUID(),
    vary: 'Accept-Encoding',
    ...headers,
  },
  body: JSON.stringify(value),
});

/** 204 keeps the JSON content type (recorded traffic, 2021). */
export const noContent = (): SandboxAnswer => ({
  status: 204,
  headers: { 'content-type': 'application/json; charset=utf-8', server: 'openresty', 'x-request-id': randomUUID() },
});

/** `application/problem+json`; the request's id is the problem's instance. */
export function problemAnswer({ status, title, message: detail, more }: VendorProblem): SandboxAnswer {
  const instance = randomUUID();
  const body = {
    ...(more.untyped ? {} : { type: 'https://mailchimp.com/developer/marketing/docs/errors/' }),
    title,
    status,
    detail,
    instance,
    ...(more.errors ? { errors: more.errors } : {}),
  };
  return json(status, body, {
    'content-type': 'application/problem+json; charset=utf-8',
    'x-request-id': instance,
    link: '<https://api.mailchimp.com/schema/3.0/ProblemDetailDocument.json>; rel="describedBy"',
    ...more.headers,
  });
}

export const invalid = (detail: string, errors?: { field: string; message: string }[]) =>
  new VendorProblem(400, 'Invalid Resource', detail, errors ? { errors } : {});
export const badRequest = (detail: string) => new VendorProblem(400, 'Bad Request', detail);
export const notFound = () => new VendorProblem(404, 'Resource Not Found', 'The requested resource could not be found.');
export const notAllowed = (
  allow: string,
  detail = 'The requested method and resource are not compatible. See the Allow header for this resource’s available methods.',
) => new VendorProblem(405, 'Method Not Allowed', detail, { headers: { allow } });
export const memberExists = (email: string) =>
  new VendorProblem(400, 'Member Exists', `${email} is already a list member. Use PUT to insert or update list members.`, {
    untyped: true,
  });
export const forgotten = (email: string) =>
  new VendorProblem(
    400,
    'Forgotten Email Not Subscribed',
    `${email} was permanently deleted and cannot be re-imported. The contact must re-subscribe to get back on the list.`,
  );
export const inCompliance = (email: string) =>
  new VendorProblem(
    400,
    'Member In Compliance State',
    `${email} is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed.`,
  );
export const throttledProblem = () =>
  new VendorProblem(429, 'TooManyRequests', 'You have exceeded the limit of 10 simultaneous connections.');
export const unauthorizedProblem = () =>
  new VendorProblem(401, 'API Key Invalid', 'Your API key may be invalid, or you’ve attempted to access the wrong datacenter.');

/** The errors that the request header `X-Trigger-Error` asks for, as on the live API. */
const triggers: Record<string, () => VendorProblem> = {
  APIKeyMissing: () => new VendorProblem(401, 'API Key Missing', 'Your request did not include an API key.'),
  APIKeyInvalid: unauthorizedProblem,
  UserDisabled: () => new VendorProblem(403, 'User Disabled', 'This account has been deactivated.'),
  Forbidden: () => new VendorProblem(403, 'Forbidden', 'You are not permitted to access this resource.'),
  ResourceNotFound: notFound,
  TooManyRequests: throttledProblem,
  InternalServerError: () =>
    new VendorProblem(
      500,
      'Internal Server Error',
      'An unexpected internal error has occurred. Please contact Support for more information.',
    ),
};
export const triggered = (name: string) => (triggers[name] ?? (() => badRequest(`${name} is not the name of an error`)))();

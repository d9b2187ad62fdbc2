import type { SandboxAnswer } from '../sandbox.ts';

/** A problem document as Mailchimp sends it; `type: undefined` in `more` leaves the key out, as it was recorded for one error. */
export function problem(status: number, title: string, detail: string, instance: string, more: Record<string, unknown> = {}): SandboxAnswer {
  return {
    status,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      server: 'openresty',
      'x-request-id': instance,
      link: '<https://us1.api.mailchimp.com/schema/3.0/ProblemDetailDocument.json>; rel="describedBy"',
    },
    body: JSON.stringify({ type: 'https://mailchimp.com/developer/marketing/docs/errors/', title, status, detail, instance, ...more }),
  };
}

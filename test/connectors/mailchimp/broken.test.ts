import { catchesBreakages, catchesSpoiltCalls, jsonOf, lossIs, sentAs } from '../../conformance/breakages.ts';
import { mailchimpSubject } from './subject.ts';

catchesBreakages('mailchimp', mailchimpSubject);

catchesSpoiltCalls('mailchimp, sending something else,', mailchimpSubject, [
  {
    what: 'archives with DELETE instead of the permanent deletion',
    by: 'erases, which is more than archiving',
    spoil: sentAs(
      ({ url }) => url.endsWith('/actions/delete-permanent'),
      (request) => ({ ...request, method: 'DELETE', url: request.url.replace('/actions/delete-permanent', '') }),
    ),
  },
  {
    what: 'drops the new address of a PATCH',
    by: 'changes an address and keeps the row: one row, the same id, nobody at the old address',
    spoil: sentAs(
      ({ method, url }) => method === 'PATCH' && url.includes('/members/'),
      (request) => {
        const { email_address: _, ...body } = jsonOf(request);
        return { ...request, body: JSON.stringify(body) };
      },
    ),
  },
  {
    what: 'takes a lost permanent deletion for done',
    by: 'says of a lost answer that it was lost, and not that it was done (erase)',
    spoil: lossIs({ status: 204 }),
  },
]);

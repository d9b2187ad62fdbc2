import { catchesBreakages, catchesSpoiltCalls, jsonOf, lossIs, sentAs } from '../../conformance/breakages.ts';
import { ga4Subject } from './subject.ts';

catchesBreakages('ga4', ga4Subject);

const isDeletion = ({ url }: { url: string }) => url.endsWith(':submitUserDeletion');

catchesSpoiltCalls('ga4, sending something else,', ga4Subject, [
  {
    what: 'names a user by another kind of identifier',
    by: 'takes out whom it is told to, and nobody else',
    spoil: sentAs(isDeletion, (request) => ({ ...request, body: JSON.stringify({ userId: jsonOf(request)['clientId'] }) })),
  },
  {
    what: 'cuts the client id at its point, as a number does',
    by: 'erases, which is more than archiving',
    spoil: sentAs(isDeletion, (request) => ({
      ...request,
      body: JSON.stringify({ clientId: String(Number.parseInt(String(jsonOf(request)['clientId']), 10)) }),
    })),
  },
  {
    what: 'puts the person into the address',
    by: 'calls a write by its name, and has no person in an address',
    spoil: sentAs(isDeletion, (request) => ({ ...request, url: `${request.url}?id=${String(jsonOf(request)['clientId'])}` })),
  },
  {
    what: 'takes a lost deletion for done',
    by: 'says of a lost answer that it was lost, and not that it was done (erase)',
    spoil: lossIs({ status: 200, body: '{"deletionRequestTime":"2025-11-22T08:30:15Z"}' }),
  },
]);

import type { Answer, Wire } from '../../../src/connectors/http.ts';
import { catchesBreakages, catchesSpoiltCalls, lossIs, sentAs } from '../../conformance/breakages.ts';
import { insightlySubject } from './subject.ts';

catchesBreakages('insightly', insightlySubject);

/** Every row as the connector gets it, changed. */
const rowsAre =
  (change: (rows: Record<string, unknown>[]) => unknown[]) =>
  (good: Wire): Wire =>
  async (request, call) => {
    const answer = await good(request, call);
    const said = request.method === 'GET' && answer.status === 200 ? answer.json() : null;
    if (!Array.isArray(said)) return answer;
    const text = JSON.stringify(change(said as Record<string, unknown>[]));
    return { ...answer, body: Buffer.from(text), text: () => text, json: () => JSON.parse(text) as unknown } satisfies Answer;
  };

catchesSpoiltCalls('insightly, sending something else,', insightlySubject, [
  {
    what: 'sets the refused field instead of deleting the record',
    by: 'erases, which is more than archiving',
    spoil: sentAs(
      ({ method }) => method === 'DELETE',
      ({ url, ...request }) => ({
        ...request,
        method: 'PUT',
        url: url.slice(0, url.lastIndexOf('/')),
        headers: {
          ...(typeof request.headers === 'function' ? request.headers() : request.headers),
          'content-type': 'application/json',
        },
        body: JSON.stringify({ CONTACT_ID: Number(url.slice(url.lastIndexOf('/') + 1)), EMAIL_OPTED_OUT: true }),
      }),
    ),
  },
  {
    what: 'takes a lost deletion for done',
    by: 'says of a lost answer that it was lost, and not that it was done (erase)',
    spoil: lossIs({ status: 202 }),
  },
  {
    what: 'drops the new address in the register',
    by: 'tells a new address, by its changes and by a look',
    spoil: rowsAre((rows) => rows.map(({ EMAIL_ADDRESS: _, ...row }) => ({ ...row, EMAIL_ADDRESS: null }))),
  },
]);

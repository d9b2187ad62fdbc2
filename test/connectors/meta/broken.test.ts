import { catchesBreakages, catchesSpoiltCalls, jsonOf, lossIs, sentAs } from '../../conformance/breakages.ts';
import { metaSubject } from './subject.ts';

catchesBreakages('meta', metaSubject);

const isRemoval = ({ method }: { method: string }) => method === 'DELETE';
const withValue = (body: Record<string, unknown>, change: (value: string) => string) => {
  const { schema, data } = body['payload'] as { schema: string[]; data: string[][] };
  return JSON.stringify({ payload: { schema, data: data.map((row) => row.map(change)) } });
};

catchesSpoiltCalls('meta, sending something else,', metaSubject, [
  {
    what: 'sends hashes in capital letters',
    by: 'takes out whom it is told to, and nobody else',
    spoil: sentAs(isRemoval, (request) => ({ ...request, body: withValue(jsonOf(request), (value) => value.toUpperCase()) })),
  },
  {
    what: 'names people by another key',
    by: 'erases, which is more than archiving',
    spoil: sentAs(isRemoval, (request) => ({ ...request, body: String(request.body).replace('"EMAIL"', '"PHONE"') })),
  },
  {
    what: 'adds with a POST instead of taking out',
    by: 'takes out whom it is told to, and nobody else',
    spoil: sentAs(isRemoval, (request) => ({ ...request, method: 'POST' })),
  },
  {
    what: 'takes a lost removal for done',
    by: 'says of a lost answer that it was lost, and not that it was done (erase)',
    spoil: lossIs({ status: 200, body: '{"success":true}' }),
  },
]);

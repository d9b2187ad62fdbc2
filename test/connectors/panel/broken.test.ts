import { catchesBreakages, catchesSpoiltCalls, jsonOf, lossIs, sentAs } from '../../conformance/breakages.ts';
import { panelSubject } from './subject.ts';

catchesBreakages('panel', panelSubject);

catchesSpoiltCalls('panel, sending something else,', panelSubject, [
  {
    what: 'restricts instead of removing',
    by: 'erases, which is more than archiving',
    spoil: sentAs(
      ({ method }) => method === 'DELETE',
      (request) => ({ ...request, method: 'POST', url: `${request.url}/restrict`, body: '{}' }),
    ),
  },
  {
    what: 'drops the new address of a PATCH',
    by: 'changes an address and keeps the row: one row, the same id, nobody at the old address',
    spoil: sentAs(
      ({ method }) => method === 'PATCH',
      (request) => {
        const { email: _, ...body } = jsonOf(request);
        return { ...request, body: JSON.stringify(body) };
      },
    ),
  },
  {
    what: 'takes a lost DELETE for done',
    by: 'says of a lost answer that it was lost, and not that it was done (erase)',
    spoil: lossIs({ status: 204 }),
  },
]);

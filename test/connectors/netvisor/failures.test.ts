import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Answer, freeCall, type Wire } from '../../../src/connectors/http.ts';
import { connectNetvisor } from '../../../src/connectors/netvisor/connector.ts';
import { Failure } from '../../../src/core/failure.ts';
import { call, credentials, customer, given, settingsOf } from './setup.ts';

const answerOf = (body: string, status = 200, headers: Record<string, string> = {}): Answer => ({
  status,
  headers,
  body: Buffer.from(body),
  text: () => body,
  json: () => null,
});
const envelope = (...statuses: string[]) =>
  `<?xml version="1.0" encoding="utf-8" standalone="yes"?><Root><ResponseStatus>${statuses.map((s) => `<Status>${s}</Status>`).join('')}<TimeStamp>22.11.2025 10:30:16</TimeStamp></ResponseStatus></Root>`;
const card = (key = 7, fields = '<Name>Aino Virtanen</Name><IsActive>1</IsActive><IsPrivateCustomer>1</IsPrivateCustomer>') =>
  `<Root><ResponseStatus><Status>OK</Status></ResponseStatus><Customer><CustomerBaseInformation><NetvisorKey>${key}</NetvisorKey>${fields}</CustomerBaseInformation></Customer></Root>`;

/** A recipient whose reads and writes are answered so; `sent` counts what left. */
function answering(read: Answer, write: Answer = answerOf(card())) {
  const sent: string[] = [];
  const wire: Wire = async ({ kind, url }) => {
    sent.push(`${kind} ${/[^/]*$/.exec(url)?.[0]}`);
    return kind === 'read' ? read : write;
  };
  const { recipient } = connectNetvisor(
    { system: 'accounting', baseUrl: 'https://isvapi.netvisor.fi/', credentials, settings: settingsOf() },
    wire,
    { now: () => new Date(), newTransactionId: () => 'x' },
  );
  if (!recipient) throw new Error('no recipient');
  return { recipient, sent };
}
const outcome = (work: Promise<unknown>) =>
  work.catch((error: unknown) => (error instanceof Failure ? error.code : Promise.reject(error)));

const readOf = (answer: Answer) => outcome(answering(answer).recipient.read(customer(7), freeCall));
const editOf = (answer: Answer) =>
  outcome(answering(answerOf(card()), answer).recipient.rectify(customer(7), given({ email: 'a@b.test' }), [], call));
const eraseOf = (answer: Answer) => outcome(answering(answerOf(card()), answer).recipient.erase(customer(7), call));
const refused = (code: string) => ({ kind: 'refused', code });

describe.concurrent.each([
  ['AUTHENTICATION_FAILED', 'CREDENTIALS_REJECTED', 'CREDENTIALS_REJECTED'],
  ['SERVICE_ACCESS_ERROR', 'RIGHT_MISSING', 'RIGHT_MISSING'],
  ['SYSTEM_MAINTANANCE', 'RECIPIENT_UNAVAILABLE', 'RECIPIENT_UNAVAILABLE'],
  ['SYSTEM_MAINTENANCE', 'RECIPIENT_UNAVAILABLE', 'RECIPIENT_UNAVAILABLE'],
  ['TECHNICAL_ERROR', 'RECIPIENT_UNAVAILABLE', 'ANSWER_LOST'],
  ['REQUEST_NOT_UNIQUE', 'RECIPIENT_UNAVAILABLE', 'ANSWER_LOST'],
  ['INVALID_DATA', null, refused('not-accepted')],
  ['INVALID_DATA_SIZE', 'RECIPIENT_REFUSED', refused('too-long')],
  ['DUPLICATE_DATA', 'RECIPIENT_REFUSED', refused('duplicate')],
  ['PERIOD_LOCK', 'RECIPIENT_REFUSED', refused('period-locked')],
  ['SOMETHING_NEW', 'ANSWER_GARBLED', 'ANSWER_GARBLED'],
])('%s', (code, read, written) => {
  it.each([200, 400, 401, 403, 404, 500, 503])('decides, whatever the HTTP status is (%i)', async (status) => {
    const answer = answerOf(envelope('FAILED', `${code} :: Asiakas :: Virtanen`), status);
    expect(await readOf(answer)).toEqual(read);
    expect(await editOf(answer)).toEqual(written);
  });

  it('counts wherever it stands in the list', async () => {
    for (const list of [
      [`${code} :: x`, 'FAILED'],
      ['FAILED', 'FAILED', code],
    ])
      expect(await editOf(answerOf(envelope(...list)))).toEqual(written);
  });
});

describe.concurrent('an answer that is none', () => {
  it.each([
    ['HTML', '<html><body>Virtanen</body></html>', 200],
    ['nothing', '', 200],
    ['another root', '<root><ResponseStatus><Status>OK</Status></ResponseStatus></root>', 200],
    ['no status', '<Root><Customer/></Root>', 200],
    ['an empty status', envelope(''), 200],
    ['success and failure', envelope('OK', 'INVALID_DATA :: x'), 200],
    ['a failure without a code', envelope('FAILED'), 200],
    ['a cut one', card().slice(0, -20), 200],
    ['a page that is not there', '<html><br></html>', 404],
    ['a redirect', '', 302],
  ])('is garbled: %s', async (_, body, status) => {
    expect(await readOf(answerOf(body, status))).toBe('ANSWER_GARBLED');
    expect(await editOf(answerOf(body, status))).toBe('ANSWER_GARBLED');
    expect(await eraseOf(answerOf(body, status))).toBe('ANSWER_GARBLED');
  });

  it.each([
    [401, 'CREDENTIALS_REJECTED', 'CREDENTIALS_REJECTED'],
    [403, 'CREDENTIALS_REJECTED', 'CREDENTIALS_REJECTED'],
    [429, 'RECIPIENT_THROTTLED', 'RECIPIENT_THROTTLED'],
    [500, 'RECIPIENT_UNAVAILABLE', 'ANSWER_LOST'],
    [503, 'RECIPIENT_UNAVAILABLE', 'ANSWER_LOST'],
    [408, 'RECIPIENT_UNAVAILABLE', 'ANSWER_LOST'],
  ])('is named by its status without XML: %i', async (status, read, written) => {
    const answer = answerOf('<html>no</html>', status);
    expect(await readOf(answer)).toBe(read);
    expect(await editOf(answer)).toBe(written);
    expect(await eraseOf(answer)).toBe(written);
  });

  it("is another person's card", async () => {
    expect(await readOf(answerOf(card(8)))).toBe('ANSWER_GARBLED');
    expect(await readOf(answerOf(card(7, '<IsActive>1</IsActive>')))).toBe('ANSWER_GARBLED');
    expect(await readOf(answerOf(envelope('OK')))).toBe('ANSWER_GARBLED');
  });
});

it('sends an erasure once, and a read again with patience', async () => {
  const lost = answering(answerOf(card()), answerOf('', 502));
  expect(await outcome(lost.recipient.erase(customer(7), call))).toBe('ANSWER_LOST');
  expect(lost.sent).toEqual(['read getcustomer.nv?id=7', 'write deletecustomer.nv?customerid=7']);
  const broken = answering(answerOf('', 502));
  expect(await outcome(broken.recipient.read(customer(7), call))).toBe('RECIPIENT_UNAVAILABLE');
  expect(broken.sent).toHaveLength(3);
  const maintained = answering(answerOf(envelope('FAILED', 'SYSTEM_MAINTANANCE :: x')));
  expect(await outcome(maintained.recipient.read(customer(7), call))).toBe('RECIPIENT_UNAVAILABLE');
  expect(maintained.sent).toHaveLength(1);
});

it("carries no text of the vendor's", async () => {
  for (const code of ['AUTHENTICATION_FAILED', 'SERVICE_ACCESS_ERROR', 'TECHNICAL_ERROR', 'DUPLICATE_DATA', 'NEWS']) {
    const { recipient } = answering(answerOf(envelope('FAILED', `${code} :: Virtanen 010190-900X`)));
    const failure: unknown = await recipient.read(customer(7), call).catch((error: unknown) => error);
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toMatch(/Virtanen|010190/);
  }
});

it('asks nothing for a key that is none', async () => {
  const { recipient, sent } = answering(answerOf(card()));
  expect(await recipient.read(customer('7&method=x'), call)).toBeNull();
  expect(sent).toEqual([]);
});

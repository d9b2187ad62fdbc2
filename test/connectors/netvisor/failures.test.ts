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
  const wire: Wire = async ({ kind, url, headers }) => {
    if (typeof headers === 'function') headers();
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

it.each([
  ['seconds', '30', 30_000],
  ['a date', () => new Date(Date.now() + 60_000).toUTCString(), 60_000],
])('waits as long as it is asked to, with XML and without (%s)', async (_, said, waits) => {
  const headers = { 'retry-after': typeof said === 'string' ? said : said() };
  for (const body of [envelope('FAILED', 'TECHNICAL_ERROR :: x'), envelope('FAILED', 'SYSTEM_MAINTANANCE :: x'), '<html/>']) {
    const { recipient } = answering(answerOf(body, 503, headers), answerOf(body, 503, headers));
    const failure: unknown = await recipient.read(customer(7), call).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'RECIPIENT_UNAVAILABLE' });
    expect(Math.abs(((failure as Failure).retryAfterMs ?? 0) - waits)).toBeLessThan(2000);
  }
});

it('tells the log the code and the request, where the code is known, and never a text', async () => {
  const heard: unknown[] = [];
  const telling = { ...call, heard: (what: unknown) => heard.push(what) };
  for (const status of ['INVALID_DATA :: Virtanen', 'VIRTANEN :: Aino', 'Asiakkaalla on laskuja'])
    await outcome(
      answering(answerOf(card()), answerOf(envelope('FAILED', status))).recipient.rectify(
        customer(7),
        given({ email: 'a@b.test' }),
        [],
        telling,
      ),
    );
  expect(heard).toEqual([
    { code: 'INVALID_DATA', request: 'x' },
    { code: 'unnamed', request: 'x' },
    { code: 'unnamed', request: 'x' },
  ]);
});

describe('a customer that cannot be read', () => {
  const brokenCard = '<Customer><CustomerBaseInformation><NetvisorKey>8</NetvisorKey></CustomerBaseInformation></Customer>';
  const ok = '<ResponseStatus><Status>OK</Status></ResponseStatus>';
  const list = `<Root>${ok}<Customerlist><Customer><Netvisorkey>7</Netvisorkey><Name>Aino Virtanen</Name></Customer><Customer><Netvisorkey>8</Netvisorkey></Customer><Customer><Name>x</Name></Customer></Customerlist></Root>`;
  const cards = `<Root>${ok}<Customers>${/<Customer>.*<\/Customer>/.exec(card())?.[0]}${brokenCard}</Customers></Root>`;
  const recipientOf = () => {
    const wire: Wire = async ({ url }) => answerOf(url.includes('customerlist') ? list : cards);
    const system = { system: 'accounting', baseUrl: 'https://isvapi.netvisor.fi/', credentials, settings: settingsOf() };
    const { recipient } = connectNetvisor(system, wire, { now: () => new Date(), newTransactionId: () => 'x' });
    if (!recipient) throw new Error('no recipient');
    return recipient;
  };

  it('is left out of a list, and counted', async () => {
    let unread = 0;
    const found: unknown[] = [];
    for await (const page of recipientOf().list(call, (rows) => (unread += rows))) found.push(...page.map(({ ref }) => ref.id));
    expect([found, unread]).toEqual([['7'], 2]);
  });

  it('keeps a search from saying that nobody is there', async () => {
    const fields = { givenName: 'Eino', familyName: 'Korhonen', email: 'eino@korhonen.test' };
    expect(await outcome(recipientOf().find(fields, 'customer', call))).toBe('ANSWER_GARBLED');
    expect(await outcome(recipientOf().create(given(fields), 'customer', call))).toBe('ANSWER_GARBLED');
  });
});

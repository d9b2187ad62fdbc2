/** An answer that is an error, as RFC 9457 problem JSON. The detail says what is wrong and what to do; it never quotes a value. */
export class ProblemError extends Error {
  override name = 'ProblemError';
  readonly status: number;
  readonly title: string;
  readonly more: Record<string, unknown>;
  constructor(status: number, title: string, detail: string, more: Record<string, unknown> = {}) {
    super(detail);
    this.status = status;
    this.title = title;
    this.more = more;
  }
}

export const notFound = (what: string) =>
  new ProblemError(404, 'Not found', `There is no ${what} with this id.`, { code: 'not-there' });
export const badRequest = (detail: string, more: Record<string, unknown> = {}) =>
  new ProblemError(400, 'Bad request', detail, more);
/** A safety rule says no: the request was understood and is refused as things stand. */
export const refused = (detail: string, more: Record<string, unknown> = {}) =>
  new ProblemError(409, 'Refused by a safety rule', detail, more);

/**
 * The codes that Netvisor or its public clients name; `SYSTEM_MAINTANANCE` is spelt so there. The last two are nobody's: one that no
 * client knows, and a text without a code.
 */
export const codes = [
  'AUTHENTICATION_FAILED',
  'INVALID_DATA',
  'INVALID_DATA_SIZE',
  'DUPLICATE_DATA',
  'REQUEST_NOT_UNIQUE',
  'PERIOD_LOCK',
  'SERVICE_ACCESS_ERROR',
  'SYSTEM_MAINTANANCE',
  'TECHNICAL_ERROR',
  'CUSTOMER_HAS_INVOICES',
  '',
] as const;
export type Code = (typeof codes)[number];

/** A refusal in Netvisor's own words. */
export class NetvisorFailure extends Error {
  override name = 'NetvisorFailure';
  readonly code: Code;

  constructor(code: Code, text: string) {
    super(text);
    this.code = code;
  }
}

/** The prefix, with its stray point, is Netvisor's (fixture GetCustomerNotFound). */
export const invalid = (text: string) => new NetvisorFailure('INVALID_DATA', `Data form incorrect:. ${text}`);

export const noSuchCustomer = (key: string | number) => invalid(`Customer not found with Netvisor identifier: ${key}`);

/** HTTP status by kind of failure, where the caller asked for statuses. */
export interface StatusCodes {
  authentication: number;
  access: number;
  data: number;
  repeated: number;
  maintenance: number;
  technical: number;
}

/** Netvisor publishes no mapping: these are our choice. */
export const usualStatusCodes: StatusCodes = {
  authentication: 401,
  access: 403,
  data: 400,
  repeated: 400,
  maintenance: 503,
  technical: 500,
};

const kinds: Record<Code, keyof StatusCodes> = {
  AUTHENTICATION_FAILED: 'authentication',
  SERVICE_ACCESS_ERROR: 'access',
  INVALID_DATA: 'data',
  INVALID_DATA_SIZE: 'data',
  DUPLICATE_DATA: 'data',
  REQUEST_NOT_UNIQUE: 'repeated',
  PERIOD_LOCK: 'data',
  CUSTOMER_HAS_INVOICES: 'data',
  '': 'data',
  SYSTEM_MAINTANANCE: 'maintenance',
  TECHNICAL_ERROR: 'technical',
};

export const statusOf = (code: Code, statuses: StatusCodes): number => statuses[kinds[code]];

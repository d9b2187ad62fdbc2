import type { SandboxRequest } from '../../sandbox.ts';
import { NetvisorFailure } from './failure.ts';
import { algorithms, macOf, type Signed, signedText } from './mac.ts';
import type { Company, Credentials } from './state.ts';

export type Language = 'FI' | 'EN' | 'SE';
const languages: readonly Language[] = ['FI', 'EN', 'SE'];

const prefix = 'x-netvisor-authentication-';
const header = (request: SandboxRequest, name: string) => request.headers[name] ?? '';

/** Texts follow the interface language. */
export const languageOf = (request: SandboxRequest): Language =>
  languages.find((language) => language === header(request, 'x-netvisor-interface-language').toUpperCase()) ?? 'FI';

export const wantsStatus = (request: SandboxRequest) => header(request, `${prefix}usehttpresponsestatuscodes`) === '1';

const refused = (text: string) => new NetvisorFailure('AUTHENTICATION_FAILED', text);

/** Who may come in, and how many at once: headers, MAC, transaction ids, one request at a time for a company. */
export class Gate {
  readonly #company: Company;
  readonly #credentials: Credentials;
  readonly #organisationId: string;
  readonly #seen = new Set<string>();
  #underWay = 0;
  reused = 0;
  overlaps = 0;

  constructor(company: Company, credentials: Credentials, organisationId: string) {
    this.#company = company;
    this.#credentials = credentials;
    this.#organisationId = organisationId;
  }

  /** Throws what Netvisor would say; otherwise the request is under way until what it returns is called. */
  enter(request: SandboxRequest): () => void {
    const { strict } = this.#company.switches;
    const transaction = this.#admit(request);
    if (this.#seen.has(transaction)) {
      this.reused++;
      if (strict) throw new NetvisorFailure('REQUEST_NOT_UNIQUE', `Transaction id ${transaction} has been used before`);
    }
    this.#seen.add(transaction);
    if (this.#underWay > 0) {
      this.overlaps++;
      // no code is published for this
      if (strict) throw new NetvisorFailure('TECHNICAL_ERROR', 'Another request of the company is under way');
    }
    this.#underWay++;
    return () => {
      this.#underWay--;
    };
  }

  /** The transaction's id. */
  #admit(request: SandboxRequest): string {
    const of = (name: string) => header(request, prefix + name);
    const { customerId, partnerId } = this.#credentials;
    const signed: Signed = {
      url: this.#urlOf(request),
      sender: of('sender'),
      customerId: of('customerid'),
      timestamp: of('timestamp'),
      language: header(request, 'x-netvisor-interface-language'),
      organisationId: header(request, 'x-netvisor-organisation-id'),
      transactionId: of('transactionid'),
      timestampUnix: of('timestampunix'),
    };
    // the text for an unknown partner was captured so, in Finnish (fixture AuthenticationFailed)
    if (of('partnerid') !== partnerId) throw refused('Integraatiokumppania ei löydy, katso dokumentaatio');
    if (signed.customerId !== customerId) throw refused('The integration keys are not valid');
    if (signed.organisationId !== this.#organisationId) throw refused('The company is not known');
    if (signed.sender === '') throw refused('The sender is missing');
    if (signed.transactionId === '') throw refused('The transaction id is missing');
    if (!languages.some((language) => language === signed.language.toUpperCase()))
      throw refused('The language must be FI, EN or SE');
    this.#holdTime(signed, of('machashcalculationalgorithm'));
    this.#holdMac(signed, of('machashcalculationalgorithm'), of('mac'));
    return signed.transactionId;
  }

  #urlOf({ url }: SandboxRequest): string {
    const { publicUrl } = this.#company.switches;
    return publicUrl === null ? url : publicUrl.replace(/\/$/, '') + url.replace(/^\w+:\/\/[^/]*/, '');
  }

  #holdTime({ timestamp, timestampUnix }: Signed, algorithm: string): void {
    if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/.test(timestamp)) throw refused('The timestamp is not YYYY-MM-DD HH:MM:SS.mmm');
    const at = Date.parse(`${timestamp.replace(' ', 'T')}Z`);
    if (Number.isNaN(at)) throw refused('The timestamp is no time');
    // both are the same instant; a second is left for rounding
    if (algorithm === 'HMACSHA256' && !(/^\d+$/.test(timestampUnix) && Math.abs(Number(timestampUnix) - at / 1000) <= 1))
      throw refused('The Unix timestamp is missing, or another time than the timestamp');
    const { skewSeconds } = this.#company.switches;
    if (skewSeconds !== null && Math.abs(this.#company.now().getTime() - at) > skewSeconds * 1000)
      throw refused('The timestamp is too far from the time of the server');
  }

  #holdMac(signed: Signed, named: string, mac: string): void {
    const algorithm = algorithms.find((known) => known === named);
    if (!algorithm) throw refused('The algorithm of the MAC must be HMACSHA256 or SHA256');
    const expected = macOf(algorithm, signed, this.#credentials);
    if (mac.toLowerCase() === expected) return;
    // so the partners' test host answered, keys masked
    const masked = signedText(algorithm, signed, { customerKey: '***', partnerKey: '***' });
    throw refused(
      `URI-metodi ei kelpaa, katso dokumentaatio. Käytä MAC-tiivisteen laskentaan merkkijonoa: ${masked} :: ${expected.toUpperCase()}`,
    );
  }
}

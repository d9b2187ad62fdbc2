import { generateKeyPairSync } from 'node:crypto';
import { ga4Sandbox } from '../connectors/ga4/sandbox.ts';
import { insightlySandbox } from '../connectors/insightly/sandbox.ts';
import type { Customer, InsightlySandbox } from '../connectors/insightly/sandbox-handles.ts';
import { mailchimpSandbox } from '../connectors/mailchimp/sandbox.ts';
import { normalEmail, sha256 } from '../connectors/meta/mapping.ts';
import { metaSandbox } from '../connectors/meta/sandbox.ts';
import { netvisorSandbox } from '../connectors/netvisor/sandbox.ts';
import { internationalDigits } from '../connectors/phone.ts';
import type { SandboxBehaviour } from '../connectors/sandbox.ts';
import { keepBooks } from './books.ts';

/** One system of a company's configuration on its sandbox, filled with the company's customers. */
export interface Stage {
  behaviour: SandboxBehaviour;
  /** The values of the credentials, by the names that the connector gives them. */
  credentials: Record<string, string>;
  /** Settings that name the sandbox's own address. */
  settings?(url: string): Record<string, string>;
}

/** The register of a company, and whom it holds. */
export interface RegisterStage extends Stage {
  crm: InsightlySandbox;
  people: Customer[];
}

const clientIdOf = ({ id }: Customer) => `${1_000_000_000 + Number(id)}.1700000000`;

/** Customers with a telephone at work and the identifier that the website's analytics knows them by. */
export function stageRegister(count: number): RegisterStage {
  const apiKey = 'demo-crm-key';
  const crm = insightlySandbox({ apiKey });
  const people = crm.seed(count);
  crm.define('contact', { name: 'GA_Client_Id__c', type: 'TEXT' });
  crm.define('lead', { name: 'GA_Client_Id__c', type: 'TEXT' });
  for (const person of people) {
    const shared = { GA_Client_Id__c: clientIdOf(person) };
    crm.update(person.kind, person.id, person.kind === 'contact' ? { ...shared, PHONE: person.phone } : shared);
  }
  return { behaviour: crm, credentials: { apiKey }, crm, people };
}

type Settings = Record<string, unknown>;
const listOf = (settings: Settings, name: string) => settings[name] as string[];

/** By connector, how its sandbox is set up for a company; a connector that is not here cannot be shown. */
export const stages: Record<string, (people: readonly Customer[], settings: Settings) => Stage> = {
  mailchimp(people, settings) {
    const [audience = '', ...more] = listOf(settings, 'audiences');
    const sandbox = mailchimpSandbox({ apiKey: 'demo-us1', audiences: [audience, ...more] });
    for (const { newsletter, email, givenName, familyName } of people)
      if (newsletter) sandbox.seedMember(audience, { email, FNAME: givenName, LNAME: familyName });
    return { behaviour: sandbox, credentials: { apiKey: 'demo-us1' } };
  },

  netvisor(people, settings) {
    const sandbox = netvisorSandbox({ organisationId: String(settings['organisationId']) });
    keepBooks(sandbox, people);
    return { behaviour: sandbox, credentials: { ...sandbox.credentials } };
  },

  ga4(people, settings) {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const properties = listOf(settings, 'properties');
    const sandbox = ga4Sandbox({ properties, publicKey });
    for (const property of properties) for (const person of people) sandbox.visit(property, 'clientId', clientIdOf(person));
    const serviceAccount = JSON.stringify({ client_email: 'kaiku@demo.test', private_key: privateKey });
    return { behaviour: sandbox, credentials: { serviceAccount }, settings: (url) => ({ tokenUrl: `${url}/token` }) };
  },

  meta(people, settings) {
    const accessToken = 'demo-meta-token';
    const audience = { id: '2380001', subtype: 'CUSTOM' } as const;
    const accounts = Object.fromEntries(listOf(settings, 'adAccounts').map((account) => [account, [audience]]));
    const sandbox = metaSandbox({ accessToken, accounts });
    for (const { newsletter, email, phone } of people) {
      const digits = phone ? internationalDigits(phone, '358') : null;
      if (newsletter) sandbox.upload(audience.id, 'EMAIL', sha256(normalEmail(email) ?? ''));
      if (newsletter && digits) sandbox.upload(audience.id, 'PHONE', sha256(digits));
    }
    return { behaviour: sandbox, credentials: { accessToken } };
  },
};

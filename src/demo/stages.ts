import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { ga4Sandbox } from '../connectors/ga4/sandbox.ts';
import { insightlySandbox } from '../connectors/insightly/sandbox.ts';
import type { Customer, InsightlySandbox } from '../connectors/insightly/sandbox-handles.ts';
import { mailchimpSandbox } from '../connectors/mailchimp/sandbox.ts';
import { normalEmail, sha256 } from '../connectors/meta/mapping.ts';
import { metaSandbox } from '../connectors/meta/sandbox.ts';
import { netvisorSandbox } from '../connectors/netvisor/sandbox.ts';
import { type PanelSandbox, panelSandbox } from '../connectors/panel/sandbox.ts';
import { internationalDigits } from '../connectors/phone.ts';
import type { SandboxBehaviour } from '../connectors/sandbox.ts';
import { keepBooks } from './books.ts';
import { stageExports } from './exports.ts';
import { type StaffFiles, stageStaff } from './staff.ts';

/** One system of a company's configuration on its sandbox, filled with the company's customers. */
export interface Stage {
  /** What is served in the vendor's place; absent: a folder of this machine is. */
  behaviour?: SandboxBehaviour;
  address?: string;
  /** What the vendor's paths come after, where it is not that of the example's address. */
  path?: string;
  /** The values of the credentials, by the names that the connector gives them. */
  credentials: Record<string, string>;
  /** Settings that name the sandbox's own address. */
  settings?(url: string): Record<string, string>;
  /** Settings without which nobody would wait for the demo. */
  fast?: Record<string, number>;
  /** Mepco's side of the files. */
  staff?: StaffFiles;
  /** The customers' side of the panel. */
  panel?: PanelSandbox;
}

/** The register of a company, and whom it holds. */
export interface RegisterStage extends Stage {
  behaviour: SandboxBehaviour;
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

/** What a stage is made of: the register's people, and what the example says of the system. */
interface Given {
  settings: Settings;
  events: Record<string, string>;
  /** A folder of this run's own. */
  folder: string;
}

/** By connector, how its sandbox is set up for a company; a connector that is not here cannot be shown. */
export const stages: Record<string, (people: readonly Customer[], given: Given) => Stage | Promise<Stage>> = {
  mailchimp(people, { settings }) {
    const [audience = '', ...more] = listOf(settings, 'audiences');
    const sandbox = mailchimpSandbox({ apiKey: 'demo-us1', audiences: [audience, ...more] });
    for (const { newsletter, email, givenName, familyName } of people)
      if (newsletter) sandbox.seedMember(audience, { email, FNAME: givenName, LNAME: familyName });
    return { behaviour: sandbox, credentials: { apiKey: 'demo-us1' } };
  },

  netvisor(people, { settings }) {
    const sandbox = netvisorSandbox({ organisationId: String(settings['organisationId']) });
    keepBooks(sandbox, people);
    return { behaviour: sandbox, credentials: { ...sandbox.credentials } };
  },

  ga4(people, { settings }) {
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

  meta(people, { settings }) {
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

  files: (people, { settings, folder }) => stageExports(people, settings, folder),

  mepco: (_people, { settings, events, folder }) =>
    stageStaff(folder, settings as { full: string; map: Record<string, string> }, events['employment-end'] ?? ''),

  panel(people) {
    const token = 'demo-panel-token';
    const panel = panelSandbox({ token });
    const sites = new Set<string>();
    for (const { customer, email, givenName, familyName, phone, organisation } of people)
      if (customer && organisation) {
        const site = siteOf(organisation);
        sites.add(site);
        panel.add({ email, givenName, familyName, phone: phone ?? null }, [site]);
      }
    // a site is never left without an owner: an outside developer looks after all of them
    panel.add({ email: 'yllapito@kehittajat.test', givenName: 'Pyry', familyName: 'Kehittäjä' }, [...sites]);
    const webhookSecret = `whsec_${randomBytes(32).toString('base64')}`;
    return { behaviour: panel, path: '', credentials: { token, webhookSecret }, panel };
  },
};

const siteOf = (organisation: string) => `${organisation.toLowerCase().replace(/[^a-zåäö0-9]+/g, '-')}.test`;

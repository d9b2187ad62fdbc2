import type { Customer, InsightlySandbox } from './sandbox-handles.ts';

const given = [
  'Aino',
  'Väinö',
  'Helmi',
  'Eino',
  'Lyyli',
  'Toivo',
  'Saimi',
  'Åke',
  'Impi',
  'Onni',
  'Kerttu',
  'Urho',
  'Märta',
  'Tauno',
  'Siiri',
];
const family = [
  'Virtanen',
  'Mäkelä',
  'Hämäläinen',
  'Öhman',
  'Lehtonen',
  'Söderström',
  'Järvinen',
  'Koskinen',
  'Åberg',
  'Salmi',
  'Rantala',
  'Kivelä',
  'Niemi',
];
const streets = ['Aleksanterinkatu', 'Vesijärvenkatu', 'Hämeenkatu', 'Rautatienkatu', 'Kirkkokatu'];

const ascii = (name: string) => name.toLowerCase().replaceAll('ä', 'a').replaceAll('ö', 'o').replaceAll('å', 'a');

/** `count` people, the same ones every time: one in twelve is a lead, one in five acts for a company, seven in ten take the newsletter. */
export function customers(count: number, sandbox: InsightlySandbox): Customer[] {
  const people: Customer[] = [];
  let organisation = '';
  let firm = '';
  for (let n = 0; n < count; n++) {
    const givenName = given[n % given.length] ?? 'Aino';
    const familyName = family[Math.floor(n / given.length + n * 3) % family.length] ?? 'Virtanen';
    const email = `${ascii(givenName)}.${ascii(familyName)}.${n + 1}@asiakas.test`;
    const newsletter = n % 10 < 7;
    const phone = `040 ${String(1_000_000 + n * 37).slice(0, 7)}`;
    if (n % 12 === 11) {
      const id = sandbox.add('lead', {
        FIRST_NAME: givenName,
        LAST_NAME: familyName,
        LEAD_SOURCE_ID: 1,
        LEAD_STATUS_ID: 1,
        EMAIL: email,
        PHONE: phone,
        Newsletter__c: newsletter,
      });
      people.push({ id, kind: 'lead', customer: false, givenName, familyName, email, newsletter });
      continue;
    }
    if (n % 20 === 0) {
      firm = `Asunto Oy Lahden ${family[(n / 20) % family.length]}`;
      organisation = sandbox.add('organisation', { ORGANISATION_NAME: firm, ADDRESS_BILLING_CITY: 'Lahti' });
    }
    const street = `${streets[n % streets.length]} ${1 + (n % 80)}`;
    const customerNumber = `C-${10_000 + n}`;
    const id = sandbox.add('contact', {
      FIRST_NAME: givenName,
      LAST_NAME: familyName,
      EMAIL_ADDRESS: email,
      PHONE_MOBILE: phone,
      ADDRESS_MAIL_STREET: street,
      ADDRESS_MAIL_POSTCODE: '15110',
      ADDRESS_MAIL_CITY: 'Lahti',
      ADDRESS_MAIL_COUNTRY: 'Finland',
      ...(n % 5 === 0 ? { ORGANISATION_ID: Number(organisation), TITLE: 'isännöitsijä' } : {}),
      Customer_No__c: customerNumber,
      Newsletter__c: newsletter,
    });
    people.push({
      id,
      kind: 'contact',
      customer: true,
      givenName,
      familyName,
      email,
      newsletter,
      customerNumber,
      phone,
      street,
      ...(n % 5 === 0 ? { organisation: firm } : {}),
    });
  }
  return people;
}

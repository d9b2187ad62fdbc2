/** The fictional building-services firm of the demo: register, newsletter, accounting and the bureau that collects its invoices. */
export const audience = 'c0ffee0001';
export const organisationId = '2607385-7';

export function firmConfig(urls: { crm: string; newsletter: string; accounting: string }): string {
  return `
controller: { name: Lahden Esimerkkitekniikka Oy, businessId: 1234567-1, languages: [fi, sv, en], financialYearEnd: 12-31, privacyContact: tietosuoja@esimerkkitekniikka.test }
signIn: { requireTotp: false }
purposes:
  marketing: { basis: legitimate-interest, permission: newsletter, fields: [givenName, familyName, email] }
  invoicing: { basis: contract, fields: [givenName, familyName, email, phone, mobile, address, customerNumber, organisation], for: [customer] }
systems:
  crm:
    connector: insightly
    baseUrl: ${urls.crm}/v3.1
    credentials: { apiKey: { env: DEMO_INSIGHTLY_KEY } }
    owner: sales-lead
    settings: { map: { customerNumber: Customer_No__c } }
    register:
      for: customer
      pollSeconds: 1
      sweepHours: 24
      erasureSignal: { field: Erase__c, equals: true, approve: person }
      eraseAfterDays: 14
      permissions:
        newsletter: { granted: { field: Newsletter__c, equals: true }, refused: { field: EMAIL_OPTED_OUT, equals: true } }
  newsletter:
    connector: mailchimp
    baseUrl: ${urls.newsletter}/3.0
    credentials: { apiKey: { env: DEMO_MAILCHIMP_KEY } }
    settings: { audiences: [${audience}], map: { FNAME: givenName, LNAME: familyName } }
    recipient: { purposes: [marketing], undoHours: 0 }
  accounting:
    connector: netvisor
    baseUrl: ${urls.accounting}
    credentials: { customerId: { env: DEMO_NETVISOR_ID }, customerKey: { env: DEMO_NETVISOR_KEY }, partnerId: { env: DEMO_NETVISOR_PARTNER }, partnerKey: { env: DEMO_NETVISOR_PARTNER_KEY } }
    owner: accountant
    settings: { organisationId: ${organisationId}, address: address }
    recipient: { purposes: [invoicing], retention: [fi/vouchers] }
  collection-partner:
    connector: human
    owner: finance-lead
    settings: { answerer: privacy@perinta.test, language: fi }
    recipient: { purposes: [invoicing], dueDays: 14 }
`;
}

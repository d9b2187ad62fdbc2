/**
 * The three kinds of Insightly records that hold or describe people, with every standard field they have.
 * Names, lengths and read-only marks: vendor documentation (the Swagger 2.0 document of v3.1); `VISIBLE_TO`, `VISIBLE_TEAM_ID` and
 * a lead's `LINKS`: recorded traffic, 2025. A field's form: letter for the type (s text, i integer, d date-time, b yes/no),
 * longest text, `!` where Insightly alone writes it.
 */

export type FieldForm = `${'s' | 'i' | 'd' | 'b'}${number | ''}${'!' | ''}`;

export interface ObjectKind {
  /** The collection's path and the key of its id; British spelling, as the vendor has it. */
  path: string;
  idKey: string;
  /** As `FIELD_FOR` names the object, and the word in `/CustomFields/{object}`. */
  fieldFor: string;
  required: readonly string[];
  fields: Readonly<Record<string, FieldForm>>;
  /** What `brief=true` leaves out. */
  collections: readonly string[];
}

const address = (prefix: string): Record<string, FieldForm> => ({
  [`${prefix}_STREET`]: 's255',
  [`${prefix}_CITY`]: 's255',
  [`${prefix}_STATE`]: 's255',
  [`${prefix}_POSTCODE`]: 's128',
  [`${prefix}_COUNTRY`]: 's255',
});

const contact: ObjectKind = {
  path: 'Contacts',
  idKey: 'CONTACT_ID',
  fieldFor: 'CONTACT',
  required: ['FIRST_NAME'],
  fields: {
    SALUTATION: 's50',
    FIRST_NAME: 's255',
    LAST_NAME: 's255',
    IMAGE_URL: 's255!',
    BACKGROUND: 's4000',
    VISIBLE_TO: 's11',
    OWNER_USER_ID: 'i',
    VISIBLE_TEAM_ID: 'i',
    DATE_CREATED_UTC: 'd!',
    DATE_UPDATED_UTC: 'd!',
    SOCIAL_LINKEDIN: 's255',
    SOCIAL_FACEBOOK: 's255',
    SOCIAL_TWITTER: 's255',
    DATE_OF_BIRTH: 'd',
    PHONE: 's255',
    PHONE_HOME: 's255',
    PHONE_MOBILE: 's255',
    PHONE_OTHER: 's255',
    PHONE_ASSISTANT: 's255',
    PHONE_FAX: 's255',
    EMAIL_ADDRESS: 's255',
    ASSISTANT_NAME: 's255',
    ...address('ADDRESS_MAIL'),
    ...address('ADDRESS_OTHER'),
    LAST_ACTIVITY_DATE_UTC: 'd!',
    NEXT_ACTIVITY_DATE_UTC: 'd!',
    CREATED_USER_ID: 'i!',
    ORGANISATION_ID: 'i',
    TITLE: 's255',
    EMAIL_OPTED_OUT: 'b',
  },
  collections: ['CUSTOMFIELDS', 'TAGS', 'DATES', 'LINKS'],
};

const lead: ObjectKind = {
  path: 'Leads',
  idKey: 'LEAD_ID',
  fieldFor: 'LEAD',
  required: ['LAST_NAME', 'LEAD_SOURCE_ID', 'LEAD_STATUS_ID'],
  fields: {
    SALUTATION: 's50',
    FIRST_NAME: 's255',
    LAST_NAME: 's255',
    LEAD_SOURCE_ID: 'i',
    LEAD_STATUS_ID: 'i',
    TITLE: 's255',
    CONVERTED: 'b!',
    CONVERTED_CONTACT_ID: 'i!',
    CONVERTED_DATE_UTC: 'd!',
    CONVERTED_OPPORTUNITY_ID: 'i!',
    CONVERTED_ORGANISATION_ID: 'i!',
    DATE_CREATED_UTC: 'd!',
    DATE_UPDATED_UTC: 'd!',
    EMAIL: 's255',
    EMPLOYEE_COUNT: 'i',
    FAX: 's255',
    INDUSTRY: 's128',
    LEAD_DESCRIPTION: 's4000',
    LEAD_RATING: 'i',
    MOBILE: 's255',
    OWNER_USER_ID: 'i',
    PHONE: 's255',
    RESPONSIBLE_USER_ID: 'i',
    WEBSITE: 's255',
    ...address('ADDRESS'),
    LAST_ACTIVITY_DATE_UTC: 'd!',
    NEXT_ACTIVITY_DATE_UTC: 'd!',
    VISIBLE_TO: 's11',
    VISIBLE_TEAM_ID: 'i',
    ORGANISATION_NAME: 's255',
    CREATED_USER_ID: 'i!',
    IMAGE_URL: 's255!',
    EMAIL_OPTED_OUT: 'b',
    LINKED_EMAIL_ADDRESS: 's255!',
  },
  collections: ['CUSTOMFIELDS', 'TAGS', 'LINKS'],
};

const organisation: ObjectKind = {
  path: 'Organisations',
  idKey: 'ORGANISATION_ID',
  fieldFor: 'ORGANISATION',
  required: ['ORGANISATION_NAME'],
  fields: {
    ORGANISATION_NAME: 's255',
    BACKGROUND: 's4000',
    IMAGE_URL: 's500',
    OWNER_USER_ID: 'i',
    DATE_CREATED_UTC: 'd!',
    DATE_UPDATED_UTC: 'd!',
    LAST_ACTIVITY_DATE_UTC: 'd!',
    NEXT_ACTIVITY_DATE_UTC: 'd!',
    CREATED_USER_ID: 'i!',
    PHONE: 's255',
    PHONE_FAX: 's255',
    WEBSITE: 's255',
    ...address('ADDRESS_BILLING'),
    ...address('ADDRESS_SHIP'),
    SOCIAL_LINKEDIN: 's255',
    SOCIAL_FACEBOOK: 's255',
    SOCIAL_TWITTER: 's255',
  },
  collections: ['CUSTOMFIELDS', 'TAGS', 'DATES', 'EMAILDOMAINS', 'LINKS'],
};

export const kinds = { contact, lead, organisation } as const;
export type KindName = keyof typeof kinds;
/** The kinds of rows that are people. */
export type Place = 'contact' | 'lead';

export const isPlace = (name: string): name is Place => name === 'contact' || name === 'lead';

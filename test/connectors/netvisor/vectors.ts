/**
 * The MAC of Netvisor's requests, value by value. `published`: inputs and MD5 stand in the tests of fastmonkeys/netvisor.py
 * (`tests/test_auth.py`, 1555e06); the digests here were computed from them with Python's hashlib and hmac, as all others were.
 * `D`: the inputs of a test in a fork of xi-netvisor; it has no SHA256.
 */
export interface Vector {
  name: string;
  url: string;
  sender: string;
  customerId: string;
  timestamp: string;
  timestampUnix: string;
  language: string;
  organisationId: string;
  transactionId: string;
  customerKey: string;
  partnerKey: string;
  /** Lower-case hex, over ISO-8859-1. */
  sha256?: string;
  hmacSha256: string;
}

const common = {
  customerId: 'CI_12345_67890',
  timestamp: '2025-11-22 08:30:15.123',
  timestampUnix: '1763800215',
  language: 'EN',
  organisationId: '2607385-7',
  transactionId: '3f2a9c1e-7b44-4d0a-9c55-1f0e5d2b6a77',
  customerKey: '0123456789ABCDEF0123456789ABCDEF',
  partnerKey: 'FEDCBA9876543210FEDCBA9876543210',
};

export const vectors: readonly Vector[] = [
  {
    name: 'published',
    url: 'http://integrationdemo.netvisor.fi/accounting.nv',
    sender: 'Testiclient',
    customerId: 'Integraatiokayttajan tunnus',
    timestamp: '2009-01-12 15:49:12.221',
    timestampUnix: '1231775352',
    language: 'FI',
    organisationId: '1967543-8',
    transactionId: '123456',
    customerKey: '7cd680e89e880553358bc07cd28b0ee2',
    partnerKey: '07f94228d149a96b2f25e3edad55096e',
    sha256: 'cd39e4566936ffd41e67cc8a819bf314a5f1016ca0159854d0f2dd447a86db8e',
    hmacSha256: 'f473c84224100b07abc764dbf5c2102d802a7c17694f67bcaa06c583cdfca690',
  },
  {
    ...common,
    name: 'A: one row',
    url: 'https://isvapi.netvisor.fi/getcustomer.nv?id=165',
    sender: 'GDPR Sync Hub',
    sha256: '3cd6f87c44f7dcd1c2ea948a6bc6483f10bc091fb1b2bc7490a03337209e9e90',
    hmacSha256: '2100b8050b056187b67c3e854addae9407c8d4f3ad5db17d191683cee5ddde93',
  },
  {
    ...common,
    name: 'B: a sender with Finnish letters',
    url: 'https://isvapi.netvisor.fi/getcustomer.nv?id=165',
    sender: 'GDPR-synkronointi Häärä',
    sha256: 'fe4a056444545f19bda7986fd66238ec344627100558be3845d7931aa536df8a',
    hmacSha256: '2d010bfb15a99fca842cc5cee8a449c12c87a20faa6a49c5a7884520ccc50add',
  },
  {
    ...common,
    name: 'C: an escape in the query',
    url: 'https://isvapi.netvisor.fi/customerlist.nv?keyword=M%E4kinen',
    sender: 'GDPR Sync Hub',
    sha256: '222c8e4d89b41bfaed829fcd317cd515730fa33a6886fea4be33dd9e93bd2bfe',
    hmacSha256: 'cfd2ea4e8416e01f8637f86c8d5f54a83d6e89c71f460b0bc5b05690bdaa24e3',
  },
  {
    name: 'D: a fork of xi-netvisor',
    url: 'https://integration.netvisor.fi/customerlist.nv',
    sender: 'TestSender',
    customerId: 'TestCustomerId',
    timestamp: '2024-01-15 12:00:00.000',
    timestampUnix: '1705312800',
    language: 'FI',
    organisationId: 'TestOrganizationId',
    transactionId: 'transaction123',
    customerKey: 'TestUserKey',
    partnerKey: 'TestPartnerKey',
    hmacSha256: '14f2ec30263493fe0eb99b924d0b172addd4d3038140ea4f65469a51cbfbf072',
  },
];

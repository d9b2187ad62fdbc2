import { describe, expect, it } from 'vitest';
import { readBounce } from '../../src/core/bounce.ts';
import { random } from '../support/random.ts';

const id = '0f6c1b1e-58a5-4f4e-9d0e-2a7f3c9b1d10-2-1';
/** In the form of Postfix and Exim: words for people, the report, the headers of what came back. */
const report = (more: { action?: string; status?: string; type?: string; message?: string; returned?: string } = {}) =>
  `Return-Path: <>
From: MAILER-DAEMON@mail.test
To: kaiku@example.fi
Message-ID: <20261130.abc@mail.test>
Content-Type: ${more.type ?? 'multipart/report; report-type=delivery-status;\n boundary="b1"'}

--b1
Content-Type: text/plain

Your mail <${id}@example.fi> could not be delivered.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.test

Final-Recipient: rfc822;privacy@partner.test
Action: ${more.action ?? 'failed'}
Status: ${more.status ?? '5.1.1'}

--b1
Content-Type: ${more.returned ?? 'message/rfc822'}

Message-ID: <${more.message ?? id}@example.fi>
Subject: secret words

--b1--
`;

describe('a mail that came back', () => {
  it.each([
    ['as Postfix writes it', report(), { message: id, status: '5.1.1', isFinal: true }],
    ['with CRLF', report().replaceAll('\n', '\r\n'), { message: id, status: '5.1.1', isFinal: true }],
    ['with headers alone', report({ returned: 'text/rfc822-headers' }), { message: id, status: '5.1.1', isFinal: true }],
    ['without a status', report({ status: 'none' }), { message: id, status: '5.0.0', isFinal: true }],
    ['only late', report({ action: 'delayed', status: '4.4.1' }), { message: id, status: '4.4.1', isFinal: false }],
    ['delivered', report({ action: 'delivered', status: '2.0.0' }), { message: id, status: '2.0.0', isFinal: false }],
  ])('is read %s', (_, raw, found) => {
    expect(readBounce(raw)).toEqual(found);
  });

  it.each([
    ['an absence notice that quotes us', report({ type: 'text/plain' })],
    ['a read receipt', report({ type: 'multipart/report; report-type=disposition-notification; boundary="b1"' })],
    ['about a mail of somebody else', report({ message: 'other' })],
    ['of two mails at once', report().replace('Subject:', 'Message-ID: <1f6c1b1e-58a5-4f4e-9d0e-2a7f3c9b1d10-2-1@x>\nSubject:')],
    ['with an action that there is not', report({ action: 'failedish' })],
    ['that quotes our id in its words alone', report({ message: 'other' }).replace('other', 'x')],
    ['that is empty', ''],
  ])('is none: %s', (_, raw) => {
    expect(readBounce(raw)).toBeNull();
  });

  const many = Number(process.env['KAIKU_MAILS'] ?? 500);
  it(`is never made of ${many} spoilt mails that do not say so in full`, () => {
    const pick = random(Number(process.env['KAIKU_SEED'] ?? 1));
    const needed = [
      'multipart/report',
      'delivery-status;',
      'message/delivery-status',
      'Action: failed',
      `<${id}@`,
      'message/rfc822',
    ];
    for (let n = 0; n < many; n++) {
      let raw = report();
      const at = needed[pick(needed.length)] ?? '';
      // one thing that it takes is spoilt, and something at random besides
      raw = raw.replaceAll(at, at.slice(0, 1 + pick(at.length - 1)) + ['', '\u0000', '=?', '\n\n', 'ö'][pick(5)]);
      const cut = pick(raw.length);
      if (pick(2) === 0) raw = raw.slice(0, cut) + raw.slice(cut + pick(9));
      const found = readBounce(raw);
      expect([n, at, found?.isFinal === true && found.message === id && raw.includes(at)]).toEqual([n, at, false]);
    }
  });
});

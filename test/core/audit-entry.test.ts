import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type AuditEntry, AuditEntryError, actions, entryLine, subjectRef } from '../../src/core/audit-entry.ts';

const entry: AuditEntry = {
  v: 1,
  id: '0198f5a2-6c1b-7d3e-9f00-123456789012',
  time: '2026-11-22T10:00:00.000Z',
  actor: 'kaiku',
  action: 'duty.moved',
  system: 'newsletter',
  subject: subjectRef(Buffer.alloc(16, 1), 'subject-1'),
  duty: '0198f5a2-0000-7000-8000-000000000001',
  from: 'sending',
  to: 'settled',
  outcome: 'erased',
  evidence: 'observed',
  version: 3,
};

describe("the log's line", () => {
  it('is RFC 8785 JSON: sorted, without blanks, without what is unknown', () => {
    const { system: _, ...rest } = entry;
    const line = entryLine({ ...rest, to: 'open' });
    expect(line).toMatch(/^\{"action":"duty.moved","actor":"kaiku","duty":.*,"v":1,"version":3\}$/);
    expect(Object.keys(JSON.parse(line))).toEqual(Object.keys(JSON.parse(line)).sort());
    expect(line).not.toContain('system');
  });

  it('takes every action of the list', () => {
    for (const action of actions) expect(entryLine({ ...entry, action })).toContain(action);
  });

  it.each([
    ['reason', 'testi@example.fi'],
    ['actor', 'testi.henkilo@example.fi'],
    ['actor', 'Testi Henkilö <testi@example.fi>'],
    ['code', 'to:testi%40example.fi'],
    ['system', '+358401234567'],
    ['step', '040-123-4567'],
    ['reason', '0401234567'],
    ['actor', 'user 040 123 4567'],
    ['actor', '(09) 123 4567'],
    ['actor', 'tel:0401234567'],
    ['code', '131052-308T'],
    ['reason', 'hetu=131052-308t'],
    ['to', 'Henkilö pyysi poistoa'],
    ['subject', 'subject-1'],
    ['action', 'mail.sent'],
    ['note', 'erased'],
    ['version', '3'],
    ['reason', ''],
  ])('refuses "%s" %j, and does not repeat it', (field, value) => {
    const attempt = () => entryLine({ ...entry, [field]: value });
    expect(attempt).toThrow(AuditEntryError);
    expect(attempt).toThrow(expect.objectContaining({ field }));
    if (value !== '') expect(attempt).not.toThrow(value.length > 1 ? value : 'unheard of');
  });

  it('refuses an entry that says not who or when', () => {
    const { actor: _, ...rest } = entry;
    expect(() => entryLine(rest as AuditEntry)).toThrow(/actor/);
  });

  test.prop([fc.uuid(), fc.uuid(), fc.date({ min: new Date('2020-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })])(
    'takes every id and time there is',
    (id, duty, time) => {
      const line = entryLine({
        ...entry,
        id,
        duty,
        case: id,
        actor: `token:${duty}`,
        code: `until-${time.toISOString().slice(0, 10)}`,
        time: time.toISOString(),
      });
      expect(JSON.parse(line)).toMatchObject({ id, duty });
    },
  );

  test.prop([fc.emailAddress()])('refuses any address', (address) => {
    expect(() => entryLine({ ...entry, reason: address })).toThrow(AuditEntryError);
    expect(() => entryLine({ ...entry, actor: `by ${address}` })).toThrow(AuditEntryError);
  });

  test.prop([fc.stringMatching(/^(\+358|0)(40|44|45|50)[ -]?\d{3}[ -]?\d{4}$/)])('refuses any mobile number', (number) => {
    expect(() => entryLine({ ...entry, code: number })).toThrow(AuditEntryError);
    expect(() => entryLine({ ...entry, actor: number })).toThrow(AuditEntryError);
  });
});

describe("a subject's pseudonym", () => {
  it('depends on the nonce, so that it says nothing once the nonce is gone', () => {
    expect(subjectRef(Buffer.alloc(16, 1), 'subject-1')).toMatch(/^[0-9a-f]{64}$/);
    expect(subjectRef(Buffer.alloc(16, 1), 'subject-1')).not.toBe(subjectRef(Buffer.alloc(16, 2), 'subject-1'));
  });
});

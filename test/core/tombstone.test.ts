import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type Identifier, identifiersOf, normalise } from '../../src/core/identifier.ts';
import {
  type JournalEntry,
  journalLine,
  lookupHashes,
  matches,
  parseJournal,
  parseJournalLine,
  tombstonesFor,
} from '../../src/core/tombstone.ts';

const key = { id: 'hmac-1', bytes: Buffer.alloc(32, 1) };
const newer = { id: 'hmac-2', bytes: Buffer.alloc(32, 2) };
const made = new Date('2026-11-22T10:00:00Z');
const until = new Date('2036-11-22T10:00:00Z');
const later = new Date('2027-01-01T00:00:00Z');
const customer = { role: 'customer' };

const person = { givenName: 'Testi', familyName: 'Henkilö', email: 'testi.henkilo+crm@example.fi', phone: '040 123 4567' };
const stones = tombstonesFor(key, identifiersOf(person), customer, made, until);
const arrives = (identifiers: Identifier[], role = 'customer', now = later) =>
  matches(stones, [key], identifiers, role, now).length > 0;

describe('tombstones', () => {
  it('hold hashes and no value', () => {
    expect(stones).toHaveLength(3);
    const text = JSON.stringify(stones);
    for (const value of ['testi', 'henkilo', '4012', 'example.fi']) expect(text).not.toContain(value);
    expect(stones[0]).toMatchObject({ kind: 'email', keyId: 'hmac-1', role: 'customer', madeAt: made.toISOString() });
  });

  it.each([
    { email: 'TESTI.HENKILO@EXAMPLE.FI' },
    { email: ' testi.henkilo+news@example.fi' },
    { email: 'testi.henkilo@example.fi.' },
    { mobile: '+358 40 1234567' },
    { phone: '00358401234567', email: 'new@example.fi' },
  ])('stop the person who comes back as %j', (spelling) => {
    expect(arrives(identifiersOf(spelling))).toBe(true);
  });

  it('let a namesake in', () => {
    expect(arrives(identifiersOf({ givenName: 'Testi', familyName: 'Henkilö', email: 'namesake@example.fi' }))).toBe(false);
    expect(arrives([])).toBe(false);
  });

  it('let the same person in for another role, and after the end date', () => {
    expect(arrives(identifiersOf(person), 'employee')).toBe(false);
    expect(arrives(identifiersOf(person), 'customer', until)).toBe(false);
  });

  it('are found after the key was rotated', () => {
    expect(matches(stones, [newer, key], identifiersOf(person), 'customer', later)).toHaveLength(3);
    expect(matches(stones, [newer], identifiersOf(person), 'customer', later)).toHaveLength(0);
    expect(lookupHashes([newer, key], 'customerNumber', 'C-1').map(({ keyId }) => keyId)).toEqual(['hmac-2', 'hmac-1']);
  });

  it('spare a shared address, unless it is all there is', () => {
    const both = identifiersOf({ email: 'info@example.fi', phone: '040 123 4567' });
    expect(tombstonesFor(key, both, customer, made, until).map(({ kind }) => kind)).toEqual(['phone']);
    const alone = identifiersOf({ email: 'info@example.fi' });
    expect(tombstonesFor(key, alone, customer, made, until)).toHaveLength(1);
  });

  test.prop([fc.emailAddress(), fc.stringMatching(/^[a-z]{1,5}$/), fc.boolean(), fc.boolean()])(
    'stop any address in any case, with and without a tag',
    (address, tag, upper, tagged) => {
      const value = normalise('email', address);
      fc.pre(value !== null);
      const own = tombstonesFor(key, [{ kind: 'email', value }], customer, made, until);
      const cased = upper ? address.toUpperCase() : address;
      const again = tagged ? cased.replace('@', `+${tag}@`) : ` ${cased} `;
      expect(matches(own, [key], [{ kind: 'email', value: again }], 'customer', later).length).toBeGreaterThan(0);
    },
  );
});

const entry: JournalEntry = { v: 1, at: made.toISOString(), instance: 'i', subject: 's', case: 'c', tombstones: stones };

describe('the journal', () => {
  it('reads back what it wrote, a line each', () => {
    const line = journalLine(entry);
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(parseJournalLine(line)).toEqual({ ok: true, entry });
    expect(parseJournal(line + line)).toEqual({ entries: [entry, entry], torn: false, broken: [] });
    expect(parseJournal('')).toEqual({ entries: [], torn: false, broken: [] });
  });

  test.prop([fc.nat({ max: journalLine(entry).length - 2 })])('notices a last line that is cut anywhere', (at) => {
    const whole = journalLine(entry);
    const journal = parseJournal(whole + whole.slice(0, at));
    expect(journal.broken).toEqual([]);
    expect(journal.torn).toBe(at > 0);
    expect(journal.entries).toEqual([entry]);
  });

  it('counts a last line that lacks only its newline', () => {
    const whole = journalLine(entry);
    expect(parseJournal(whole.trimEnd())).toEqual({ entries: [entry], torn: true, broken: [] });
  });

  test.prop([fc.nat({ max: journalLine(entry).length - 2 }), fc.constantFrom('0', 'x', '"', '{', '')])(
    'never takes an altered line, and says which one it is',
    (at, put) => {
      const whole = journalLine(entry);
      fc.pre(whole[at] !== put);
      const altered = whole.slice(0, at) + put + whole.slice(at + 1);
      expect(parseJournal(whole + altered + whole)).toEqual({ entries: [entry, entry], torn: false, broken: [2] });
    },
  );

  it('reports an empty or foreign line in the middle', () => {
    const whole = journalLine(entry);
    expect(parseJournal(`${whole}\n{}\n${whole}`).broken).toEqual([2, 3]);
  });
});

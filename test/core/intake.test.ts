import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkForm, type FormText, isRefusedForGood, rolesSent, whoSent } from '../../src/core/intake.ts';

const good: FormText = { name: 'Aino Virtanen', email: 'aino@sahko.test', phone: '040 123 4567', message: 'Muutin.' };
const faultsOf = (over: Partial<FormText>) => checkForm({ ...good, ...over }).map(({ field, code }) => `${field} ${code}`);

describe('a form', () => {
  it('is in order with a name and a mailbox', () => {
    expect(faultsOf({})).toEqual([]);
    expect(faultsOf({ phone: '', message: '' })).toEqual([]);
    expect(faultsOf({ email: 'aino+posti@xn--shk-qla8k.test' })).toEqual([]);
  });

  it('is told every fault at once', () => {
    expect(faultsOf({ name: ' ', email: '', phone: 'soita', message: 'x'.repeat(2001) })).toEqual([
      'name missing',
      'email missing',
      'phone no-phone',
      'message too-long',
    ]);
  });

  it('takes one mailbox, and nothing that a mail server would read as two or as a header', () => {
    for (const email of [
      'aino',
      'a@b',
      'a@b.test,c@d.test',
      'a@b.test;c@d.test',
      'Aino <a@b.test>',
      'a b@c.test',
      'a@b.test\r\nBcc: c@d.test',
    ])
      expect([email, faultsOf({ email })]).toEqual([email, ['email no-email']]);
  });

  it('takes no identity code anywhere, with any separator, and never quotes one', () => {
    for (const code of ['131052-308T', '131052Y308T', '131052–308T'])
      for (const field of ['name', 'phone', 'message'] as const) {
        const faults = checkForm({ ...good, [field]: `minä ${code}` });
        expect([field, code, faults.map((f) => f.code)]).toEqual([field, code, ['identity-code']]);
        expect(JSON.stringify(faults)).not.toContain(code);
      }
  });

  it('never throws, whatever is typed', () => {
    fc.assert(
      fc.property(fc.record({ name: fc.string(), email: fc.string(), phone: fc.string(), message: fc.string() }), (form) => {
        checkForm(form);
      }),
    );
  });
});

describe('whose a request is', () => {
  const aino = { id: 'a', role: 'customer', state: 'active' };
  it('is plain where one living person has the address in the role that was named', () => {
    expect(whoSent(null, [aino])).toEqual({ kind: 'one', subject: 'a' });
    expect(whoSent('customer', [aino, { ...aino, id: 'b', role: 'employee' }])).toEqual({ kind: 'one', subject: 'a' });
    expect(whoSent(null, [aino, { ...aino, id: 'b', state: 'erased' }])).toEqual({ kind: 'one', subject: 'a' });
  });
  it('is for a person to say where nobody has it, or several', () => {
    expect(whoSent(null, [])).toEqual({ kind: 'waits', reason: 'nobody-known' });
    expect(whoSent('employee', [aino])).toEqual({ kind: 'waits', reason: 'nobody-known' });
    expect(whoSent(null, [{ ...aino, state: 'erased' }])).toEqual({ kind: 'waits', reason: 'nobody-known' });
    expect(whoSent(null, [aino, { ...aino, id: 'b' }])).toEqual({ kind: 'waits', reason: 'several-people' });
  });
  it('is each role in which the mailbox is known, where they named none', () => {
    const both = [aino, { ...aino, id: 'b', role: 'employee' }];
    expect(rolesSent(null, both)).toEqual(['customer', 'employee']);
    expect(rolesSent('customer', both)).toEqual([]);
    expect(rolesSent(null, [aino, { ...aino, id: 'b' }])).toEqual([]);
    expect(rolesSent(null, [aino, { ...aino, id: 'b', role: 'employee', state: 'erased' }])).toEqual([]);
  });
});

it('a mailbox that a server refuses for good is told from a server that is busy', () => {
  expect(['EENVELOPE-550', 'EMESSAGE-554'].map(isRefusedForGood)).toEqual([true, true]);
  expect(['EENVELOPE-450', 'ECONNECTION', 'EAUTH-535', 'NOT-CONFIGURED'].map(isRefusedForGood)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

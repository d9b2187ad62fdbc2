import { expect, it } from 'vitest';
import { agreement } from '../../src/core/agreement.ts';
import { againstPlan } from '../../src/core/case.ts';

it('tells field by field whether a row says the same as the register', () => {
  const row = {
    prints: { givenName: 'a', email: 'x', jobTitle: 'j' },
    given: new Set(['givenName', 'email', 'phone', 'mobile']),
    readable: true,
  };
  const people = { ...row, readable: false };
  expect(agreement({ email: 'b', givenName: 'a', phone: 'p', language: 'l' }, [row, people])).toEqual([
    { field: 'givenName', words: ['equal', 'equal'] },
    { field: 'email', words: ['differs', 'differs'] },
    { field: 'phone', words: ['missing', 'missing'] },
    { field: 'jobTitle', words: ['extra', 'not-given'] },
    { field: 'language', words: ['not-given', 'not-given'] },
  ]);
});

it('compares what became of a step with the plan', () => {
  expect(againstPlan('erase', { state: 'settled', outcome: 'erased' })).toBe('as-planned');
  expect(againstPlan('erase', { state: 'settled', outcome: 'absent' })).toBe('as-planned');
  expect(againstPlan('erase', { state: 'waiting', outcome: 'retained' })).toBe('differs');
  expect(againstPlan('strip', { state: 'waiting', outcome: 'retained' })).toBe('as-planned');
  expect(againstPlan('erase', { state: 'waiting', outcome: null })).toBe('pending');
  expect(againstPlan('ask', { state: 'settled', outcome: 'refused' })).toBe('differs');
  expect(againstPlan('nothing', undefined)).toBe('as-planned');
  expect(againstPlan('erase', undefined)).toBe('pending');
});

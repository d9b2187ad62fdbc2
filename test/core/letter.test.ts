import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evidences, outcomes, states } from '../../src/core/duty.ts';
import {
  composeLetter,
  deedsTold,
  gradesTold,
  type Letter,
  type LetterDuty,
  type LetterFacts,
  letterKinds,
  type Sentence,
} from '../../src/core/letter.ts';
import { allTexts, languages, translator } from '../../src/server/console/i18n.ts';
import { letterWords } from '../../src/server/letter-words.ts';

const day = fc.integer({ min: 0, max: 20_000 }).map((n) => new Date(n * 86_400_000).toISOString().slice(0, 10));
const word = fc.stringMatching(/^[A-Za-zåäöÅÄÖ][A-Za-zåäö {}<>'#-]{0,12}[a-z]$/);
const fields = fc.uniqueArray(fc.constantFrom('givenName', 'email', 'phone', 'billingAddress'), { minLength: 1 });
const duty = fc.record(
  {
    system: fc.string({ minLength: 1, maxLength: 4 }),
    label: word,
    state: fc.constantFrom(...states),
    outcome: fc.constantFrom(null, ...outcomes),
    evidence: fc.constantFrom(...evidences),
    backupLagDays: fc.constantFrom(null, 30),
    retained: fc.record({ fields, until: day, law: word }),
    askedBy: day,
  },
  { requiredKeys: ['system', 'label', 'state', 'outcome', 'evidence', 'backupLagDays'] },
);
const facts: fc.Arbitrary<LetterFacts> = fc.record(
  {
    controller: fc.record({ name: word, contact: word }, { requiredKeys: ['name'] }),
    case: fc.record({
      id: fc.uuid(),
      type: fc.constantFrom('access', 'rectification', 'erasure', 'restriction', 'objection', 'portability'),
      received: day,
      due: day,
    }),
    extension: fc.record({ toldOn: day, reasons: word }),
    decision: fc.record(
      { decision: fc.constantFrom('approved', 'refused'), at: day, reason: word },
      { requiredKeys: ['decision', 'at'] },
    ),
    duties: fc.uniqueArray(duty, { selector: (d) => d.system, maxLength: 5 }),
    disclosures: fc.array(
      fc.record({ system: word, label: word, purpose: word, purposeLabel: word, fields, first: day, last: day }),
      {
        maxLength: 4,
      },
    ),
    lift: fc.record({ toldOn: day, from: day }),
    holders: fc.array(fc.record({ system: word, label: word, fields, since: day }), { maxLength: 3 }),
    keeps: fc.array(fc.record({ system: word, label: word, fields, until: day, law: word }), { maxLength: 3 }),
    handover: fc.record({ on: day, missing: fc.uniqueArray(word, { maxLength: 2 }) }),
  },
  { requiredKeys: ['controller', 'case', 'duties', 'disclosures'] },
);
const sentencesOf = (letter: Letter): Sentence[] => letter.paragraphs.flat();
const made = (kind: (typeof letterKinds)[number], of: LetterFacts): Letter | null => {
  const letter = composeLetter(kind, of);
  return typeof letter === 'string' ? null : letter;
};

/** Whether the facts hold the row that a sentence names. */
function hasRow(of: LetterFacts, { source }: Sentence): boolean {
  switch (source.row) {
    case 'controller':
    case 'case':
      return true;
    case 'extension':
    case 'decision':
    case 'lift':
    case 'handover':
      return of[source.row] !== undefined;
    case 'duty':
      return of.duties.some((d) => d.system === source.system);
    case 'retained':
      return of.duties.some((d) => d.system === source.system && d.retained);
    case 'plan':
      return of.keeps?.some((k) => k.system === source.system) ?? false;
    case 'record':
      return of.holders?.some((h) => h.system === source.system) ?? false;
    case 'disclosure':
      return of.disclosures.some((d) => d.system === source.system && d.purpose === source.purpose);
  }
}

describe('a letter', () => {
  it('rests every sentence on a row that the facts hold', () => {
    fc.assert(
      fc.property(facts, fc.constantFrom(...letterKinds), (of, kind) => {
        for (const sentence of sentencesOf(made(kind, of) ?? { kind, paragraphs: [] }))
          expect([sentence.code, hasRow(of, sentence)]).toEqual([sentence.code, true]);
      }),
    );
  });

  it('of a refusal names what a law keeps anyway, field by field, its law and its last day, in each language', () => {
    fc.assert(
      fc.property(facts, fc.constantFrom(...languages), (of, lang) => {
        const letter = made('answer', of);
        if (letter?.result !== 'refused') return;
        const text = letterWords(translator(lang), letter).paragraphs.flat().join('\n');
        for (const { label, fields: kept, until, law } of of.keeps ?? [])
          for (const told of [
            label,
            law,
            translator(lang).day(until),
            ...kept.map((name) => translator(lang).word('field', name)),
          ])
            expect(text).toContain(told);
      }),
    );
  });

  it('names every system of the case, every field that is kept, its law and its last day, in each language', () => {
    fc.assert(
      fc.property(
        facts.filter(({ case: c }) => c.type !== 'access' && c.type !== 'portability'),
        fc.constantFrom(...languages),
        (of, lang) => {
          const letter = made('answer', { ...of, decision: { decision: 'approved', at: '2026-11-26' } });
          if (!letter) throw new Error('there is no letter');
          const t = translator(lang);
          const { paragraphs } = letterWords(t, letter);
          for (const { label, retained } of of.duties) {
            expect(paragraphs.flat().some((text) => text.includes(label))).toBe(true);
            if (!retained) continue;
            const { fields, until, law } = retained;
            const told = paragraphs
              .flat()
              .filter((text) => text.includes(law) && text.includes(t.day(until)) && text.includes(label));
            expect(told.some((text) => fields.every((field) => text.includes(t.word('field', field))))).toBe(true);
          }
        },
      ),
    );
  });

  it('names every recipient that was given data, what, for what and when', () => {
    fc.assert(
      fc.property(facts, (of) => {
        const letter = made('recipients', of);
        const told = letter ? sentencesOf(letter).filter((s) => s.code === 'recipient') : [];
        expect(told.map((s) => s.params)).toEqual(
          of.disclosures.map(({ label, purposeLabel: purpose, fields, first, last }) => ({
            label,
            purpose,
            fields,
            first,
            last,
          })),
        );
      }),
    );
  });

  it('names who holds the person beside what was handed over, and says that nobody does only when nobody does', () => {
    fc.assert(
      fc.property(facts, (of) => {
        const letter = made('recipients', of);
        const told = letter ? sentencesOf(letter) : [];
        expect(told.filter((s) => s.code === 'holder').map((s) => s.params['label'])).toEqual(
          (of.holders ?? []).map((h) => h.label),
        );
        expect(told.some((s) => s.code === 'noRecipients')).toBe(of.disclosures.length + (of.holders ?? []).length === 0);
      }),
    );
  });

  it('says no more than the evidence bears', () => {
    const strength: Record<string, number> = { asked: 1, accepted: 2, acknowledged: 3, observed: 4 };
    fc.assert(
      fc.property(facts, (of) => {
        const letter = made('answer', { ...of, decision: { decision: 'approved', at: '2026-11-26' } });
        for (const { code, source } of letter ? sentencesOf(letter) : []) {
          const grade = code.split('.')[1] ?? '';
          if (source.row !== 'duty' || !(grade in strength)) continue;
          const about = of.duties.find((d) => d.system === source.system);
          expect(strength[grade]).toBeLessThanOrEqual(Math.max(1, evidences.indexOf(about?.evidence ?? 'none')));
          expect(['settled', 'waiting']).toContain(about?.state);
        }
      }),
    );
  });

  it('calls an answer done only when every system has at least stated it', () => {
    const erased: LetterDuty = {
      system: 'a',
      label: 'A',
      state: 'settled',
      outcome: 'erased',
      evidence: 'acknowledged',
      backupLagDays: null,
    };
    const resultOf = (...duties: LetterDuty[]) =>
      made('answer', {
        controller: { name: 'Example Oy' },
        case: { id: '1', type: 'erasure', received: '2026-11-01', due: '2026-12-01' },
        decision: { decision: 'approved', at: '2026-11-02' },
        duties,
        disclosures: [],
      })?.result;
    expect(resultOf(erased)).toBe('done');
    expect(resultOf(erased, { ...erased, evidence: 'accepted' })).toBe('partly');
    expect(resultOf(erased, { ...erased, state: 'asked', outcome: null })).toBe('partly');
    expect(resultOf(erased, { ...erased, outcome: 'refused' })).toBe('partly');
    expect(resultOf({ ...erased, retained: { fields: ['email'], until: '2032-12-31', law: 'L' } })).toBe('partly');
  });

  it('answers access and portability only when it was handed over, and says what it lacks', () => {
    const of = (handover?: LetterFacts['handover']): LetterFacts => ({
      controller: { name: 'Example Oy' },
      case: { id: '1', type: 'access', received: '2026-11-01', due: '2026-12-01' },
      decision: { decision: 'approved', at: '2026-11-02' },
      duties: [],
      disclosures: [],
      ...(handover ? { handover } : {}),
    });
    expect(composeLetter('answer', of())).toBe('not-handed-over');
    const whole = made('answer', of({ on: '2026-11-20', missing: [] }));
    expect([whole?.result, whole && sentencesOf(whole).map((s) => s.code)]).toEqual([
      'done',
      expect.not.arrayContaining(['handedOverWithout']),
    ]);
    const lacking = made('answer', of({ on: '2026-11-20', missing: ['bureau'] }));
    expect([lacking?.result, lacking && sentencesOf(lacking).map((s) => s.code)]).toEqual([
      'partly',
      expect.arrayContaining(['handedOver', 'handedOverWithout', 'complaint']),
    ]);
  });

  it('names the authority and the court wherever not everything was done', () => {
    fc.assert(
      fc.property(facts, (of) => {
        const letter = made('answer', of);
        const codes = letter ? sentencesOf(letter).map((s) => s.code) : [];
        const isOwed = letter !== null && letter.result !== 'done';
        for (const code of ['complaint', 'authority', 'court']) expect(codes.includes(code)).toBe(isOwed);
      }),
    );
  });

  it('is not made of what has not happened', () => {
    const of: LetterFacts = {
      controller: { name: 'Example Oy' },
      case: { id: '1', type: 'erasure', received: '2026-11-01', due: '2026-12-01' },
      duties: [],
      disclosures: [],
    };
    expect(letterKinds.map((kind) => composeLetter(kind, of)).filter((l) => typeof l === 'string')).toEqual([
      'not-extended',
      'not-decided',
      'not-announced',
    ]);
  });

  it('has words for every sentence, and shows what a person wrote as they wrote it', () => {
    fc.assert(
      fc.property(facts, fc.constantFrom(...letterKinds), fc.constantFrom(...languages), (of, kind, lang) => {
        const letter = made(kind, of);
        if (!letter) return;
        const { title, paragraphs } = letterWords(translator(lang), letter);
        expect([title, ...paragraphs.flat()].filter((text) => text.includes('⟦'))).toEqual([]);
        if (kind === 'answer' && of.decision?.reason) expect(paragraphs.flat()).toContain(of.decision.reason);
      }),
    );
    for (const lang of languages)
      for (const deed of deedsTold)
        for (const grade of gradesTold) expect(allTexts(lang).has(`letters.${deed}.${grade}`)).toBe(true);
  });
});

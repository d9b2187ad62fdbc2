import { readdirSync, readFileSync } from 'node:fs';
import IntlMessageFormat from 'intl-messageformat';
import { describe, expect, it } from 'vitest';
import { registry } from '../../src/connectors/registry.ts';
import { alertKinds } from '../../src/core/alert.ts';
import { actions } from '../../src/core/audit-entry.ts';
import { caseStates } from '../../src/core/case.ts';
import { driftKinds } from '../../src/core/drift.ts';
import { changeKinds, evidences, lanes, outcomes, states } from '../../src/core/duty.ts';
import { failures } from '../../src/core/failure.ts';
import { noticeLaw } from '../../src/core/notice.ts';
import { fieldNames } from '../../src/core/person.ts';
import { claimLaw } from '../../src/core/retention.ts';
import { fiPack } from '../../src/core/retention-fi.ts';
import { roles, staffRoles } from '../../src/core/scope.ts';
import { answerOutcomes } from '../../src/jobs/ask-person.ts';
import { readReasons } from '../../src/jobs/read-person.ts';
import { linkRefusals } from '../../src/jobs/relink.ts';
import { runRefusals, runVerbs } from '../../src/jobs/steer-run.ts';
import { allTexts, languages } from '../../src/server/console/i18n.ts';
import { countOrder, linkOrder } from '../../src/server/console/run-parts.tsx';
import { verdictsOf } from '../../src/server/shapes.ts';

const root = new URL('../../', import.meta.url);
const filesOf = (folder: string, pattern: RegExp): string[] =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name) && !name.includes('sandbox'))
    .map((name) => `${folder}/${name}`);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

const catalogues = new Map(languages.map((lang) => [lang, allTexts(lang)] as const));
const english = catalogues.get('en') ?? new Map<string, string>();
const lackOf = (lang: (typeof languages)[number], keys: Iterable<string>) =>
  [...new Set(keys)].filter((key) => !catalogues.get(lang)?.has(key)).sort();

type Ast = ReturnType<IntlMessageFormat['getAst']>;
/** The names that a message is given, each with how it is shown. Throws where the message does not parse. */
function placesOf(text: string, lang: string): string[] {
  const walk = (ast: Ast): string[] =>
    ast.flatMap((part) => {
      const below = 'options' in part ? Object.values(part.options).flatMap((o) => walk(o.value)) : [];
      return part.type === 0 || part.type === 7 ? below : [`${part.value}:${part.type}`, ...below];
    });
  return [...new Set(walk(new IntlMessageFormat(text, lang, undefined, { ignoreTag: true }).getAst()))].sort();
}

describe('the three languages', () => {
  it('have the same files with the same keys', () => {
    for (const lang of languages) {
      expect([lang, filesOf(`src/server/console/messages/${lang}`, /\.json$/).map((f) => f.split('/').at(-1))]).toEqual([
        lang,
        filesOf('src/server/console/messages/en', /\.json$/).map((f) => f.split('/').at(-1)),
      ]);
      expect([lang, [...(catalogues.get(lang)?.keys() ?? [])].sort()]).toEqual([lang, [...english.keys()].sort()]);
    }
  });

  it('say something for each key, and parse, and take the same values', () => {
    const faults: string[] = [];
    for (const [key, text] of english) {
      const places = placesOf(text, 'en');
      for (const lang of languages) {
        const said = catalogues.get(lang)?.get(key) ?? '';
        if (said.trim() === '') faults.push(`${lang} ${key}: empty`);
        else if (String(placesOf(said, lang)) !== String(places)) faults.push(`${lang} ${key}: other values than English`);
      }
    }
    expect(faults).toEqual([]);
  });
});

/** Every code that a step may leave in `duty.reason`: written out in the rules, the jobs, the ledger and the connectors. */
function reasonCodes(): string[] {
  const patterns = [
    /reason: '([a-z-]+)'/g,
    /reason = '([a-z-]+)'/g,
    /THEN '(crashed)'/g,
    /(?:settled|nothing)\('[\w-]+',(?: [^,;]+,)? '([a-z][a-z-]+)'\)/g,
    /nothing\('[\w-]+', '([a-z-]+)'/g,
    /nothing\('[\w-]+', [^;]*\? '([a-z-]+)' : '([a-z-]+)'/g,
    /bound\.open \? '([a-z-]+)' : '([a-z-]+)'/g,
    /kind: 'refused'(?: as const)?, code: '([a-z-]+)'/g,
    /(?:refused|forPeople)\('([a-z-]+)'\)/g,
    /pending: '(has-[a-z-]+)'/g,
  ];
  const places = [
    'src/core/plan.ts',
    'src/core/diff.ts',
    ...filesOf('src/jobs', /^converge.*\.ts$/),
    'src/jobs/ask-person.ts',
    'src/store/duties.ts',
    'src/store/duties-many.ts',
    'src/store/subjects.ts',
    ...filesOf('src/connectors', /^\w+\/[\w-]+\.ts$/),
  ];
  const evidence = new Set<string>(evidences);
  const found = places.flatMap((path) => {
    const source = read(path);
    return patterns.flatMap((pattern) => [...source.matchAll(pattern)].flatMap((m) => m.slice(1).filter(Boolean)));
  });
  const ofTypes = [
    ...(/refusal: ([^;]+);/.exec(read('src/connectors/mailchimp/members.ts'))?.[1]?.matchAll(/'([a-z-]+)'/g) ?? []),
    ...(/const codes[^{]*\{([^}]+)\}/.exec(read('src/connectors/netvisor/said.ts'))?.[1]?.matchAll(/: '([a-z-]+)'/g) ?? []),
  ].map((m) => m[1] ?? '');
  const ofFailures = Object.keys(failures).map((code) => code.toLowerCase().replaceAll('_', '-'));
  return [...found.filter((code) => !evidence.has(code)), ...ofTypes, ...ofFailures, 'internal-error'].sort();
}

/** Every code that tells a problem: what has one is told in words on a page. */
function problemCodes(): string[] {
  return filesOf('src/server', /\.tsx?$/).flatMap((path) =>
    [
      ...read(path).matchAll(
        /(?:badRequest|refused|notFound|ProblemError)\((?:(?!throw |=> |tell\()[^\0]){0,400}?\bcode: [`']([\w-]+)/g,
      ),
    ].flatMap((m) => (m[1] === 'no-' ? ['no-email', 'no-phone', 'no-customerNumber'] : [m[1] ?? ''])),
  );
}

describe('every word of the ledger', () => {
  it('is found in the sources: the list of reasons is no empty one', () => {
    const found = reasonCodes();
    for (const known of [
      'vanished',
      'tombstone',
      'has-invoices',
      'double-opt-in',
      'compliance',
      'period-locked',
      'crashed',
      'law',
    ])
      expect([known, found.includes(known)]).toEqual([known, true]);
  });

  it('is found in the sources: neither is the list of problems', () => {
    const found = problemCodes();
    for (const known of ['not-there', 'no-email', 'last-admin', 'already-erased', 'not-fitting', 'drift-newer', 'not-safe'])
      expect([known, found.includes(known)]).toEqual([known, true]);
  });

  const holds = Object.entries(verdictsOf);
  const words: Record<string, readonly string[]> = {
    'words.state': states,
    'words.outcome': [...outcomes, ...answerOutcomes],
    'words.evidence': evidences,
    'words.reason': reasonCodes(),
    'words.action': actions,
    'history.did': actions,
    'words.role': [...roles, ...staffRoles],
    'accounts.may': roles,
    'words.field': fieldNames,
    'words.lane': Object.keys(lanes),
    'words.caseState': caseStates,
    'words.changeKind': changeKinds,
    'words.failure': [...Object.keys(failures), 'internal-error'],
    'words.readProblem': Object.keys(failures),
    'words.depth': Object.values(registry).map((factory) => factory.manifest.erasure.depth),
    'words.count': [...countOrder, ...linkOrder],
    'words.runKind': ['resync', 'link', 'drift'],
    'words.runState': ['previewed', 'running', 'paused', 'stopped', 'finished', 'failed'],
    'words.runVerb': runVerbs.filter((verb) => verb !== 'throttle'),
    'words.holdKind': holds.map(([kind]) => kind),
    'words.holdReason': [
      ...['shared', 'several', 'name-differs', 'phone-only', 'second-row', 'near', 'row-of-another'],
      ...['tombstone', 'same-record', 'still-held', 'not-in-register'],
    ],
    'held.is': holds.map(([kind]) => kind),
    'held.why': holds.map(([kind]) => kind),
    'words.verdict': holds.flatMap(([, verdicts]) => verdicts),
    laws: [...new Set([...fiPack.rules.flatMap(({ law }) => law.split('; ')), claimLaw])],
    'notice.finding': Object.keys(noticeLaw),
    'alert.opened': alertKinds,
    'alert.resolved': alertKinds,
    'drift.kind': driftKinds,
    'drift.means': driftKinds,
    'people.why': readReasons,
    problems: [...Object.keys(runRefusals), ...Object.keys(linkRefusals), ...problemCodes()],
  };
  it.each(Object.entries(words))('has a text in each language: %s', (area, values) => {
    const keys = values.map((value) => `${area}.${value}`);
    for (const lang of languages) expect([lang, lackOf(lang, keys)]).toEqual([lang, []]);
  });
});

describe('every text that a page asks for by its name', () => {
  const sources = [...filesOf('src/server', /\.tsx?$/), 'src/jobs/deliver-notices.ts'].map((path) => [path, read(path)] as const);

  it('is in the catalogues', () => {
    const asked = sources.flatMap(([, source]) =>
      [...source.matchAll(/\b(?:t|words)\(\s*'([\w-]+\.[\w.-]+)'/g)].map((m) => m[1] ?? ''),
    );
    expect(asked.length).toBeGreaterThan(300);
    expect(lackOf('en', asked)).toEqual([]);
  });

  it('is in the catalogues where a form tells what it did', () => {
    const said = sources.flatMap(([, source]) =>
      [...source.matchAll(/\bsaid: ([^,}\n]+)/g)].flatMap((m) =>
        [...(m[1] ?? '').matchAll(/'(\w+)'/g)].map((s) => `said.${s[1]}`),
      ),
    );
    expect(said.length).toBeGreaterThan(15);
    expect(lackOf('en', said)).toEqual([]);
  });
});

describe('words to people outside', () => {
  /** Of the answer to access: what its own people read in the console. */
  const inConsole = /^access\.(identity|note$|how$|result$|save$|way\.|prepare|needsIdentity$|ready|was|waits$|take$)/;
  /** What somebody tells the machine by a button or link. */
  const onButtons = new Set(['request.send', 'reply.sendCode', 'reply.openIt', 'reply.another', 'reply.fileGet']);
  const told = (lang: (typeof languages)[number]) =>
    [...(catalogues.get(lang) ?? [])].filter(
      ([key]) =>
        /^(request|reply|access)\.|^letters\.(title|received|dueBy|free|extended|approved|refused|decision|recipient|noRec|lift[FM]|complaint|court|retained|backups|asked|pending|keeps|not\.|erased|absent|stripped|restricted|corrected|simplified|handed|holder|withdrawn)/.test(
          key,
        ) && !inConsole.test(key),
    );

  it('are formal in Finnish, on every form, page, mail and letter', () => {
    const intimate = new RegExp(
      [
        String.raw`(?<!\p{L})(sinä|sinu\p{L}*|sinut|sinulle)(?!\p{L})`,
        // "tietosi", "tietoinesi"; not "lisäksi", "uusi" or "olisi"
        String.raw`(?<![ki]|uu)si(?!\p{L})`,
        String.raw`(?<!\p{L}|ei )(avaa|kerro|kirjoita|katso|kysy|lähetä|mainitse|merkitse|ota|poista|pyydä|rastita|tallenna|tarkista|tulosta|täytä|vahvista|valitse|yritä|älä)(?!\p{L})`,
      ].join('|'),
      'iu',
    );
    expect('Poistamme tietosi').toMatch(intimate);
    const found = told('fi').filter(([key, text]) => !onButtons.has(key) && intimate.test(text));
    expect(found).toEqual([]);
  });

  it('say "du" to a person in Swedish, in the form as in the letters, and "ni" to an organisation', () => {
    const wrong = told('sv').filter(([key, text]) =>
      key.startsWith('reply.') ? /\b(du|dig|din|ditt|dina)\b/i.test(text) : /\b(Ni|er|ert|era)\b/.test(text),
    );
    expect(wrong).toEqual([]);
  });
});

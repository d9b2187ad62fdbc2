/** Which rules are mutated together: `npm run mutate -- plan`. */
const rules = {
  clock: ['legal-clock', 'due-dates'],
  plan: ['plan', 'diff', 'exception'],
  retention: ['retention', 'retention-sweep', 'retention-rule'],
};
const chosen = process.env.KAIKU_RULES ?? '';
if (!(chosen in rules)) throw new Error(`say which rules: npm run mutate -- ${Object.keys(rules).join('|')}`);

export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'test/mutation/vitest.config.ts' },
  mutate: rules[chosen].map((name) => `src/core/${name}.ts`),
  ignorePatterns: ['dist', '.tools', '.kaiku', 'docs'],
  coverageAnalysis: 'perTest',
  // constants are read once; a mutant of one would load every test anew
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 30_000,
  reporters: ['clear-text', 'progress-append-only', 'json'],
  jsonReporter: { fileName: `reports/mutation-${chosen}.json` },
  clearTextReporter: { allowColor: false, logTests: false },
  thresholds: { high: 90, low: 80, break: 80 },
};

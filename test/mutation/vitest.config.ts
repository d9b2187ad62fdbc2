import { defineConfig } from 'vitest/config';

/** The rules' own tests, without a ledger: what a mutant of a rule must not survive. */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/core/**/*.test.ts', 'test/config/retention.test.ts'],
    testTimeout: 180_000,
  },
});

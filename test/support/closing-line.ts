import type { Reporter, TestModule } from 'vitest/node';

/** Ends a run with one plain line, and with what was left out on this machine and why. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    const again: string[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state !== 'pending') count[state]++;
        if (state === 'passed' && (test.diagnostic()?.retryCount ?? 0) > 0) again.push(`${test.project.name}: ${test.fullName}`);
      }
      // a file that did not load has failed, though none of its tests ran
      if (module.state() === 'failed' && [...module.children.allTests()].length === 0) count.failed++;
    }
    for (const name of again) process.stdout.write(`passed at the second try: ${name}\n`);
    const left = process.env['KAIKU_TEST_LEFT_OUT'];
    if (left) process.stdout.write(`left out: ${left}\n`);
    process.stdout.write(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
  }
}

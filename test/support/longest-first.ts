import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that wait long for browsers, leases and vendors: begun last, one of them would run on alone. */
const long = [
  'test/browser/pages',
  'test/browser/requests',
  'test/browser/resync',
  'test/browser/two-roles',
  'test/chaos/zombies',
  'test/jobs/converge-many',
  'test/jobs/panel',
  'test/chaos/scale',
  'test/chaos/strict',
  'test/chaos/kills',
  'test/journeys/resync',
  'test/journeys/rectification',
  'test/jobs/link',
  'test/journeys/accounting',
  'test/journeys/company-demo',
  'test/jobs/rearrivals',
];

/** What takes longest begins first, in the order of the list; the rest as Vitest would have it. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = (file: TestSpecification) => {
      const at = long.findIndex((name) => file.moduleId.includes(name));
      return at === -1 ? long.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

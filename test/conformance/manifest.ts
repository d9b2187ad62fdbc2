import type { Manifest } from '../../src/connectors/connector.ts';
import { evidences } from '../../src/core/duty.ts';
import { retentionRules } from '../../src/core/retention.ts';

const weakerThan = (cap: Manifest['erasure']['cap'], than: (typeof evidences)[number]) =>
  evidences.indexOf(cap) < evidences.indexOf(than);

/** What a manifest leaves open, or claims against itself; empty for one that is complete. */
export function faultsOf(manifest: Manifest): string[] {
  const { vendor, roles, human, erasure, limits, retention } = manifest;
  const ends = manifest.endsByItself === true;
  const rules: [boolean, string][] = [
    [/^[a-z][a-z0-9-]*$/.test(vendor), 'vendor: the name of its folder'],
    [roles.length > 0 && new Set(roles).size === roles.length, 'roles: register, recipient or both'],
    [erasure.cap !== 'none', 'erasure.cap: the strongest evidence that an erasure can reach'],
    [erasure.why.trim().length >= 10, 'erasure.why: the reason for depth and cap'],
    [
      !['archive', 'soft'].includes(erasure.depth) || weakerThan(erasure.cap, 'observed'),
      'erasure.cap: what is archived or binned cannot be observed to be erased',
    ],
    [manifest.readBack || weakerThan(erasure.cap, 'observed'), 'erasure.cap: nothing is observed without reading back'],
    [
      manifest.readBack === ((manifest.readBackPath ?? '').trim() !== ''),
      'readBackPath: the call that reads back; none without readBack',
    ],
    [Number.isInteger(limits.connections) && limits.connections >= 1, 'limits.connections: at least 1'],
    [limits.perSecond === undefined || limits.perSecond > 0, 'limits.perSecond: more than 0'],
    [manifest.deadlineSeconds >= 1 && manifest.deadlineSeconds <= 600, 'deadlineSeconds: 1 to 600'],
    [
      manifest.backupLagDays === null || (Number.isInteger(manifest.backupLagDays) && manifest.backupLagDays >= 0),
      'backupLagDays: days, or null where the vendor does not say',
    ],
    [(human || ends) === (manifest.rights.length === 0), 'rights: what the credentials must be allowed; none for people'],
    [manifest.rights.every((right) => right.trim() !== ''), 'rights: each with a name'],
    [human === (erasure.depth === 'person'), "erasure.depth: 'person' for people, and for them alone"],
    [ends === (erasure.depth === 'time'), "erasure.depth: 'time' for what ends by itself, and for that alone"],
    [retention === undefined || retention.length > 0, 'retention: rules, or left out'],
    [(retention ?? []).every((rule) => Object.hasOwn(retentionRules, rule)), 'retention: rules that Kaiku knows'],
  ];
  return rules.filter(([isKept]) => !isKept).map(([, what]) => what);
}

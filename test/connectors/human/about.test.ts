import { describe, expect, it } from 'vitest';
import type { People } from '../../../src/connectors/connector.ts';
import { registry } from '../../../src/connectors/registry.ts';
import type { SystemConfig } from '../../../src/core/configuration.ts';
import { aboutSystem } from '../../../src/server/about-system.ts';

const recipient = { purposes: ['invoicing'], undoHours: 0, dueDays: 9, retention: [] };
const system = (connector: string, more: Partial<SystemConfig> = {}): SystemConfig => ({
  ...{ name: 'it', connector, baseUrl: '', credentials: {}, owner: 'finance-lead', settings: {}, recipient },
  ...more,
});
const unknown = [{ purpose: 'recruiting', roles: ['applicant'] }];
const about = (connector: string, more: Partial<SystemConfig> = { settings: {} }, isMailed = false) => {
  const manifest = registry[connector]?.manifest;
  if (!manifest) throw new Error(`there is no ${connector}`);
  const { answerer: address, ...rest } = more.settings as Record<string, string>;
  const people = manifest.human && address ? { people: { address, ...rest } as People } : {};
  return aboutSystem(system(connector, more), { manifest, check: async () => [], ...people }, { isMailed, unknown });
};

describe('what is said of a system', () => {
  it('run by people: who is asked, how, by when, and that silence closes nothing', () => {
    const settings = { answerer: 'privacy@bureau.test', language: 'sv' };
    const { says, people } = about('human', { settings });
    expect(says[0]).toMatch(/finance-lead gets a task .* answered by privacy@bureau\.test, in Swedish, within 9 days/);
    const mailed = about('human', { settings }, true).says[0];
    expect(mailed).toMatch(/privacy@bureau\.test is mailed a link to a page without account, in Swedish, within 9 days/);
    expect(says).toContain('Silence never closes a task.');
    expect(says.join(' ')).toContain('write what truly has to be done there as settings.instructions');
    expect(people).toEqual({ owner: 'finance-lead', answerer: 'privacy@bureau.test', language: 'sv', dueDays: 9 });
    const told = about('human', { settings: { ...settings, instructions: 'Sök på namn.' } });
    expect(told.says.join(' ')).not.toContain('settings.instructions');
    expect(told.people).toMatchObject({ instructions: 'Sök på namn.' });
  });

  it.each(Object.keys(registry))('on %s: the cap of its evidence and why, as its manifest says', (connector) => {
    const { says, erasure, people } = about(connector);
    const { cap, why } = registry[connector]?.manifest.erasure ?? {};
    expect(erasure).toEqual({ cap, why });
    expect(says.at(-1)).toBe(`Evidence of an erasure ends at "${cap}": ${why}.`);
    expect(people !== undefined).toBe(registry[connector]?.manifest.human);
  });

  it('that is read by machine, where people do the rest: both are said, with the words they are shown', () => {
    const people: People = { address: 'hr@firm.test', language: 'fi', instructions: 'Poisto: rivi riviltä.' };
    const given = { ...recipient, people };
    const manifest = registry['mepco']?.manifest;
    if (!manifest) throw new Error('there is no mepco');
    const said = aboutSystem(
      system('mepco', { recipient: given }),
      { manifest, check: async () => [], people },
      { isMailed: true, unknown },
    );
    expect(said.says).toContain('They are shown the instructions of the configuration with each task.');
    expect(said.says.join(' ')).toMatch(
      /read back \(the newest whole export .* asked of them\. hr@firm\.test is mailed a link .* in Finnish, within 9 days/,
    );
    expect(said.people).toMatchObject({ owner: 'finance-lead', answerer: 'hr@firm.test', instructions: people.instructions });
  });

  it('whose purpose is for a role that no register has people in is said to serve nobody', () => {
    const recruiting = { ...recipient, purposes: ['invoicing', 'recruiting'] };
    const nobody = '"recruiting" is for applicant, and no register has people in that role: nobody is served.';
    expect(about('mailchimp', { recipient: recruiting, settings: {} }).says).toContain(nobody);
    expect(about('human', { recipient: recruiting, settings: {} }).says).toContain(nobody);
    expect(about('mailchimp').says.join()).not.toContain('no register has people');
  });

  it('that nobody can look into says so, and one that can be read says how', () => {
    expect(about('meta').says).toContain('Nobody can look into it: nothing that was written is read back.');
    expect(about('netvisor').says).toContain('What was written is read back (getcustomer.nv?id=).');
    const register = { for: 'customer', pollSeconds: 60, sweepHours: 24, eraseAfterDays: 14, permissions: {} };
    expect(about('insightly', { register, settings: {} }).says[0]).toMatch(
      /^The register of the role customer: .* Given data for: invoicing\.$/,
    );
  });
});

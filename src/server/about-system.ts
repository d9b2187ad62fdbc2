import type { Connector, Manifest } from '../connectors/connector.ts';
import type { SystemConfig } from '../core/configuration.ts';

/** How far Kaiku reaches at one system, as data and in words. */
export interface AboutSystem {
  /** Sentences for whoever sets the system up. */
  says: string[];
  /** The strongest evidence that an erasure can reach there, and why no more. */
  erasure: { cap: string; why: string };
  /** Who is asked, where people run the system. */
  people?: { owner: string; answerer: string; language: string; dueDays: number; instructions?: string };
}

const languages = { fi: 'Finnish', sv: 'Swedish', en: 'English' } as const;

/** Derived from the configuration and the connector's manifest; nothing is asked. `isMailed`: people are asked by mail (`replies`). */
export function aboutSystem(system: SystemConfig, { manifest, people }: Connector, isMailed: boolean): AboutSystem {
  const { cap, why } = manifest.erasure;
  const erasure = { cap, why };
  const limit = `Evidence of an erasure ends at "${cap}": ${why}.`;
  if (!manifest.human) return { says: [roleWords(system), readWords(manifest), limit].filter((words) => words !== ''), erasure };
  const [owner, dueDays] = [system.owner ?? system.name, system.recipient?.dueDays ?? 0];
  const { address: answerer = owner, language = 'fi', instructions } = people ?? {};
  const way = isMailed
    ? `${answerer} is mailed a link to a page without account`
    : `${owner} gets a task (console, kaiku task list) and has it answered by ${answerer}`;
  return {
    says: [
      `Run by people: nothing is called. ${way}, in ${languages[language]}, within ${dueDays} days, or sooner where the answer to the person is due.`,
      'Silence never closes a task.',
      instructions === undefined
        ? 'They are told nothing of their own: write what truly has to be done there as settings.instructions.'
        : 'They are shown the instructions of the configuration with each task.',
      limit,
    ],
    erasure,
    people: { owner, answerer, language, dueDays, ...(instructions === undefined ? {} : { instructions }) },
  };
}

function roleWords({ register, recipient }: SystemConfig): string {
  const master = register ? `The register of the role ${register.for}: what stands here is carried to everybody else.` : '';
  const given = recipient ? `Given data for: ${recipient.purposes.join(', ')}.` : '';
  return [master, given].filter((words) => words !== '').join(' ');
}

const readWords = ({ readBack, readBackPath, roles }: Manifest): string => {
  if (readBack) return `What was written is read back${readBackPath ? ` (${readBackPath})` : ''}.`;
  return roles.includes('recipient') ? 'Nobody can look into it: nothing that was written is read back.' : '';
};

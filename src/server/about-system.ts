import type { Connector, Ends, Manifest } from '../connectors/connector.ts';
import type { SystemConfig } from '../core/configuration.ts';
import { titleIn } from '../core/title.ts';

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

/** What of the configuration is said of every system alike. */
interface Around {
  /** People are asked by mail (`replies`). */
  isMailed: boolean;
  /** Purposes with roles that no register has people in. */
  unknown: readonly { purpose: string; roles: readonly string[] }[];
}

/** Derived from the configuration and the connector's manifest; nothing is asked. */
export function aboutSystem(system: SystemConfig, { manifest, people, ends }: Connector, around: Around): AboutSystem {
  const { cap, why } = manifest.erasure;
  const erasure = { cap, why };
  const limit = `Evidence of an erasure ends at "${cap}": ${why}.`;
  const asked = manifest.human || people ? askedWords(system, people, around.isMailed) : null;
  const unknown = unknownWords(system, around);
  if (manifest.endsByItself) return { says: [...(ends ? endingWords(ends) : []), ...unknown, limit], erasure };
  if (!manifest.human) {
    const says = [
      ...[roleWords(system), ...unknown, readWords(manifest)],
      ...(asked ? [`What people must do there is asked of them. ${asked.way}`, silence, asked.own] : []),
      limit,
    ];
    return { says: says.filter((words) => words !== ''), erasure, ...(asked ? { people: asked.people } : {}) };
  }
  const says = [`Run by people: nothing is called. ${asked?.way}`, silence, asked?.own ?? '', ...unknown, limit];
  return { says, erasure, ...(asked ? { people: asked.people } : {}) };
}

/** What lies there, how long by whose word, and what an erasure comes to. */
const endingWords = ({ afterDays, what }: Ends): string[] => [
  `${titleIn(what, 'en') ?? ''}: ends by itself ${afterDays} days after each entry, by the company's own period. Nothing is called, nobody is asked, nobody searches it.`,
  `After an erasure it is kept until the last entry ends, ${afterDays} days later, and counts as erased from then on. Nothing there is corrected or restricted.`,
];

const silence = 'Silence never closes a task.';

/** Who is asked, which way, by when, and whether they are told anything of the company's own. */
function askedWords(system: SystemConfig, people: Connector['people'], isMailed: boolean) {
  const [owner, dueDays] = [system.owner ?? system.name, system.recipient?.dueDays ?? 0];
  const { address: answerer = owner, language = 'fi', instructions } = people ?? {};
  const way = isMailed
    ? `${answerer} is mailed a link to a page without account`
    : `${owner} gets a task (console, kaiku task list) and has it answered by ${answerer}`;
  const place = system.recipient?.people ? 'recipient.people.instructions' : 'settings.instructions';
  return {
    way: `${way}, in ${languages[language]}, within ${dueDays} days, or sooner where the answer to the person is due.`,
    own:
      instructions === undefined
        ? `They are told nothing of their own: write what truly has to be done there as ${place}.`
        : 'They are shown the instructions of the configuration with each task.',
    people: { owner, answerer, language, dueDays, ...(instructions === undefined ? {} : { instructions }) },
  };
}

/** Purposes of this system that serve nobody in some role, since no register has people in it. */
const unknownWords = ({ recipient }: SystemConfig, { unknown }: Around): string[] =>
  unknown
    .filter(({ purpose }) => recipient?.purposes.includes(purpose))
    .map(
      ({ purpose, roles }) =>
        `"${purpose}" is for ${roles.join(', ')}, and no register has people in that role: nobody is served.`,
    );

function roleWords({ register, recipient }: SystemConfig): string {
  const master = register ? `The register of the role ${register.for}: what stands here is carried to everybody else.` : '';
  const given = recipient ? `Given data for: ${recipient.purposes.join(', ')}.` : '';
  return [master, given].filter((words) => words !== '').join(' ');
}

const readWords = ({ readBack, readBackPath, roles }: Manifest): string => {
  if (readBack) return `What was written is read back${readBackPath ? ` (${readBackPath})` : ''}.`;
  return roles.includes('recipient') ? 'Nobody can look into it: nothing that was written is read back.' : '';
};

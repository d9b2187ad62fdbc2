import { z } from 'zod';
import { Agreed, Fingerprint, Folder, formSettings, MapKey, Pattern } from '../file-settings.ts';

/** The header of a column, or its spellings in several versions of the file: the one that is there is read. */
const Header = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
export type Header = z.infer<typeof Header>;

/** What the exporting side does is agreed per customer and documented nowhere; so it is said here. */
export const MepcoSettings = z
  .strictObject({
    /** The server's host keys, every kind of key that it has; needed for `sftp://`, unknown to a folder of this machine. */
    hostKeys: z.array(Fingerprint).default([]),
    /** Where the exports lie, below the folder of `baseUrl`. */
    folder: Folder.default(''),
    /** Names of exports that hold everybody. */
    full: Pattern.optional(),
    /** Names of exports that hold changes alone. */
    delta: Pattern.optional(),
    /** Taken files are moved there instead of removed. */
    movedTo: Folder.min(1).optional(),
    orderBy: z.enum(['modified', 'name']).default('modified'),
    /** How long a file must stand still before it is read. */
    settleSeconds: z.number().min(1).max(3600).default(10),
    /** A register whose newest export is older than this has fallen silent. */
    expectedEveryHours: z.number().positive().max(8760).optional(),
    ...formSettings,
    /** Names of the columns of a file without a header row. */
    columns: z.array(z.string()).min(1).optional(),
    number: Header.default('Person Number'),
    /** Read where the file has it: companies of one group may give out the same number. */
    company: Header.default('Yhtiönumero'),
    map: z.record(MapKey, Header).default({ name: 'User Name', email: 'User Email' }),
    /** How a whole name in one column is written. */
    nameOrder: z.enum(['given-first', 'family-first']).default('given-first'),
    dates: z.enum(['any', 'd.m.yyyy', 'yyyy-mm-dd']).default('any'),
    /** What a blank means in a file of changes. */
    blanks: z.enum(['empty', 'unchanged']).default('empty'),
    /** A whole export in which a larger part of the people is missing is not believed. */
    mostVanishing: z.number().gt(0).max(1).default(0.2),
    /** The same for people of whom one field is another. */
    mostChanging: z.number().gt(0).max(1).default(0.5),
    /** Exports that were not believed and are right: what the refusal names. */
    agreed: Agreed,
  })
  .refine(({ full, delta }) => full !== undefined || delta !== undefined, {
    path: ['full'],
    error: 'say what the exports hold: full for names of those with everybody, delta for those with changes alone',
  })
  .refine(({ full, blanks }) => full !== undefined || blanks === 'empty', {
    path: ['blanks'],
    error: 'unchanged needs whole exports (full): without one nothing says what the value was',
  });
export type MepcoSettings = z.infer<typeof MepcoSettings>;

export const headersOf = (header: Header): readonly string[] => (typeof header === 'string' ? [header] : header);

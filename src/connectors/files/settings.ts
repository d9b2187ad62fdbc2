import { z } from 'zod';
import { Agreed, Fingerprint, Folder, formSettings, MapKey, Pattern } from '../file-settings.ts';

const Column = z
  .string()
  .min(1)
  .regex(/^[^\r\n"]+$/);

const Mark = z.string().regex(/^\p{L}[\p{L}\p{N} _-]*$/u, { error: 'a word of letters and digits' });

/** A system that is declared, not programmed: where its files lie, how they are made up, which column is which field. */
export const FilesSettings = z
  .strictObject({
    /** The server's host keys; needed for `sftp://`, unknown to a folder of this machine. */
    hostKeys: z.array(Fingerprint).default([]),
    /** The whole export that the other side leaves: it is what a look reads, and what proves. */
    export: z.strictObject({ folder: Folder.default(''), names: Pattern }),
    /** Where our file of changes is left for the other side. */
    changes: z
      .strictObject({
        folder: Folder.default(''),
        prefix: z
          .string()
          .regex(/^\w[\w-]*$/)
          .default('kaiku-'),
      })
      .prefault({}),
    ...formSettings,
    /** The column that names a row for good. */
    key: Column,
    map: z
      .record(MapKey, Column)
      .refine((map) => Object.keys(map).length > 0, { error: 'must say which field stands in which column' }),
    nameOrder: z.enum(['given-first', 'family-first']).default('given-first'),
    /** How dates are written; read are all. */
    dates: z.enum(['yyyy-mm-dd', 'd.m.yyyy']).default('yyyy-mm-dd'),
    lineBreak: z.enum(['crlf', 'lf']).default('crlf'),
    /** Cells that a spreadsheet would run are given a leading apostrophe, which is taken off again on the way back. */
    escapeFormulas: z.boolean().default(true),
    /** The column that says what a row of changes is for, and its words. */
    mark: z.strictObject({ column: Column, change: Mark.default('U'), erase: Mark.optional() }).optional(),
    /** `rows`: an erasure is a row with the mark. `people`: whoever owns the system is asked. */
    erasure: z.enum(['rows', 'people']).default('people'),
    /** `rows`: a correction is a row of changes. `people`: whoever owns the system is asked. With both `people` nothing is ever written. */
    corrections: z.enum(['rows', 'people']).default('rows'),
    settleSeconds: z.number().min(1).max(3600).default(10),
    /** An export in which a larger part of the rows of the one before is missing is not believed. */
    mostVanishing: z.number().gt(0).max(1).default(0.2),
    /** The same for rows of which one field is another: columns that changed places. */
    mostChanging: z.number().gt(0).max(1).default(0.5),
    agreed: Agreed,
  })
  .refine(({ erasure, mark }) => erasure === 'people' || mark?.erase !== undefined, {
    path: ['erasure'],
    error: 'rows needs the mark of an erasure: mark: { column, erase }',
  });
export type FilesSettings = z.infer<typeof FilesSettings>;

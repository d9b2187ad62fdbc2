import { z } from 'zod';
import { Agreed, Fingerprint, Folder, formSettings, MapKey, Pattern } from '../file-settings.ts';

const Column = z
  .string()
  .min(1)
  .regex(/^[^\r\n"]+$/);

const Mark = z.string().regex(/^\p{L}[\p{L}\p{N} _-]*$/u, { error: 'a word of letters and digits' });

/** `row: blank`: the row may stay, if none of the mapped fields but those that stay has a value. `look: values`: other rows count too. */
const Erased = z
  .strictObject({
    row: z.enum(['gone', 'blank']).default('gone'),
    /** Of the property, not of the person: `address`, `custom.flue`. */
    stays: z.array(z.string().min(1)).default([]),
    look: z.enum(['key', 'values']).default('key'),
  })
  .refine(({ row, stays }) => row === 'blank' || stays.length === 0, { path: ['stays'], error: 'belongs to row: blank' });

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
    /** When somebody counts as erased in an export of theirs. */
    erased: Erased.prefault({}),
    /** What it means that an erasure finds no row: `not-identifiable` where the system follows people who never said their name. */
    unfound: z.enum(['absent', 'not-identifiable']).default('absent'),
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
  })
  .refine(({ erased, map }) => erased.stays.every((name) => isMapped(map, name)), {
    path: ['erased', 'stays'],
    error: 'names a field that map does not',
  })
  .refine(({ erased, map }) => erased.row === 'gone' || Object.keys(map).some((name) => !stays(erased.stays, name)), {
    path: ['erased', 'stays'],
    error: "must leave a field that is the person's",
  });

/** Whether a key of `map` is (a part of) one of these fields. */
const stays = (names: readonly string[], key: string): boolean =>
  names.some((name) => key === name || key.startsWith(`${name}.`));
const isMapped = (map: Record<string, string>, name: string): boolean => Object.keys(map).some((key) => stays([name], key));

/** Columns that are the person's: a row with none of them filled is nobody's. Empty: every row is somebody's. */
export const personalColumns = ({ erased, map }: FilesSettings): string[] =>
  erased.row === 'gone' ? [] : Object.entries(map).flatMap(([key, column]) => (stays(erased.stays, key) ? [] : [column]));

export type FilesSettings = z.infer<typeof FilesSettings>;

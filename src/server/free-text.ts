import { z } from 'zod';
import { findIdentityCodes } from '../core/identity-code.ts';

const withoutCodes = (text: string | undefined): boolean => text === undefined || findIdentityCodes(text).length === 0;
const error =
  'holds a personal identity code: leave it out, the person is known by the case (Data Protection Act 1050/2018, section 29)';

/** What somebody writes in their own words. An identity code is refused, not masked: it would be quoted in letters and kept for years. */
export const freeText = (max: number) => z.string().trim().max(max).refine(withoutCodes, { error });

/** The same where words are needed; `what` says so. */
export const neededText = (max: number, what: string) => z.string().trim().min(1, what).max(max).refine(withoutCodes, { error });

/** The same for a field of a form, empty meaning none. */
export const noCodes = <S extends z.ZodType<string | undefined>>(schema: S) => schema.refine(withoutCodes, { error });

import type { Step } from './diff.ts';

/** Why a recipient is not told (Art. 19 GDPR): it proves impossible, or would be a disproportionate effort. */
export const exceptionGrounds = ['impossible', 'disproportionate'] as const;
export type ExceptionGround = (typeof exceptionGrounds)[number];

/** A decision that one recipient is not told of one case. */
export interface Exception {
  type: string;
  ground: ExceptionGround;
  /** The version of the person's values that it was decided at. */
  version: number;
}

/** The step, or nothing where it was decided that the recipient is not told. What comes after the decision is told again. */
export function withExceptions(step: Step, exceptions: readonly Exception[], version: number): Step {
  const found = exceptions.find((exception) => covers(exception, step, version));
  return found ? { kind: 'nothing', outcome: 'excepted', evidence: 'none', reason: found.ground } : step;
}

function covers({ type, version: decided }: Exception, step: Step, version: number): boolean {
  const deed = step.kind === 'ask' ? step.ask : step.kind;
  switch (type) {
    case 'erasure':
      return deed === 'erase' || deed === 'strip';
    case 'rectification':
      return deed === 'update' && version <= decided;
    case 'restriction':
    case 'objection':
      return deed === 'restrict';
    default:
      return false;
  }
}

/**
 * Cases of every type: their legal clock, who asked and how that is known, and what is asked. What could name a person is sealed.
 * `due` and `target` are counted again whenever the clock changes; they stand here so that lists are sorted by them.
 */
export const cases = `
ALTER TABLE case_file
  -- {extension?: {toldOn, sealedReasons}, pauses?: [{reason, asked, answered}]}
  ADD COLUMN clock jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN due date,
  ADD COLUMN target date,
  -- {state: unproven | proven | doubted, how, by, at}: codes, never a document
  ADD COLUMN identity jsonb,
  -- the corrected values, the purposes objected to: under the envelope's key
  ADD COLUMN sealed_request bytea,
  -- the person's own, for letters
  ADD COLUMN language text CHECK (language IN ('fi', 'sv', 'en')),
  -- where two must agree: the first
  ADD COLUMN first_approval jsonb;
CREATE INDEX case_due ON case_file (due, id) WHERE state IN ('planned', 'approved', 'running');
CREATE UNIQUE INDEX one_open_case ON case_file (subject, type) WHERE type <> 'erasure' AND state IN ('planned', 'approved', 'running');
`;

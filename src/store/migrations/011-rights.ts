/** What the rights beside erasure need: whether a case restricts the person, how its restriction ends, and how far a correction came. */
export const rights = `
ALTER TABLE case_file
  -- the person is restricted because of this case (Art. 18), until it is lifted
  ADD COLUMN restricts boolean NOT NULL DEFAULT false,
  -- {toldOn, by, liftedAt?}: the person is told before a restriction is lifted (Art. 18(3))
  ADD COLUMN lift jsonb,
  -- of a correction: the version that the register showed it in
  ADD COLUMN corrected_version bigint,
  -- {code, at} of the last try at the register that did not succeed
  ADD COLUMN hindered jsonb;
CREATE INDEX case_restricts ON case_file (subject) WHERE restricts;
`;

/**
 * Rows that a law keeps: what is kept of them, until when, by which law. Holds may show both sides of a match, masked and sealed.
 */
export const boundRows = `
ALTER TABLE record DROP CONSTRAINT record_state_check;
ALTER TABLE record ADD CONSTRAINT record_state_check
  CHECK (state IN ('linked', 'restricted', 'inert', 'stripped', 'erased', 'absent', 'forgotten'));
ALTER TABLE record ADD COLUMN retained jsonb;
-- the two sides of a match as a person may see them; sealed, and gone with the verdict
ALTER TABLE held ADD COLUMN sides bytea;
CREATE INDEX ON held (about) WHERE about IS NOT NULL;
-- a row of the register that was merged into another: its signals count, its values do not
ALTER TABLE register_record ADD COLUMN secondary boolean NOT NULL DEFAULT false;
CREATE INDEX ON subject (organisation) WHERE organisation IS NOT NULL;
`;

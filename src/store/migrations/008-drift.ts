/** What a drift run found: subject ids, keyed hashes and field names; never a value. */
export const drift = `
-- per kind of finding, how often each field was in it: kept when the findings themselves are gone
ALTER TABLE run ADD COLUMN fields jsonb NOT NULL DEFAULT '{}';
-- the person refused there, and the ledger did not know
ALTER TABLE run_seen ADD COLUMN refused boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX one_drift_a_system ON run (system) WHERE state IN ('running', 'paused') AND kind = 'drift';
CREATE INDEX ON run (system, started_at) WHERE kind = 'drift';
-- fields that a person ordered out of a row: the next correction of that row blanks them
ALTER TABLE record ADD COLUMN unwanted text[] NOT NULL DEFAULT '{}';

CREATE TABLE drift_finding (
  id uuid PRIMARY KEY,
  run uuid NOT NULL REFERENCES run ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('missing', 'stale', 'extra', 'erased-but-back', 'orphan')),
  place text NOT NULL,
  -- what it is about: the keyed hash of the row, or the person and place of a row that is not there
  about text NOT NULL,
  subject uuid,
  record uuid,
  fields text[] NOT NULL DEFAULT '{}',
  reason text,
  -- where an erased person's row is, for the erasure that is owed again
  sealed_ref bytea,
  repaired_at timestamptz,
  repaired_by text,
  UNIQUE (run, kind, about)
);
CREATE INDEX ON drift_finding (subject) WHERE subject IS NOT NULL;
`;

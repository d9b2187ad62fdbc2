/** A full resync is kept here from its first page to its last duty, so that it outlives every process. */
export const runs = `
ALTER TABLE run
  ADD COLUMN phase text NOT NULL DEFAULT 'reading' CHECK (phase IN ('reading', 'comparing', 'working')),
  ADD COLUMN dry boolean NOT NULL DEFAULT false,
  ADD COLUMN actor text NOT NULL DEFAULT 'kaiku',
  -- the last subject that was compared
  ADD COLUMN position uuid,
  -- steps handed out a second; null: as fast as the system's limits let them
  ADD COLUMN per_second float8,
  ADD COLUMN pages int NOT NULL DEFAULT 0,
  ADD COLUMN page_ms float8 NOT NULL DEFAULT 0,
  ADD COLUMN attempts int NOT NULL DEFAULT 0,
  -- masked and sealed
  ADD COLUMN samples bytea,
  ADD COLUMN fence bigint NOT NULL DEFAULT 0,
  ADD COLUMN wake_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN lease_until timestamptz;
-- prints of values that the system spells otherwise than the register (a cut text, one name of two), as they read after the write
ALTER TABLE record ADD COLUMN spelled jsonb NOT NULL DEFAULT '{}';
CREATE INDEX ON run (wake_at) WHERE state = 'running';
CREATE UNIQUE INDEX one_run_a_system ON run (system) WHERE state IN ('running', 'paused') AND NOT dry;

-- what the reading saw of a linked row; gone when the run ends
CREATE TABLE run_seen (
  run uuid NOT NULL REFERENCES run ON DELETE CASCADE,
  record uuid NOT NULL,
  same boolean NOT NULL,
  state text NOT NULL,
  fingerprints jsonb,
  PRIMARY KEY (run, record)
);

-- one person whom the run owes a step
CREATE TABLE run_item (
  run uuid NOT NULL REFERENCES run ON DELETE CASCADE,
  subject uuid NOT NULL,
  step text NOT NULL,
  handed_at timestamptz,
  calls int NOT NULL DEFAULT 0,
  PRIMARY KEY (run, subject)
);
CREATE INDEX ON run_item (run) WHERE handed_at IS NULL;
CREATE INDEX ON run_item (subject);
`;

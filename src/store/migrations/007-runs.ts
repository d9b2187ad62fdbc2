/** What the admin's pages ask: how a run stands, what a system said of its rights, and the audit log by what is in it. */
export const runsShown = `
ALTER TABLE run
  ADD COLUMN rows_read int NOT NULL DEFAULT 0,
  -- rows in which a value would be emptied
  ADD COLUMN blanks int NOT NULL DEFAULT 0,
  -- how many rows somebody agreed to lose
  ADD COLUMN agreed int,
  -- the preview that somebody read before they said yes
  ADD COLUMN preview uuid REFERENCES run;
CREATE INDEX ON run (system, started_at DESC);
-- one yes to a preview
CREATE UNIQUE INDEX one_run_a_preview ON run (preview) WHERE preview IS NOT NULL;
ALTER TABLE run_item ADD COLUMN retried boolean NOT NULL DEFAULT false;

-- what the last check of a system said
CREATE TABLE system_check (
  system text PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL,
  -- [{right, ok, problem?}]: our words, never a secret
  rights jsonb NOT NULL,
  -- a failure's code where the system did not answer
  problem text
);

CREATE INDEX duty_counts ON duty (recipient, state, lane);
CREATE INDEX duty_erased ON duty (recipient, since DESC) WHERE outcome = 'erased';

CREATE INDEX audit_entry_action ON audit_entry ((line::jsonb ->> 'action'), seq);
CREATE INDEX audit_entry_system ON audit_entry ((line::jsonb ->> 'system'), seq) WHERE line::jsonb ->> 'system' IS NOT NULL;
CREATE INDEX audit_entry_actor ON audit_entry ((line::jsonb ->> 'actor'), seq);
CREATE INDEX audit_entry_time ON audit_entry ((line::jsonb ->> 'time'));
`;

/** What is kept and for how long: parked rows with the rule that parked them, legal holds, the sweep, and the looks after an erasure. */
export const retention = `
-- a stripped row remembers by which rule and version of the pack it waits, so that it is counted again under a later one; the day
-- that began the period is sealed
ALTER TABLE record ADD COLUMN retained_rule text;
ALTER TABLE record ADD COLUMN retained_pack text;
ALTER TABLE record ADD COLUMN sealed_event bytea;
-- the latest difference that counting again made: from, to, when
ALTER TABLE record ADD COLUMN retained_moved jsonb;
CREATE INDEX ON record (id) WHERE retained_rule IS NOT NULL;
CREATE INDEX duty_parked ON duty (legal_not_before) WHERE state = 'waiting' AND outcome = 'retained';

CREATE TABLE legal_hold (
  id uuid PRIMARY KEY,
  subject uuid NOT NULL REFERENCES subject,
  -- null: at every system
  system text,
  -- null: everything there is
  fields text[],
  owner text NOT NULL,
  sealed_reason bytea NOT NULL,
  review date NOT NULL,
  placed_at timestamptz NOT NULL,
  placed_by text NOT NULL,
  released_at timestamptz,
  released_by text
);
CREATE INDEX ON legal_hold (subject) WHERE released_at IS NULL;
CREATE INDEX ON legal_hold (review) WHERE released_at IS NULL;

-- what happened to a person and when (last contact, end of employment); sealed. And when the sweep looks at them next.
ALTER TABLE subject ADD COLUMN sealed_events bytea;
ALTER TABLE subject ADD COLUMN retention_due date NOT NULL DEFAULT '-infinity';
CREATE INDEX subject_retention ON subject (retention_due) WHERE state = 'active';

-- a purpose that needs a person no more: nobody is given anything for it, and who was given it alone erases
CREATE TABLE purpose_over (
  subject uuid NOT NULL REFERENCES subject,
  purpose text NOT NULL,
  since date NOT NULL,
  decided_by text NOT NULL,
  decided_at timestamptz NOT NULL,
  PRIMARY KEY (subject, purpose)
);
-- what the sweep could not say of somebody: a period is missing, its start was never recorded, no purpose covers a field
CREATE TABLE retention_question (
  subject uuid NOT NULL REFERENCES subject,
  code text NOT NULL,
  about text NOT NULL,
  "trigger" text NOT NULL DEFAULT '',
  seen_at timestamptz NOT NULL,
  PRIMARY KEY (subject, code, about, "trigger")
);
CREATE INDEX ON retention_question (code, about, "trigger");

-- the looks after an erasure; where the row was is sealed under the case envelope's key, and unreadable when that goes
CREATE TABLE recheck (
  id uuid PRIMARY KEY,
  case_file uuid NOT NULL REFERENCES case_file,
  subject uuid NOT NULL REFERENCES subject,
  duty uuid NOT NULL REFERENCES duty,
  recipient text NOT NULL,
  record uuid,
  place text NOT NULL,
  sealed_ref bytea NOT NULL,
  after_days int NOT NULL,
  -- the hub's clock
  due timestamptz NOT NULL,
  taken_at timestamptz,
  done_at timestamptz,
  result text
);
CREATE INDEX ON recheck (recipient, due) WHERE done_at IS NULL;
CREATE INDEX ON recheck (case_file);
ALTER TABLE duty ADD COLUMN rechecked_at timestamptz;
ALTER TABLE duty ADD COLUMN recheck_due timestamptz;
`;

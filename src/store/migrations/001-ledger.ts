/**
 * The ledger. Roles and organisations are here from the first day. Every column that could hold a value of a person is `bytea`
 * and named `sealed…` or `hash`: ciphertext under a key that is not in this database, or a keyed hash.
 *
 * Forward only; a mistake here is mended by the next migration. Longer than other files: it is the whole first schema, in one look.
 */
export const ledger = /* sql */ `
CREATE TABLE instance (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  id uuid NOT NULL,
  kek_id text NOT NULL,
  hmac_key_id text NOT NULL,
  -- the hub's own clock: the server's plus this, for law, undo, due and retention dates (a test opens it)
  clock_offset interval NOT NULL DEFAULT '0',
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE system_state (
  system text PRIMARY KEY,
  -- first contact was made: linked once, or found to hold nobody
  linked_at timestamptz,
  paused_code text,
  paused_at timestamptz,
  failures int NOT NULL DEFAULT 0,
  breaker_until timestamptz,
  last_answer_at timestamptz,
  last_poll_at timestamptz,
  last_sweep_at timestamptz,
  last_total jsonb NOT NULL DEFAULT '{}'
);

-- Slots over all processes: held while a request is under way, and until the sliding window has passed where the vendor counts.
CREATE TABLE slot (
  system text NOT NULL,
  lane text NOT NULL,
  n int NOT NULL,
  free_at timestamptz NOT NULL DEFAULT 'epoch',
  holder uuid,
  PRIMARY KEY (system, lane, n)
);

CREATE TABLE organisation (
  id uuid PRIMARY KEY,
  register text NOT NULL,
  remote_hash bytea NOT NULL,
  sole_trader boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (register, remote_hash)
);

CREATE TABLE subject (
  id uuid PRIMARY KEY,
  role text NOT NULL,
  register text NOT NULL,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'erasing', 'erased')),
  restricted boolean NOT NULL DEFAULT false,
  version bigint NOT NULL DEFAULT 0,
  organisation uuid REFERENCES organisation,
  -- the per-person key, wrapped; destroyed at the erasure
  wrapped_key bytea,
  -- makes the audit log's pseudonym; destroyed when the last case's envelope goes
  audit_nonce bytea,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON subject (register, state);
CREATE INDEX ON subject (organisation) WHERE organisation IS NOT NULL;

-- A person confirmed that these are one human being in two roles. Never inferred.
CREATE TABLE same_person (
  a uuid NOT NULL REFERENCES subject,
  b uuid NOT NULL REFERENCES subject,
  confirmed_by text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (a, b),
  CHECK (a < b)
);

-- The rows of the register that are about a subject: a converted lead and its contact are two rows of one subject.
CREATE TABLE register_record (
  register text NOT NULL,
  place text NOT NULL,
  remote_hash bytea NOT NULL,
  subject uuid NOT NULL REFERENCES subject,
  sealed_ref bytea NOT NULL,
  state text NOT NULL DEFAULT 'present' CHECK (state IN ('present', 'vanished', 'hidden', 'erased')),
  seen_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (register, place, remote_hash)
);
CREATE INDEX ON register_record (subject);
CREATE INDEX ON register_record (register, place, seen_at) WHERE state = 'present';

CREATE TABLE identifier (
  subject uuid NOT NULL REFERENCES subject,
  kind text NOT NULL,
  hash bytea NOT NULL,
  key_id text NOT NULL,
  normaliser int NOT NULL,
  current boolean NOT NULL DEFAULT true,
  since timestamptz NOT NULL DEFAULT now(),
  until timestamptz,
  PRIMARY KEY (subject, kind, hash)
);
CREATE INDEX ON identifier (kind, hash);

CREATE TABLE version (
  subject uuid NOT NULL REFERENCES subject,
  version bigint NOT NULL,
  kind text NOT NULL,
  source text NOT NULL,
  -- one keyed fingerprint a field; fingerprints are keyed per subject
  fingerprints jsonb NOT NULL,
  -- the values, under the person's own key; dropped when no open duty needs them
  sealed bytea,
  changed_at timestamptz,
  seen_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (subject, version)
);
CREATE INDEX ON version (subject) WHERE sealed IS NOT NULL;

CREATE TABLE permission (
  subject uuid NOT NULL REFERENCES subject,
  name text NOT NULL,
  state jsonb NOT NULL,
  -- the register was told of the refusal
  refused_written boolean NOT NULL DEFAULT false,
  PRIMARY KEY (subject, name)
);

CREATE TABLE record (
  id uuid PRIMARY KEY,
  subject uuid NOT NULL REFERENCES subject,
  recipient text NOT NULL,
  place text NOT NULL,
  remote_hash bytea NOT NULL,
  sealed_ref bytea,
  state text NOT NULL CHECK (state IN ('linked', 'restricted', 'inert', 'erased', 'absent', 'forgotten')),
  linked_how text NOT NULL,
  linked_at timestamptz NOT NULL DEFAULT now(),
  fingerprints jsonb NOT NULL DEFAULT '{}',
  evidence text NOT NULL DEFAULT 'none',
  written_version bigint NOT NULL DEFAULT 0,
  observed_at timestamptz,
  UNIQUE (recipient, place, remote_hash)
);
CREATE INDEX ON record (subject, recipient);
CREATE INDEX ON record (recipient, place, observed_at) WHERE state IN ('linked', 'restricted');

CREATE TABLE case_file (
  id uuid PRIMARY KEY,
  type text NOT NULL,
  state text NOT NULL CHECK (state IN ('planned', 'approved', 'refused', 'running', 'closed')),
  subject uuid NOT NULL REFERENCES subject,
  source text NOT NULL,
  channel text,
  received_at timestamptz NOT NULL,
  plan jsonb NOT NULL DEFAULT '[]',
  decision jsonb,
  approve text NOT NULL DEFAULT 'person',
  sealed_note bytea,
  undo_from timestamptz,
  register_by timestamptz,
  closed_at timestamptz,
  -- the locators that re-checks, open tasks and letters need after everything else is gone: under a key and an end date of their own
  envelope_key bytea,
  envelope bytea,
  envelope_until timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON case_file (subject);
CREATE UNIQUE INDEX one_open_erasure ON case_file (subject) WHERE type = 'erasure' AND state IN ('planned', 'approved', 'running');

CREATE TABLE duty (
  id uuid PRIMARY KEY,
  subject uuid NOT NULL REFERENCES subject,
  recipient text NOT NULL,
  wanted bigint NOT NULL DEFAULT 0,
  satisfied bigint NOT NULL DEFAULT 0,
  -- raised by every event that may change what is owed; a step that read an older one is followed by another
  raised bigint NOT NULL DEFAULT 0,
  state text NOT NULL DEFAULT 'open',
  outcome text,
  evidence text NOT NULL DEFAULT 'none',
  lane int NOT NULL DEFAULT 3,
  reason text,
  next text,
  since timestamptz NOT NULL DEFAULT now(),
  not_before timestamptz,
  -- shown instead of not_before where the hub's own clock decides (law, undo)
  legal_not_before timestamptz,
  retained jsonb,
  asked_whom text,
  asked_due timestamptz,
  -- the lease: fence grows with every taker; sent_at is set just before a write leaves
  fence bigint NOT NULL DEFAULT 0,
  worker uuid,
  lease_until timestamptz,
  sent_at timestamptz,
  deadline_s int NOT NULL DEFAULT 30,
  step text,
  crashes int NOT NULL DEFAULT 0,
  attempts int NOT NULL DEFAULT 0,
  -- when the relay must hand the duty to the queue (again); null: nothing is owed now
  wake_at timestamptz,
  handed_at timestamptz,
  UNIQUE (subject, recipient)
);
CREATE INDEX duty_wake ON duty (recipient, lane, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX duty_state ON duty (state) WHERE state <> 'settled';

CREATE TABLE propagation (
  id uuid PRIMARY KEY,
  subject uuid NOT NULL REFERENCES subject,
  recipient text NOT NULL,
  version bigint NOT NULL,
  kind text NOT NULL,
  opened_at timestamptz NOT NULL DEFAULT now(),
  closed_at timestamptz,
  closed_by bigint,
  outcome text,
  UNIQUE (subject, recipient, version, kind)
);
CREATE INDEX ON propagation (subject, recipient) WHERE closed_at IS NULL;

CREATE TABLE disclosure (
  subject uuid NOT NULL REFERENCES subject,
  recipient text NOT NULL,
  purpose text NOT NULL,
  fields text[] NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (subject, recipient, purpose)
);

CREATE TABLE task (
  id uuid PRIMARY KEY,
  duty uuid NOT NULL REFERENCES duty,
  system text NOT NULL,
  subject uuid NOT NULL REFERENCES subject,
  case_file uuid REFERENCES case_file,
  ask text NOT NULL CHECK (ask IN ('update', 'restrict', 'erase')),
  version bigint NOT NULL,
  due timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  answered_at timestamptz,
  answered_by text,
  outcome text,
  sealed_note bytea,
  until date,
  law text
);
CREATE UNIQUE INDEX one_open_task ON task (duty) WHERE answered_at IS NULL;

CREATE TABLE held (
  id uuid PRIMARY KEY,
  kind text NOT NULL,
  system text NOT NULL,
  subject uuid REFERENCES subject,
  -- what the hold is about where there is no subject (a re-arrival): a keyed hash
  about bytea,
  reason text NOT NULL,
  details jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  verdict text,
  verdict_by text,
  verdict_at timestamptz
);
CREATE UNIQUE INDEX one_open_hold ON held (kind, system, coalesce(subject::text, encode(about, 'hex'))) WHERE verdict IS NULL;
CREATE INDEX ON held (subject) WHERE verdict IS NULL;

CREATE TABLE cursor (
  system text NOT NULL,
  object text NOT NULL,
  position text NOT NULL,
  saved_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (system, object)
);

CREATE TABLE hint (
  id bigserial PRIMARY KEY,
  system text NOT NULL,
  digest bytea NOT NULL,
  sealed bytea NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  attempts int NOT NULL DEFAULT 0,
  not_before timestamptz NOT NULL DEFAULT now(),
  UNIQUE (system, digest)
);

CREATE TABLE tombstone (
  kind text NOT NULL,
  hash bytea NOT NULL,
  key_id text NOT NULL,
  normaliser int NOT NULL,
  role text NOT NULL,
  basis text NOT NULL,
  made_at timestamptz NOT NULL,
  until timestamptz NOT NULL,
  case_file uuid REFERENCES case_file,
  PRIMARY KEY (kind, hash, role)
);

CREATE TABLE run (
  id uuid PRIMARY KEY,
  kind text NOT NULL,
  system text NOT NULL,
  state text NOT NULL CHECK (state IN ('previewed', 'running', 'paused', 'stopped', 'finished', 'failed')),
  counts jsonb NOT NULL DEFAULT '{}',
  calls int NOT NULL DEFAULT 0,
  problem text,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);

CREATE TABLE token (
  id uuid PRIMARY KEY,
  role text NOT NULL,
  hash bytea NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);

-- Append-only. Writers only insert here; one sequencer gives the entries their place in the tree, outside their transactions.
CREATE TABLE audit_entry (
  seq bigserial PRIMARY KEY,
  id uuid NOT NULL UNIQUE,
  case_file uuid,
  line text NOT NULL
);
CREATE INDEX ON audit_entry (case_file) WHERE case_file IS NOT NULL;
CREATE TABLE audit_leaf (
  index bigint PRIMARY KEY,
  -- no foreign key: checking one needs the right to lock audit_entry's rows, which is revoked below
  seq bigint NOT NULL UNIQUE,
  hash bytea NOT NULL
);
CREATE TABLE audit_node (
  level int NOT NULL,
  index bigint NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (level, index)
);
CREATE TABLE audit_checkpoint (
  size bigint PRIMARY KEY,
  root bytea NOT NULL,
  note text NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_leaf_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_leaf EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_node_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_node EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_checkpoint_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoint EXECUTE FUNCTION refuse_change();
-- By rights too: an ordinary role loses them even on its own tables. (A superuser is stopped by the triggers alone.)
REVOKE UPDATE, DELETE, TRUNCATE ON audit_entry, audit_leaf, audit_node, audit_checkpoint FROM PUBLIC, CURRENT_USER;
`;

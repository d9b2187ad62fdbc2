/**
 * Who may sign in. The database alone tells no address and no name: an address is found by its keyed hash and shown from what is
 * sealed; passwords are argon2id, tokens and codes are hashes, and a browser's address is a keyed hash too.
 */
export const accounts = `
CREATE TABLE account (
  id uuid PRIMARY KEY,
  -- of a local account; one that comes from a provider is known by issuer and sub, never by an address
  address_hash bytea UNIQUE,
  provider_hash bytea UNIQUE,
  -- name, address, the provider's words
  sealed bytea NOT NULL,
  roles text[] NOT NULL,
  systems text[] NOT NULL DEFAULT '{}',
  language text,
  -- argon2id in PHC's form
  password text,
  totp_sealed bytea,
  -- shown while somebody sets their second factor up; becomes totp_sealed with the first code
  totp_offered bytea,
  -- a code is good once: the step of the last one taken
  totp_step bigint NOT NULL DEFAULT 0,
  -- wrong passwords and codes in a row, ended by a sign-in or an admin
  failures int NOT NULL DEFAULT 0,
  disabled_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- The staff a supervisor looks after.
CREATE TABLE account_staff (
  account uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  subject uuid NOT NULL REFERENCES subject,
  PRIMARY KEY (account, subject)
);

CREATE TABLE recovery_code (
  account uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  hash bytea NOT NULL,
  PRIMARY KEY (account, hash)
);

CREATE TABLE session (
  id uuid PRIMARY KEY,
  token_hash bytea NOT NULL UNIQUE,
  account uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  -- a password was right, and a code (or its setting up) is still owed
  stage text NOT NULL CHECK (stage IN ('code', 'enrol', 'full')),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ends_at timestamptz NOT NULL
);
CREATE INDEX ON session (account);

-- Tries to sign in that were not right (or are not decided yet), by keyed hashes of what was typed and of where from.
CREATE TABLE sign_in_try (
  id bigserial PRIMARY KEY,
  account_key bytea NOT NULL,
  address_key bytea NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON sign_in_try (account_key, at);
CREATE INDEX ON sign_in_try (address_key, at);

-- One-time links: the first one makes the first account, the others let somebody set a password. One an account.
CREATE TABLE set_up_link (
  hash bytea PRIMARY KEY,
  account uuid UNIQUE REFERENCES account ON DELETE CASCADE,
  ends_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX one_first_link ON set_up_link ((account IS NULL)) WHERE account IS NULL;

-- whose row it is where no person is known yet
ALTER TABLE held ADD COLUMN role text;
-- HR's people are few among the many
CREATE INDEX ON subject (role) WHERE role IN ('employee', 'applicant', 'next-of-kin');
`;

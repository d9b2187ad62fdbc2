/** Requests that people sent by the public form, until a case is opened of them or a person says why there is none. */
export const intakes = `
CREATE TABLE intake (
  id uuid PRIMARY KEY,
  type text NOT NULL,
  language text NOT NULL,
  -- whom the sender said they are to the company; null where there is one register only
  role text,
  state text NOT NULL DEFAULT 'unconfirmed' CHECK (state IN ('unconfirmed', 'confirmed', 'waiting', 'taken', 'dismissed')),
  -- why it waits for a person, or why no case came of it
  reason text,
  -- what the sender wrote, under a key of its own; both go when the matter is settled
  key bytea,
  sealed bytea,
  token_hash bytea UNIQUE,
  received_at timestamptz NOT NULL,
  confirmed_at timestamptz,
  ended_at timestamptz,
  ended_by text,
  case_file uuid REFERENCES case_file,
  -- the database's own clock: limits and tries
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  address_key bytea,
  sender_key bytea,
  tries integer NOT NULL DEFAULT 0,
  -- when the machine goes on with it: the mail with the link, the case, the mail that nobody is known
  wake_at timestamptz DEFAULT clock_timestamp()
);
CREATE INDEX ON intake (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX ON intake (address_key, created_at) WHERE address_key IS NOT NULL;
CREATE INDEX ON intake (sender_key, created_at) WHERE sender_key IS NOT NULL;
CREATE INDEX ON intake (state, received_at);
`;

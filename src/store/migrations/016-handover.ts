/** The answer to a request for access or portability: sealed until it is handed over, once, by a link; gone after that. */
export const handover = `
CREATE TABLE handover (
  id uuid PRIMARY KEY,
  case_file uuid NOT NULL REFERENCES case_file,
  -- under the envelope's key; gone when it was handed over or its time is over
  sealed bytea,
  file text NOT NULL,
  media_type text NOT NULL,
  token_hash bytea NOT NULL UNIQUE,
  -- what could not be read, by system and code
  missing jsonb NOT NULL DEFAULT '[]',
  made_by text NOT NULL,
  made_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  opened_at timestamptz
);
CREATE UNIQUE INDEX one_handover ON handover (case_file) WHERE sealed IS NOT NULL;
CREATE INDEX ON handover (expires_at) WHERE sealed IS NOT NULL;
`;

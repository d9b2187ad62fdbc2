/** Letters to the person. What one says is sealed under its case's envelope key and goes with it; that it was made and sent stays. */
export const letters = `
CREATE TABLE letter (
  id uuid PRIMARY KEY,
  case_file uuid NOT NULL REFERENCES case_file (id) ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('received', 'extended', 'answer', 'recipients', 'lift')),
  language text NOT NULL CHECK (language IN ('fi', 'sv', 'en')),
  made_at timestamptz NOT NULL,
  made_by text NOT NULL,
  -- over the sealed text, which holds a random salt: whoever has the letter can prove it, nobody can guess it
  sha256 bytea NOT NULL,
  sealed bytea NOT NULL,
  -- {how: post | mail, on, by}
  sent jsonb
);
CREATE INDEX ON letter (case_file, made_at);
`;

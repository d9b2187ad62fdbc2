/** What is wrong just now, once a matter; and what was put on its way to people about it. Ids, names of systems, counts and dates only. */
export const notices = `
CREATE TABLE alert (
  id uuid PRIMARY KEY,
  kind text NOT NULL,
  -- the system, task, case, hold, duty or run that it is about
  about text NOT NULL,
  system text,
  detail jsonb NOT NULL DEFAULT '{}',
  opened_at timestamptz NOT NULL DEFAULT now(),
  -- handed to the outbox
  told_at timestamptz,
  resolved_at timestamptz,
  resolved_told_at timestamptz
);
CREATE UNIQUE INDEX one_open_alert ON alert (kind, about) WHERE resolved_at IS NULL;
CREATE INDEX ON alert (kind, about);
CREATE INDEX ON alert (resolved_at);

-- the outbox: one message to one destination, under one id however often it is tried
CREATE TABLE notice (
  id uuid PRIMARY KEY,
  channel text NOT NULL CHECK (channel IN ('mail', 'webhook')),
  -- everybody configured, or one owner by the name of the role; addresses stay in the configuration
  target text NOT NULL,
  lines jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  attempts int NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT now(),
  problem text,
  sent_at timestamptz,
  given_up_at timestamptz
);
CREATE INDEX ON notice (next_at) WHERE sent_at IS NULL AND given_up_at IS NULL;
CREATE INDEX ON notice (created_at);
`;

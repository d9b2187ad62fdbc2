/** People who run a system are asked by mail: the link of each task, its code, and what they stated. */
export const replies = `
ALTER TABLE task
  -- {name, role, text, version, language, sha256}: who answered, and what they agreed to
  ADD COLUMN sealed_attestation bytea,
  -- what they want to know before they answer
  ADD COLUMN sealed_question bytea,
  ADD COLUMN questioned_at timestamptz;
CREATE TABLE reply_link (
  task uuid PRIMARY KEY REFERENCES task,
  token_hash bytea UNIQUE,
  expires_at timestamptz,
  -- what the last mail asked for: a task that was brought up to date is told again
  told_version bigint,
  told_ask text,
  mails int NOT NULL DEFAULT 0,
  mailed_at timestamptz,
  -- the hub's clock; null: at once
  next_at timestamptz,
  tries int NOT NULL DEFAULT 0,
  -- the server's clock
  wake_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  problem text,
  -- the mailbox is refused for good; a keyed hash of its address, so that another address is tried
  bounced_at timestamptz,
  address_key bytea,
  code_hash bytea,
  code_until timestamptz,
  code_tries int NOT NULL DEFAULT 0,
  codes int NOT NULL DEFAULT 0,
  codes_day date,
  pass_hash bytea,
  pass_until timestamptz
);
`;

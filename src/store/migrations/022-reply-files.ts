/** Files that people of a system hand in with their answer: sealed, kept a short while; their digest stands in what was stated. */
export const replyFiles = `
CREATE TABLE reply_file (
  task uuid PRIMARY KEY REFERENCES task,
  -- {name, type, content in base64}
  sealed bytea NOT NULL,
  sha256 bytea NOT NULL,
  -- the hub's clock
  until timestamptz NOT NULL
);
`;

/**
 * What the console's lists need at a hundred thousand people: what is owed by state and age, what is open by date, and the log of
 * one person by its pseudonym. And why somebody had a person's values shown: the code stands in the log too, the words only here.
 */
export const consoleIndexes = `
CREATE INDEX duty_owed ON duty (state, since) WHERE state <> 'settled';
CREATE INDEX ON case_file (state, received_at);
CREATE INDEX ON held (created_at) WHERE verdict IS NULL;
CREATE INDEX ON task (due) WHERE answered_at IS NULL;
CREATE INDEX ON task (answered_at) WHERE answered_at IS NOT NULL;
CREATE INDEX ON task (subject);
CREATE INDEX audit_entry_subject ON audit_entry ((substring(line from '"subject":"([0-9a-f]{64})"')), seq)
  WHERE line LIKE '%"subject":"%';

CREATE TABLE person_read (
  id uuid PRIMARY KEY,
  subject uuid NOT NULL REFERENCES subject,
  actor text NOT NULL,
  reason text NOT NULL,
  sealed_note bytea,
  at timestamptz NOT NULL
);
CREATE INDEX ON person_read (subject, at);
`;

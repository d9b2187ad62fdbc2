/** Recipients that are not told of a case (Art. 19 GDPR): impossible, or a disproportionate effort; decided by a person. */
export const exceptions = `
CREATE TABLE exception (
  case_file uuid NOT NULL REFERENCES case_file,
  subject uuid NOT NULL REFERENCES subject,
  recipient text NOT NULL,
  ground text NOT NULL CHECK (ground IN ('impossible', 'disproportionate')),
  -- somebody's own words may name people
  sealed_reason bytea NOT NULL,
  -- of the person's values: what comes later is told again
  version bigint NOT NULL,
  made_by text NOT NULL,
  made_at timestamptz NOT NULL,
  PRIMARY KEY (case_file, recipient)
);
CREATE INDEX ON exception (subject, recipient);
`;

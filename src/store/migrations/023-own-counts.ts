/** What Kaiku keeps of one person is counted on pages that refresh themselves: no count reads a table from end to end. */
export const ownCountIndexes = `
CREATE INDEX ON tombstone (case_file) WHERE case_file IS NOT NULL;
CREATE INDEX ON held (subject) WHERE sides IS NOT NULL;
CREATE INDEX ON handover (case_file) WHERE sealed IS NOT NULL;
CREATE INDEX ON intake (case_file) WHERE sealed IS NOT NULL;
CREATE INDEX ON legal_hold (subject);
CREATE INDEX ON recheck (subject) WHERE done_at IS NULL;
`;

/**
 * Bodies of old entries may go; leaves, nodes and checkpoints never. The database itself refuses a body that has no leaf yet, or whose
 * entry is younger than a year: whoever reaches the tables past Kaiku cannot drop what was written lately.
 */
export const logTrimmed = `
CREATE FUNCTION refuse_young() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM audit_leaf WHERE seq = OLD.seq)
     OR (OLD.line::jsonb ->> 'time')::timestamptz > now() + (SELECT clock_offset FROM instance) - interval '1 year' THEN
    RAISE EXCEPTION 'the audit log is append-only: an entry is kept for a year at least' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN OLD;
END $$;
DROP TRIGGER audit_entry_append_only ON audit_entry;
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR TRUNCATE ON audit_entry EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_entry_kept BEFORE DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION refuse_young();
GRANT DELETE ON audit_entry TO CURRENT_USER;
`;

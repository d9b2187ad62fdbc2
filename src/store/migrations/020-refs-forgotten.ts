/** Where an erased row stood in the register is forgotten with the case; what was kept of cases that are closed goes now. */
export const refsForgotten = `
ALTER TABLE register_record ALTER COLUMN sealed_ref DROP NOT NULL;
UPDATE register_record r SET sealed_ref = NULL FROM subject s
  WHERE s.id = r.subject AND s.state = 'erased' AND r.state = 'erased'
    AND NOT EXISTS (SELECT 1 FROM case_file c WHERE c.subject = s.id AND c.type = 'erasure' AND c.state = 'running');
UPDATE record r SET sealed_ref = NULL, sealed_event = NULL, fingerprints = '{}' FROM subject s
  WHERE s.id = r.subject AND s.state = 'erased' AND r.state IN ('erased', 'absent', 'forgotten')
    AND NOT EXISTS (SELECT 1 FROM case_file c WHERE c.subject = s.id AND c.type = 'erasure' AND c.state = 'running');
`;

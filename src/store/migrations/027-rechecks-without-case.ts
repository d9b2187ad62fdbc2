/** Rows that an ended purpose erased are looked at again as well: there is no case, and so no envelope, to keep where they were. */
export const rechecksWithoutCase = `
ALTER TABLE recheck ALTER COLUMN case_file DROP NOT NULL;
`;

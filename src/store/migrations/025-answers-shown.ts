/** An answer of people whose deed was seen done is used up: whoever comes back later is asked about anew. */
export const answersShown = `
ALTER TABLE task ADD COLUMN shown_at timestamptz;
`;

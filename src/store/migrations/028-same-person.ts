/** A tie is looked up from either side. */
export const samePersonIndex = `CREATE INDEX ON same_person (b);`;

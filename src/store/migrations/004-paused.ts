/** What a paused system lacks, so that only a proof of just that lets it go on; and when the next look for it is due. */
export const paused = `
ALTER TABLE system_state
  -- names of rights that a check found missing
  ADD COLUMN paused_rights text[] NOT NULL DEFAULT '{}',
  -- a write was refused: which right it needed is not known
  ADD COLUMN paused_writing boolean NOT NULL DEFAULT false,
  ADD COLUMN look_at timestamptz,
  ADD COLUMN look_wait_ms int NOT NULL DEFAULT 30000,
  -- when it last went on by itself
  ADD COLUMN resumed_at timestamptz;
`;

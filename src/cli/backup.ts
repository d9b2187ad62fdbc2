import type { Command } from 'commander';
import type { SessionOf } from './session.ts';

/** The ledger in a file, and back. Neither goes through the API: the first works beside a hub, the second instead of one. */
export function backupCommands(program: Command, session: SessionOf): void {
  program
    .command('backup')
    .description('copy the ledger to a file, beside a running hub too; keys and journal are kept apart from it')
    .option('-o, --output <file>', 'default: kaiku-<time>.backup in this folder')
    .option('--json')
    .action(async (options: { output?: string; json?: boolean }) => {
      const s = session(options);
      const made = await s.needs.backUp(options.output);
      s.show(made, () =>
        [
          `${made.file}: ${made.rows} rows of ${made.at}, sha256 ${made.sha256}`,
          'Keep the key file and the journal apart from it, each with a copy of its own: without the keys it is unreadable, without the journal a restore brings the erased back.',
        ].join('\n'),
      );
    });
  program
    .command('restore <file>')
    .description('put a backup in the place of the ledger; who was erased since is erased again before anything is served')
    .option('--replace', 'drop the ledger that is there')
    .option('--json')
    .action(async (file: string, options: { replace?: boolean; json?: boolean }) => {
      const s = session(options);
      const done = await s.needs.restore(file, { replace: options.replace === true });
      const { erased, withdrawn } = done.replayed;
      s.show(done, () =>
        [
          `restored: ${done.rows} rows of ${done.at}, instance ${done.instance}`,
          erased + withdrawn === 0
            ? 'The journal knows of no erasure that the backup does not.'
            : `From the journal: ${erased} people are erased again, ${withdrawn} erasures are taken back again.`,
          'Next: kaiku start; then kaiku resync each system, because it may hold what the backup does not know.',
        ].join('\n'),
      );
    });
}

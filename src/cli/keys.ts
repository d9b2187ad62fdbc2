import { Argument, type Command } from 'commander';
import { type Rotated, rotated } from '../core/seal.ts';
import type { KeysOfFile, SessionOf } from './session.ts';

/** The key file, which no API reaches. */
export function keyCommands(program: Command, session: SessionOf): void {
  const keys = program.command('keys').description('the key file: what it holds, and a new key in it');
  const lines = ({ file, keys }: KeysOfFile) => [
    file,
    ...keys.map(({ kind, id, former }) => `  ${kind.padEnd(8)} ${id}${former > 0 ? `, and ${former} former` : ''}`),
  ];
  keys
    .command('show')
    .description('name the keys; no byte of one is shown')
    .option('--json')
    .action(async (options: { json?: boolean }) => {
      const s = session(options);
      const shown = await s.needs.showKeys();
      s.show(shown, () => lines(shown).join('\n'));
    });
  keys
    .command('rotate')
    .description(
      'put a new current key into the file: signing (the log), ml-dsa (its second signature; the first begins it), kek (what is sealed)',
    )
    .addArgument(new Argument('<kind>').choices(rotated))
    .option('--json')
    .action(async (kind: Rotated, options: { json?: boolean }) => {
      const s = session(options);
      const shown = await s.needs.rotateKeys(kind);
      s.show(shown, () =>
        [
          ...lines(shown),
          'Next: back the file up again, apart from the database; then restart every process of the hub.',
          ...(kind === 'kek'
            ? []
            : ['Then hand the new verifier key to whoever checks the log: kaiku audit export writes it as vkey.']),
        ].join('\n'),
      );
    });
}

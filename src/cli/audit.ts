import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { z } from 'zod';
import { type ProvenEntry, type Verification, verifyEntries, verifyExport } from '../core/audit-verify.ts';
import type { SessionOf } from './session.ts';

export function auditCommands(program: Command, session: SessionOf): void {
  const audit = program.command('audit').description('the log that nobody can bend unseen');
  audit
    .command('verify [file]')
    .description(
      'check the log against its signed checkpoints; or an exported file, with `checkpoint` and `vkey` beside it, without the hub',
    )
    .option('--against <checkpoint>', "a checkpoint that you kept elsewhere: the hub's log must fit it")
    .option('--json')
    .action(async (file: string | undefined, options: { against?: string; json?: boolean }) => {
      const s = session(options);
      const { against } = options;
      if (file && against) throw new MissingFile('--against holds the log of the hub against a checkpoint: leave the file out');
      const body = against === undefined ? undefined : { against: await keptCheckpoint(against) };
      const checked = file ? await verifyFile(file) : await s.api((api) => api.post<Verified>('/audit/verify', body));
      s.show(checked, () => [`${checked.size} entries, root ${checked.root}`, verdictOf(checked)].join('\n'));
      if (!checked.verified) s.exit(4);
    });
  audit
    .command('places')
    .description('where checkpoints are kept outside, and whether they get there')
    .option('--json')
    .action(async (options: { json?: boolean }) => {
      const s = session(options);
      const places = await s.api((api) => api.get<Kept[]>('/audit/places'));
      s.show(places, () =>
        places.length === 0 ? 'none: see audit.checkpoints in the configuration' : places.map(placeLine).join('\n'),
      );
      if (places.some(({ failedSince }) => failedSince)) s.exit(1);
    });
  audit
    .command('export')
    .description(
      'write the entries to a file, one a line in leaf order, and `checkpoint` and `vkey` beside it; with --case each line is {index, line, proof}',
    )
    .requiredOption('-o, --output <file>')
    .option('--case <id>', 'only this case, each entry with its inclusion proof')
    .option('--json')
    .action(async (options: { output: string; case?: string; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const got = await api.get<{ checkpoint: string; vkey: string; lines: string[] }>(
          `/audit/export${options.case ? `?case=${encodeURIComponent(options.case)}` : ''}`,
        );
        const folder = dirname(options.output);
        await writeFile(options.output, got.lines.map((line) => `${line}\n`).join(''));
        await writeFile(join(folder, 'checkpoint'), got.checkpoint);
        await writeFile(join(folder, 'vkey'), `${got.vkey}\n`);
        s.show(
          { file: options.output, entries: got.lines.length },
          () => `${got.lines.length} entries in ${options.output}; checkpoint and vkey beside it`,
        );
      });
    });
}

type Verified = Verification & { fit?: string };

function verdictOf({ verified, checkpoints, firstBad, trimmed, fit }: Verified): string {
  const dropped = trimmed ? `; of ${trimmed} old entries only the hashes are kept` : '';
  if (verified) return `verified against ${checkpoints} checkpoint(s)${dropped}`;
  const why = fit === 'longer' ? ': the log is shorter than the checkpoint that you kept' : '';
  return `NOT verified${why || (firstBad === undefined ? '' : `: first bad entry ${firstBad}`)}`;
}

interface Kept {
  place: string;
  size?: number;
  at?: string;
  failedSince?: string;
  code?: string;
}

const placeLine = ({ place, size, at, failedSince, code }: Kept): string =>
  `${place.padEnd(8)} ${at ? `${size} entries at ${at}` : 'nothing yet'}${failedSince ? `; not since ${failedSince}: ${code}` : ''}`;

const keptCheckpoint = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch(() => {
    throw new MissingFile(`${file} cannot be read`);
  });

/** A file alone decides nothing without what stands beside it: the signed checkpoint, and the key it was signed with. */
async function verifyFile(file: string): Promise<Verification> {
  const beside = (name: string) =>
    readFile(join(dirname(file), name), 'utf8').catch(() => {
      throw new MissingFile(`there is no file "${name}" beside ${file}; an export writes it there`);
    });
  const [checkpoint, vkey] = [await beside('checkpoint'), (await beside('vkey')).trim()];
  const first = (await readFirstLine(file)).trim();
  if (first.startsWith('{"index"')) {
    const lines = (await readFile(file, 'utf8')).split('\n').filter(Boolean);
    const parsed = lines.map(provenEntry);
    const checked = verifyEntries(
      parsed.filter((entry) => entry !== null),
      checkpoint,
      vkey,
    );
    // a line that is none was bent or torn: it is counted, and nothing vouches for it
    return { ...checked, size: lines.length, verified: checked.verified && !parsed.includes(null) };
  }
  return verifyExport(createInterface({ input: createReadStream(file) }), checkpoint, vkey);
}

const Proven = z.object({ index: z.int().min(0), line: z.string(), proof: z.array(z.string()) });

function provenEntry(line: string): ProvenEntry | null {
  try {
    return Proven.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

async function readFirstLine(file: string): Promise<string> {
  try {
    for await (const line of createInterface({ input: createReadStream(file) })) return line;
    return '';
  } catch {
    throw new MissingFile(`${file} cannot be read`);
  }
}

/** A file that the command line named and that is not there. */
export class MissingFile extends Error {
  override name = 'MissingFile';
}

import type { Command } from 'commander';
import type { Api } from './client.ts';
import { table } from './print.ts';
import type { SessionOf } from './session.ts';

interface Report {
  run: string;
  system: string;
  state: string;
  complete: boolean;
  counts: Record<string, number>;
  fields: Record<string, Record<string, number>>;
  rows: number;
  calls: number;
  problem?: string;
}

export function driftCommands(program: Command, session: SessionOf): void {
  program
    .command('drift <system>')
    .description('compare what a system holds with what the policy says it should hold; writes nothing there')
    .option('--wait', 'wait until every page is read and everybody is compared')
    .option(
      '--repair <kinds>',
      'afterwards owe the steps that put these kinds right: missing,stale,extra,erased-but-back',
      (text) => text.split(','),
    )
    .option('--json')
    .action(async (system: string, options: { wait?: boolean; repair?: string[]; json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const started = await api.post<Report>(`/systems/${encodeURIComponent(system)}/drift`);
        const mustWait = (options.wait === true || options.repair !== undefined) && started.state === 'running';
        const report = mustWait && api.running ? await untilEnd(api, started.run) : started;
        const repaired = options.repair
          ? await api.post<{ owed: number; left: number }>(`/drift/${report.run}/repair`, { kinds: options.repair })
          : null;
        s.show({ ...report, ...(repaired ? { repaired } : {}) }, () => lines(report, repaired));
        const found = Object.values(report.counts).reduce((sum, n) => sum + n, 0);
        if (!report.complete || found > 0) s.exit(report.state === 'failed' ? 3 : 1);
      });
    });
}

async function untilEnd(api: Api, run: string): Promise<Report> {
  for (;;) {
    const report = await api.get<Report>(`/drift/${run}`);
    if (report.state !== 'running' && report.state !== 'paused') return report;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function lines(report: Report, repaired: { owed: number; left: number } | null): string {
  return [
    table([{ system: report.system, rows: report.rows, ...report.counts }], ['system', 'rows', ...Object.keys(report.counts)]),
    ...Object.entries(report.fields).map(
      ([kind, fields]) =>
        `${kind}: ${Object.entries(fields)
          .map(([field, n]) => `${field} ${n}`)
          .join(', ')}`,
    ),
    `run ${report.run}: ${report.state}; ${report.calls} requests`,
    ...(report.complete ? [] : ['Not every page was read: of what no page showed, nothing is said.']),
    ...(report.problem ? [`the system did not answer as it should: ${report.problem}`] : []),
    ...(repaired ? [`${repaired.owed} steps are owed again; ${repaired.left} findings need a person`] : []),
  ].join('\n');
}

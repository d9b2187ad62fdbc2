import type { Customer } from '../connectors/insightly/sandbox-handles.ts';
import { isExported } from './company-faults.ts';
import type { Scene } from './company-scene.ts';
import { exportOf } from './exports.ts';

/** What people do at a system of files shows in the export that they download next and hand over. */
export async function handOver(
  { api, config, say }: Scene,
  systems: readonly string[],
  people: readonly Customer[],
): Promise<void> {
  for (const name of systems.filter((system) => isExported(config, system))) {
    const text = exportOf(people, config.systems[name]?.settings as Record<string, unknown>);
    const { rows } = await api.post<{ rows: number }>(`/systems/${name}/exports`, {
      content: Buffer.from(text).toString('base64'),
    });
    say(`kaiku export ${name}: ${rows} rows, and whoever waits for it looks`);
  }
}

import { comparable } from '../../jobs/drift.ts';
import type { Needs } from '../../jobs/needs.ts';
import { driftOfSystem } from '../drift.ts';
import { notFound } from '../problem.ts';
import { systemViews } from '../system-view.ts';
import { DriftCard } from './drift-parts.tsx';
import { ExportCard } from './export-pages.tsx';
import { may } from './may.ts';
import type { Ask, View } from './page.ts';
import { ContactCard, ErasureCard, LanesCard, ManifestCard, ResyncCard, RightsCard, StandingCard } from './system-cards.tsx';

export function mustBeSystem(needs: Needs, name: string): void {
  if (!Object.hasOwn(needs.config.systems, name) || !needs.connectors[name]) throw notFound('system of this name');
}

/** Everything an admin asks of one system. Each card stands for itself and fetches what it shows. */
export async function systemPage(ask: Ask<{ system: string }>): Promise<View> {
  const { needs, t, actor, params, scope } = ask;
  mustBeSystem(needs, params.system);
  const system = (await systemViews(needs, scope, params.system))[0];
  if (!system) throw notFound('system of this name');
  const isAdmin = actor.roles.includes('admin');
  const seesDrift = may(actor, 'GET /systems/:system/drift') && comparable(needs).includes(system.system);
  const card = { needs, scope, t, system, isAdmin };
  return {
    title: system.system,
    live: 'all',
    body: (
      <>
        {StandingCard(card)}
        {may(actor, 'POST /systems/:system/exports') ? ExportCard(card) : null}
        {await ResyncCard(card)}
        <div class="columns">
          {await LanesCard(card)}
          {RightsCard(card)}
        </div>
        <div class="columns">
          {await ContactCard(card)}
          {await ErasureCard(card)}
        </div>
        {seesDrift ? <DriftCard t={t} drift={await driftOfSystem(needs, system.system)} /> : null}
        {ManifestCard(card)}
      </>
    ),
  };
}

import { createWire, freeCall, memoryGate, type Wire } from '../../../src/connectors/http.ts';
import { panel } from '../../../src/connectors/panel/connector.ts';
import { type PanelSandboxOptions, panelSandbox } from '../../../src/connectors/panel/sandbox.ts';
import { serveSandbox } from '../../../src/connectors/sandbox.ts';

export { given } from '../../conformance/world.ts';

export const call = freeCall;
export const secret = `whsec_${Buffer.from('a secret of twenty-four bytes').toString('base64')}`;
export const formerSecret = `whsec_${Buffer.from('the one that was used before').toString('base64')}`;
export const aino = {
  email: 'aino@sahko.test',
  givenName: 'Aino',
  familyName: 'Virtanen',
  phone: '+358401234567',
  customerNumber: 'K-7',
};

interface WorldOptions extends PanelSandboxOptions {
  settings?: Record<string, unknown>;
  credentials?: Record<string, string>;
  behind?: (wire: Wire) => Wire;
}

/** A panel on a socket, and a connector that talks to it. */
export async function world({ settings, credentials, behind, ...options }: WorldOptions = {}) {
  const vendor = panelSandbox({ token: 'panel-token', ...options });
  const server = await serveSandbox(vendor);
  const wire = createWire({ gate: memoryGate({ connections: 4 }), deadlineMs: 2000 });
  const connector = panel.connect(
    {
      system: 'panel',
      baseUrl: `${server.url}/`,
      credentials: { token: 'panel-token', webhookSecret: secret, ...credentials },
      settings: panel.settings.parse(settings ?? {}),
    },
    behind?.(wire) ?? wire,
  );
  const { recipient, webhook } = connector;
  if (!recipient?.changes || !webhook) throw new Error('a panel is a recipient, tells what changed, and calls us');
  const changes = recipient.changes.bind(recipient);
  return { vendor, server, connector, recipient, changes, webhook, [Symbol.asyncDispose]: () => server.close() };
}

export const refOf = (id: string) => ({ place: 'contacts', id });

import { type Command, InvalidArgumentError } from 'commander';
import { type Role, roles } from '../core/scope.ts';
import { type Api, ApiError } from './client.ts';
import { table } from './print.ts';
import type { Session, SessionOf } from './session.ts';

interface Account {
  id: string;
  name: string;
  address: string | null;
  roles: string[];
  state: string;
  link?: string;
}

interface Which {
  email?: string;
  id?: string;
  json?: boolean;
}

/** Nobody is meant, or nobody is found: wrong use. */
class UnknownAccount extends ApiError {
  constructor(detail: string) {
    super(404, { detail });
  }
}

/** Who may sign in to the console. A link is printed once and kept nowhere. */
export function accountCommands(program: Command, session: SessionOf): void {
  const account = program.command('account').description('who may sign in to the console');

  account
    .command('list')
    .description('accounts, their roles and states')
    .option('--json')
    .action(async (options: { json?: boolean }) => {
      const s = session(options);
      await s.api(async (api) => {
        const found = await api.get<Account[]>('/accounts');
        s.show(found, () => table(found as never, ['id', 'name', 'address', 'roles', 'state']));
      });
    });

  account
    .command('create')
    .description('make an account; prints the one-time link that opens it')
    .requiredOption('--email <address>')
    .requiredOption('--name <name>')
    .requiredOption('--role <role...>', `one or more of ${roles.join(', ')}`, oneOf)
    .option('--system <name...>', "a system owner's systems")
    .option('--staff <id...>', "a supervisor's staff, by their ids as data subjects")
    .option('--json')
    .action(
      async (options: { email: string; name: string; role: Role[]; system?: string[]; staff?: string[]; json?: boolean }) => {
        const s = session(options);
        await s.api(async (api) => {
          const made = await api.post<Account>('/accounts', {
            email: options.email,
            name: options.name,
            roles: options.role,
            ...(options.system ? { systems: options.system } : {}),
            ...(options.staff ? { staff: options.staff } : {}),
          });
          s.show(made, () => told(made.link));
        });
      },
    );

  account
    .command('link')
    .description('a new one-time link: for an account, or, without one, for the very first')
    .option('--email <address>')
    .option('--id <id>')
    .option('--json')
    .action(async (options: Which) => {
      const s = session(options);
      await s.api(async (api) => {
        const isFirst = !options.email && !options.id;
        const made = isFirst
          ? await api.post<{ link: string }>('/accounts/first-link')
          : await api.post<{ link: string }>(`/accounts/${await idOf(api, options)}/link`);
        s.show(made, () => told(made.link));
      });
    });

  for (const [verb, description] of [
    ['disable', 'close an account and end its sessions'],
    ['enable', 'open it again'],
    ['unlock', 'forgive the failures that locked it'],
  ] as const)
    account
      .command(verb)
      .description(description)
      .option('--email <address>')
      .option('--id <id>')
      .option('--json')
      .action(async (options: Which) => {
        const s: Session = session(options);
        await s.api(async (api) => {
          const done = await api.post<{ id: string }>(`/accounts/${await idOf(api, options)}/${verb}`);
          s.show(done, () => `${done.id}: ${verb}d`);
        });
      });
}

const told = (link: string | undefined) => `${link}\nIt works once, for 24 hours. Hand it to that person and to nobody else.`;

/** commander hands values of a repeated option one by one. */
function oneOf(value: string, before: Role[] = []): Role[] {
  const role = roles.find((known) => known === value);
  if (!role) throw new InvalidArgumentError(`It must be one of ${roles.join(', ')}.`);
  return [...before, role];
}

/** An address is looked for in the list that came, and never stands in a path. */
async function idOf(api: Api, { email, id }: Which): Promise<string> {
  if (id) return id;
  if (!email) throw new UnknownAccount('say whose account: --email or --id');
  const same = (address: string | null) => address?.toLowerCase() === email.trim().toLowerCase();
  const found = (await api.get<Account[]>('/accounts')).find((a) => same(a.address));
  if (!found) throw new UnknownAccount('no account has this address; kaiku account list shows all of them');
  return found.id;
}

import { roles } from '../auth.ts';
import { accountPages } from './account.tsx';
import { accountsPages } from './accounts.tsx';
import { casePages } from './case.tsx';
import { casesPage } from './cases.tsx';
import type { NavEntry } from './frame.tsx';
import { heldPages } from './held.tsx';
import { homePages } from './home.tsx';
import { rolesOf } from './may.ts';
import type { OpenPage, Page } from './page.ts';
import { peoplePages } from './people.tsx';
import { personPage } from './person.tsx';
import { personActs } from './person-acts.tsx';
import { setUpPages } from './set-up.tsx';
import { signInPages } from './sign-in.tsx';
import { taskPages } from './tasks.tsx';

/** Every page of the console. A page that is not here does not exist. */
export const pages: readonly Page[] = [
  ...homePages,
  ...peoplePages,
  personPage,
  ...personActs,
  casesPage,
  ...casePages,
  ...heldPages,
  ...taskPages,
  ...accountPages,
  ...accountsPages,
];

/** The ways in: what opens to everybody. Nothing else does. */
export const openPages: readonly OpenPage[] = [...signInPages, ...setUpPages];

/** The navigation, in its order; an entry shows to whoever may open it. */
export const navigation: readonly NavEntry[] = [
  { key: 'home', path: '/', roles },
  { key: 'people', path: '/people', roles: rolesOf('GET /subjects') },
  { key: 'cases', path: '/cases', roles: rolesOf('GET /cases') },
  { key: 'held', path: '/held', roles: rolesOf('GET /held') },
  { key: 'tasks', path: '/tasks', roles: rolesOf('GET /tasks') },
  { key: 'accounts', path: '/accounts', roles: ['admin'] },
];

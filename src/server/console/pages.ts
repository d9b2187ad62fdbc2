import { roles } from '../auth.ts';
import { accountPages } from './account.tsx';
import { accountsPages } from './accounts.tsx';
import type { NavEntry } from './frame.tsx';
import { homePages } from './home.tsx';
import type { OpenPage, Page } from './page.ts';
import { setUpPages } from './set-up.tsx';
import { signInPages } from './sign-in.tsx';

/** Every page of the console. A page that is not here does not exist. */
export const pages: readonly Page[] = [...homePages, ...accountPages, ...accountsPages];

/** The ways in: what opens to everybody. Nothing else does. */
export const openPages: readonly OpenPage[] = [...signInPages, ...setUpPages];

/** The navigation, in its order; an entry shows to whoever may open it. */
export const navigation: readonly NavEntry[] = [
  { key: 'home', path: '/', roles },
  { key: 'accounts', path: '/accounts', roles: ['admin'] },
];

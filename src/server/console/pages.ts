import { alertPages } from './alert-pages.tsx';
import { driftPages } from './drift-pages.tsx';
import type { NavEntry } from './frame.tsx';
import { homePages } from './home.tsx';
import type { Page } from './page.ts';

/** Every page of the console. A page that is not here does not exist. */
export const pages: readonly Page[] = [...homePages, ...driftPages, ...alertPages];

/** The navigation, in its order; an entry shows to whoever may open it. */
export const navigation: readonly NavEntry[] = [
  { key: 'home', path: '/', roles: ['admin', 'dpo', 'decision-maker', 'auditor', 'viewer'] },
  { key: 'drift', path: '/drift', roles: ['admin', 'dpo'] },
  { key: 'alerts', path: '/alerts', roles: ['admin', 'dpo', 'decision-maker'] },
];

import { auditPages } from './audit-page.tsx';
import type { NavEntry } from './frame.tsx';
import { homePages } from './home.tsx';
import type { Page } from './page.ts';
import { policyPages } from './policy-page.tsx';
import { runPages } from './run-page.tsx';
import { systemPages } from './systems-page.tsx';

/** Every page of the console. A page that is not here does not exist. */
export const pages: readonly Page[] = [...homePages, ...systemPages, ...runPages, ...auditPages, ...policyPages];

/** The navigation, in its order; an entry shows to whoever may open it. */
export const navigation: readonly NavEntry[] = [
  { key: 'home', path: '/', roles: ['admin', 'dpo', 'decision-maker', 'auditor', 'viewer'] },
  { key: 'systems', path: '/systems', roles: ['admin', 'dpo', 'decision-maker', 'viewer'] },
  { key: 'audit', path: '/audit', roles: ['admin', 'dpo', 'decision-maker', 'auditor'] },
  { key: 'policy', path: '/policy', roles: ['admin', 'dpo', 'decision-maker', 'auditor', 'viewer'] },
];

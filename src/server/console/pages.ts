import { openAlertCount } from '../../store/alerts.ts';
import { roles } from '../auth.ts';
import { accountPages } from './account.tsx';
import { accountsPages } from './accounts.tsx';
import { alertPages } from './alert-pages.tsx';
import { auditPages } from './audit-page.tsx';
import { casePages } from './case.tsx';
import { caseClockPages } from './case-clock.tsx';
import { casesPage } from './cases.tsx';
import { driftPages } from './drift-pages.tsx';
import { evidencePages } from './evidence-card.tsx';
import { exceptionPages } from './exception-pages.tsx';
import { exportPages } from './export-pages.tsx';
import type { NavEntry } from './frame.tsx';
import { answerPages, handoverPages } from './handover-pages.tsx';
import { heldPages } from './held.tsx';
import { homePages } from './home.tsx';
import { intakePages } from './intake-pages.tsx';
import { legalHoldActs } from './legal-hold-acts.tsx';
import { letterPages } from './letter-pages.tsx';
import { rolesOf } from './may.ts';
import { noticePages } from './notice-page.tsx';
import type { OpenPage, Page } from './page.ts';
import { parkedPages } from './parked-page.tsx';
import { peoplePages } from './people.tsx';
import { personPage } from './person.tsx';
import { personActs } from './person-acts.tsx';
import { policyPages } from './policy-page.tsx';
import { processingPages } from './processing-page.tsx';
import { replyPages } from './reply-pages.tsx';
import { requestPages } from './request-pages.tsx';
import { rightsPages } from './rights-pages.tsx';
import { runPages } from './run-page.tsx';
import { samePersonPages } from './same-person.tsx';
import { setUpPages } from './set-up.tsx';
import { signInPages } from './sign-in.tsx';
import { systemPages } from './systems-page.tsx';
import { taskPages } from './tasks.tsx';
import { withdrawPages } from './withdraw-card.tsx';

/** Every page of the console. A page that is not here does not exist. */
export const pages: readonly Page[] = [
  ...homePages,
  ...peoplePages,
  ...exportPages,
  personPage,
  ...personActs,
  ...samePersonPages,
  casesPage,
  ...casePages,
  ...caseClockPages,
  ...rightsPages,
  ...exceptionPages,
  ...withdrawPages,
  ...evidencePages,
  ...handoverPages,
  ...letterPages,
  ...intakePages,
  ...heldPages,
  ...parkedPages,
  ...legalHoldActs,
  ...taskPages,
  ...systemPages,
  ...runPages,
  ...driftPages,
  ...alertPages,
  ...auditPages,
  ...policyPages,
  ...processingPages,
  ...noticePages,
  ...accountPages,
  ...accountsPages,
];

/** The ways in: what opens to everybody. Nothing else does. */
export const openPages: readonly OpenPage[] = [...signInPages, ...setUpPages, ...answerPages, ...requestPages, ...replyPages];

/** The navigation, in its order; an entry shows to whoever may open it. */
export const navigation: readonly NavEntry[] = [
  { key: 'home', path: '/', roles },
  { key: 'people', path: '/people', roles: rolesOf('GET /subjects') },
  { key: 'cases', path: '/cases', roles: rolesOf('GET /cases') },
  { key: 'intakes', path: '/intakes', roles: rolesOf('GET /intakes') },
  { key: 'held', path: '/held', roles: rolesOf('GET /held') },
  { key: 'parked', path: '/parked', roles: rolesOf('GET /parked') },
  { key: 'tasks', path: '/tasks', roles: rolesOf('GET /tasks') },
  { key: 'systems', path: '/systems', also: '/runs', roles: rolesOf('GET /systems') },
  { key: 'drift', path: '/drift', roles: rolesOf('GET /systems/:system/drift') },
  { key: 'alerts', path: '/alerts', roles: rolesOf('GET /alerts'), count: openAlertCount },
  { key: 'audit', path: '/audit', roles: rolesOf('POST /audit/verify') },
  { key: 'policy', path: '/policy', roles: ['admin', 'dpo', 'decision-maker', 'auditor', 'viewer'] },
  { key: 'accounts', path: '/accounts', roles: ['admin'] },
];

import { renderToString } from 'preact-render-to-string';
import { type Scope, scopeOf } from '../../core/scope.ts';
import type { Db } from '../../store/database.ts';
import type { Actor, Role } from '../auth.ts';
import type { Translator } from './i18n.ts';
import type { View } from './page.ts';
import { Notice } from './parts.tsx';

/** An entry of the navigation; shown to whoever may open it. */
export interface NavEntry {
  key: string;
  path: string;
  roles: readonly Role[];
  /** Pages that belong to it and live under another address. */
  also?: string;
  /** What waits behind it, told beside its name as `frame.count.<key>`; nothing is told of none. */
  count?: (db: Db, scope: Scope) => Promise<number>;
}

export interface FrameOptions {
  t: Translator;
  /** Null: nobody is signed in. */
  actor: Actor | null;
  /** What the actor may open. */
  nav: readonly NavEntry[];
  /** How much waits behind an entry, by its key. */
  counts: Readonly<Record<string, number>>;
  path: string;
  controller: string;
  /** What was just done, as a key of `said`. */
  said?: string | undefined;
  /** Changes with the files, so that a browser never shows an old look. */
  assets: string;
}

/** The whole document around a page. Works without script; script only brings `data-live` parts up to date. */
export function documentOf(view: View, o: FrameOptions): string {
  const { t, actor } = o;
  const isHere = (path: string) => o.path === path || (path !== '/' && o.path.startsWith(`${path}/`));
  return `<!doctype html>${renderToString(
    <html lang={t.lang}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${view.title} · Kaiku`}</title>
        <link rel="stylesheet" href={`/assets/console.css?v=${o.assets}`} />
        <link rel="icon" href={`/assets/icon.svg?v=${o.assets}`} type="image/svg+xml" />
        <script src={`/assets/console.js?v=${o.assets}`} defer />
      </head>
      <body {...(view.live ? { 'data-topic': view.live } : {})}>
        <a class="skip" href="#main">
          {t('frame.skip')}
        </a>
        <header class="top">
          <a class="brand" href="/">
            <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
              <circle cx="9" cy="16" r="4" />
              <path d="M16 8a11 11 0 0 1 0 16M21 4a17 17 0 0 1 0 24" fill="none" />
            </svg>
            Kaiku
          </a>
          <span class="controller">{o.controller}</span>
          <form method="post" action="/language" class="language">
            <input type="hidden" name="back" value={o.path} />
            {(['fi', 'sv', 'en'] as const).map((lang) => (
              <button
                key={lang}
                type="submit"
                name="lang"
                value={lang}
                lang={lang}
                aria-pressed={lang === t.lang}
                title={{ fi: 'Suomi', sv: 'Svenska', en: 'English' }[lang]}
              >
                {lang}
              </button>
            ))}
          </form>
          {actor ? (
            <form method="post" action="/sign-out" class="who">
              <a href="/account">{actor.name ?? actor.id}</a>
              <button type="submit">{t('frame.signOut')}</button>
            </form>
          ) : null}
        </header>
        {o.nav.length > 0 ? (
          <nav class="main" aria-label={t('frame.navigation')}>
            <ul>
              {o.nav.map((n) => (
                <li key={n.key}>
                  <a href={n.path} {...(isHere(n.path) || (n.also && isHere(n.also)) ? { 'aria-current': 'page' as const } : {})}>
                    {t(`frame.nav.${n.key}`)}
                    {n.count ? <Count t={t} of={n.key} n={o.counts[n.key] ?? 0} /> : null}
                  </a>
                </li>
              ))}
            </ul>
          </nav>
        ) : null}
        <main id="main" tabIndex={-1}>
          {o.said ? <Notice tone="good">{t(`said.${o.said}`)}</Notice> : null}
          <h1>{view.title}</h1>
          {view.body}
        </main>
        <footer>
          <p>{t('frame.notAdvice')}</p>
        </footer>
      </body>
    </html>,
  )}`;
}

/** A number for the eye, the same in words for whoever listens; kept up to date on pages that live. */
const Count = ({ t, of, n }: { t: Translator; of: string; n: number }) => (
  <span id={`count-${of}`} data-live>
    {n > 0 ? (
      <>
        {' '}
        <span class="count" aria-hidden="true">
          {t.number(n)}
        </span>
        <span class="sr">({t(`frame.count.${of}`, { n })})</span>
      </>
    ) : null}
  </span>
);

/** The entries somebody may open, and how much waits behind each. A ledger that does not answer takes no page away. */
export async function navigationOf(
  nav: readonly NavEntry[],
  actor: Actor | null,
  db: Db,
): Promise<Pick<FrameOptions, 'nav' | 'counts'>> {
  const mine = nav.filter((n) => n.roles.some((r) => actor?.roles.includes(r)));
  const counts: Record<string, number> = {};
  for (const { key, count, roles: of } of mine)
    if (count && actor) counts[key] = await count(db, scopeOf(actor, of)).catch(() => 0);
  return { nav: mine, counts };
}

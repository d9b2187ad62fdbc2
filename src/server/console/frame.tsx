import { renderToString } from 'preact-render-to-string';
import type { Actor, Role } from '../auth.ts';
import type { Translator } from './i18n.ts';
import type { View } from './page.ts';
import { Notice } from './parts.tsx';

/** An entry of the navigation; shown to whoever may open it. */
export interface NavEntry {
  key: string;
  path: string;
  roles: readonly Role[];
}

export interface FrameOptions {
  t: Translator;
  /** Null: nobody is signed in. */
  actor: Actor | null;
  nav: readonly NavEntry[];
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
  const entries = actor ? o.nav.filter((n) => n.roles.some((r) => actor.roles.includes(r))) : [];
  const isHere = (path: string) => (path === '/' ? o.path === '/' : o.path === path || o.path.startsWith(`${path}/`));
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
        {entries.length > 0 ? (
          <nav class="main" aria-label={t('frame.navigation')}>
            <ul>
              {entries.map((n) => (
                <li key={n.key}>
                  <a href={n.path} {...(isHere(n.path) ? { 'aria-current': 'page' as const } : {})}>
                    {t(`frame.nav.${n.key}`)}
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

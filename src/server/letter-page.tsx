import { createHash } from 'node:crypto';
import { render } from 'preact-render-to-string';
import type { LetterBody } from '../jobs/letters.ts';
import type { LetterRow } from '../store/letters.ts';
import { translator } from './console/i18n.ts';

/** A letter as a page of its own: it can be saved, printed and mailed, so its style travels inside it and is allowed by its digest. */
const style = `:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
address{font-style:normal;margin:2rem 0}
h1{font-size:1.3rem}
blockquote{margin:1rem 0;padding-left:1rem;border-left:3px solid;white-space:pre-line}
@media print{:root{color-scheme:light}body{margin:0;max-width:none;font-size:11pt}}`;

/** Nothing but its own style: no script, no picture, no address is reached from a letter. */
export const letterPolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'`;

export function letterPage(row: Pick<LetterRow, 'language'>, body: LetterBody): string {
  const t = translator(row.language);
  return `<!doctype html>${render(
    <html lang={row.language}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{body.title}</title>
        {/* the constant above: escaped, its digest would differ */}
        <style dangerouslySetInnerHTML={{ __html: style }} />
      </head>
      <body>
        <main>
          <p>
            {body.from}
            <br />
            <time dateTime={body.on}>{t.day(body.on)}</time>
          </p>
          <address>
            {body.to.map((line) => (
              <div>{line}</div>
            ))}
          </address>
          <h1>{body.title}</h1>
          {body.letter.paragraphs.map((sentences, p) => {
            const text = (body.paragraphs[p] ?? []).join(' ');
            return sentences.some((s) => s.isQuoted) ? <blockquote>{text}</blockquote> : <p>{text}</p>;
          })}
        </main>
      </body>
    </html>,
  )}`;
}

import type { AccessAnswer } from '../core/access-answer.ts';
import type { Config } from '../core/configuration.ts';
import type { FieldValue } from '../core/person.ts';
import { type Called, calledIn } from '../core/title.ts';
import type { Render } from '../jobs/hand-over.ts';
import { isLanguage, type Translator, translatorFor } from './console/i18n.ts';
import { valueText } from './console/values.ts';
import { lawLines, periodLines } from './period-words.ts';

/** The file that a person is given: readable in any browser, with nothing from elsewhere, or for machines. */
export const renderAnswer =
  (config: Pick<Config, 'controller' | 'purposes' | 'systems' | 'fieldTitles'>): Render =>
  (answer, found) => {
    const stem = `${found.type}-${found.id.slice(0, 8)}`;
    if (found.type === 'portability')
      return { file: `${stem}.json`, mediaType: 'application/json; charset=utf-8', content: JSON.stringify(answer, null, 2) };
    const language = found.language ?? config.controller.languages[0];
    const t = translatorFor(config, isLanguage(language) ? language : 'fi');
    const called = calledIn(config, t.lang);
    return { file: `${stem}.html`, mediaType: 'text/html; charset=utf-8', content: accessHtml(t, answer, called) };
  };

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const safe = (text: string) => text.replace(/[&<>"']/g, (c) => escapes[c] ?? c);

const table = (caption: string, head: readonly string[], rows: readonly (readonly string[])[]) =>
  `<table><caption>${safe(caption)}</caption><thead><tr>${head.map((h) => `<th scope="col">${safe(h)}</th>`).join('')}</tr></thead><tbody>${rows
    .map((cells) => `<tr>${cells.map((cell) => `<td>${safe(cell)}</td>`).join('')}</tr>`)
    .join('')}</tbody></table>`;

const style = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:1rem 0 2rem}caption{text-align:left;font-weight:600;font-size:1.1rem;padding:.3rem 0}
th,td{border:1px solid #8888;padding:.35rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}.missing{border-left:4px solid #b45309;padding:.2rem 1rem}`;

/** Art. 15(1): the values, what for, to whom, how long, from where, and what the person may do. */
function accessHtml(t: Translator, a: AccessAnswer, called: Called): string {
  const fields = (names: readonly string[]) => names.map((name) => t.word('field', name)).join(', ');
  const systems = a.systems.map((s) =>
    s.values === null || Object.keys(s.values).length === 0
      ? `<p>${safe(t(s.problem ? `access.problem.${problemKey(s.problem)}` : 'access.nothing', { system: called.system(s.system) }))}</p>`
      : table(
          t(s.isRegister ? 'access.register' : 'access.system', { system: called.system(s.system) }),
          [t('access.field'), t('access.value')],
          Object.entries(s.values).map(([name, value]) => [t.word('field', name), valueText(value as FieldValue)]),
        ),
  );
  const title = t('access.title');
  return `<!doctype html><html lang="${t.lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${safe(title)}</title><style>${style}</style></head><body>
<h1>${safe(title)}</h1>
<p>${safe(t('access.intro', { controller: a.controller.name, received: t.day(a.received), made: t.time(a.madeAt) }))}</p>
${a.missing.length > 0 ? `<p class="missing">${safe(t('access.missing', { systems: [...new Set(a.missing.map((m) => called.system(m.system)))].join(', ') }))}</p>` : ''}
<h2>${safe(t('access.held'))}</h2>
${systems.join('\n')}
<h2>${safe(t('access.why'))}</h2>
${table(
  t('access.purposes'),
  [t('access.purpose'), t('access.basis'), t('access.fields'), t('access.period')],
  a.purposes.map((p) => [
    called.purpose(p.name),
    t.word('basis', p.basis),
    fields(p.fields),
    p.period && p.period.length > 0 ? periodLines(t, p.period).join('; ') : t('access.noPeriod'),
  ]),
)}
${
  a.laws.length === 0
    ? ''
    : table(
        t('access.laws'),
        [t('access.recipient'), t('access.period')],
        a.laws.map(({ system, rules }) => [called.system(system), lawLines(t, rules).join('; ')]),
      )
}
<h2>${safe(t('access.whom'))}</h2>
${
  a.recipients.length + a.holders.length === 0
    ? `<p>${safe(t('access.nobody'))}</p>`
    : table(
        t('access.recipients'),
        [t('access.recipient'), t('access.purpose'), t('access.fields'), t('access.first'), t('access.last')],
        [
          ...a.recipients.map((r) => [
            called.system(r.system),
            called.purpose(r.purpose),
            fields(r.fields),
            t.day(r.first),
            t.day(r.last),
          ]),
          ...a.holders.map((h) => [
            called.system(h.system),
            '',
            fields(h.fields),
            t('access.foundSince', { day: t.day(h.since) }),
            '',
          ]),
        ],
      )
}
<h2>${safe(t('access.rights'))}</h2>
<p>${safe(t('access.source', { register: called.system(a.source) }))}</p>
<p>${safe(t('access.rightsText'))}</p>
<p>${safe(t('letters.complaint'))} ${safe(t('letters.authority'))}</p>
<p>${safe(a.controller.contact ? t('letters.contact', { controller: a.controller.name, contact: a.controller.contact, id: a.case }) : t('letters.noContact', { controller: a.controller.name, id: a.case }))}</p>
</body></html>
`;
}

const problems = new Set(['people', 'not-readable', 'not-there', 'hidden', 'no-locator']);
const problemKey = (code: string) => (problems.has(code) ? code : 'silent');

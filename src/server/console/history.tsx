import type { AuditEntry } from '../../core/audit-entry.ts';
import type { Evidence } from '../../core/duty.ts';
import type { Translator } from './i18n.ts';
import { EvidenceMark, Moment, Table } from './parts.tsx';

/** Entries of the log as sentences for people; the log itself keeps its codes. */
export function History({
  t,
  lines,
  caption,
  empty,
}: {
  t: Translator;
  lines: readonly { line: string }[];
  caption: string;
  empty: string;
}) {
  const entries = lines.map(({ line }) => JSON.parse(line) as AuditEntry);
  return (
    <>
      <Entries t={t} caption={caption} empty={empty} entries={entries.slice(0, atOnce)} />
      {entries.length > atOnce ? (
        <details>
          <summary>{t('history.older', { n: entries.length - atOnce })}</summary>
          <Entries t={t} caption={t('history.older', { n: entries.length - atOnce })} empty="" entries={entries.slice(atOnce)} />
        </details>
      ) : null}
    </>
  );
}

/** As many are seen at a glance; on a phone each is a card. */
const atOnce = 10;

const Entries = ({
  t,
  caption,
  empty,
  entries,
}: {
  t: Translator;
  caption: string;
  empty: string;
  entries: readonly AuditEntry[];
}) => (
  <Table
    caption={caption}
    hideCaption
    empty={empty}
    rows={entries}
    columns={[
      { label: t('history.when'), cell: (e) => <Moment t={t} at={e.time} /> },
      { label: t('history.what'), cell: (e) => actionWords(t, e.action) },
      { label: t('history.where'), cell: (e) => e.system ?? '' },
      { label: t('history.came'), cell: (e) => <Came t={t} entry={e} /> },
      { label: t('history.who'), cell: (e) => (e.actor === 'kaiku' ? 'Kaiku' : <span class="id">{shortId(e.actor)}</span>) },
    ]}
  />
);

/** What the log calls an action, in words; a code that has none yet stays one. */
export function actionWords(t: Translator, action: string): string {
  const words = t(`history.did.${action}`);
  return words.startsWith('⟦') ? action : words;
}

/** `token:7f3a…`: enough to tell people apart. */
const shortId = (actor: string) => actor.replace(/([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '$1');

function Came({ t, entry }: { t: Translator; entry: AuditEntry }) {
  const parts = [
    entry.to ? t.word('state', entry.to) : null,
    entry.outcome ? t.word('outcome', entry.outcome) : null,
    entry.reason ? reasonWords(t, entry) : null,
  ].filter((part) => part !== null);
  return (
    <>
      {parts.join(' · ')}
      {entry.evidence && entry.evidence !== 'none' ? (
        <span class="sub">
          <EvidenceMark t={t} evidence={entry.evidence as Evidence} />
        </span>
      ) : null}
    </>
  );
}

const namesRoles: readonly string[] = ['account.created', 'account.roles', 'token.created'];

/** The reason of an entry in words; which words, its action says. */
export function reasonWords(t: Translator, { action, reason = '' }: AuditEntry): string {
  if (namesRoles.includes(action))
    return reason
      .split(',')
      .map((role) => t.word('role', role))
      .join(', ');
  if (action === 'hold.released') return t.word('verdict', reason);
  if (action === 'person.read') return t(`people.why.${reason}`);
  if (action === 'case.opened') return t.word('caseType', reason);
  if (action === 'change.received' || action === 'duty.raised') return t.word('changeKind', reason);
  if (action === 'link.made') return t.word('rule', reason);
  return t.word('reason', reason);
}

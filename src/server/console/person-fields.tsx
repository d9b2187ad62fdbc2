import { agreement } from '../../core/agreement.ts';
import { rectifiable } from '../../core/policy.ts';
import type { Needs } from '../../jobs/needs.ts';
import { linksOf } from '../../store/records.ts';
import { latestVersion, type SubjectRow } from '../../store/subjects.ts';
import type { Translator } from './i18n.ts';
import { Badge, Card, Table } from './parts.tsx';

const marks = { equal: '=', differs: '≠', missing: '∅', extra: '+', 'not-given': '·', empty: '–' } as const;
const tones = { equal: 'good', differs: 'bad', missing: 'warn', extra: 'bad', 'not-given': 'calm', empty: 'calm' } as const;
const gone = new Set(['erased', 'absent', 'forgotten']);

/** Field by field, equal or not, told from prints: no value is shown or needed. */
export async function fieldsCard(needs: Needs, t: Translator, subject: SubjectRow) {
  const version = await latestVersion(needs.db, subject.id);
  const rows = (await linksOf(needs.db, subject.id)).filter((r) => !gone.has(r.state));
  const compared = rows.map((record) => {
    const connector = needs.connectors[record.recipient];
    const purposes = (needs.config.systems[record.recipient]?.recipient?.purposes ?? []).flatMap(
      (name) => needs.config.purposes[name] ?? [],
    );
    const carries = connector?.recipient?.carries;
    const carried = typeof carries === 'function' ? carries(record.place) : carries;
    const given = rectifiable(purposes, subject.role).fields.filter((name) => carried === undefined || carried.includes(name));
    return { prints: record.fingerprints, given: new Set<string>(given), readable: connector?.manifest.human !== true };
  });
  const lines = agreement(version?.fingerprints ?? {}, compared);
  const many = new Set(rows.map((r) => r.recipient)).size !== rows.length;
  return (
    <Card title={t('people.fields')} id="fields" wide>
      <p class="hint">{t('people.fieldsHint', { register: subject.register })}</p>
      <Table
        caption={t('people.fields')}
        hideCaption
        empty={t('people.noFields')}
        rows={lines}
        columns={[
          { label: t('people.field'), cell: (line) => t.word('field', line.field) },
          {
            label: subject.register,
            cell: (line) => (version?.fingerprints[line.field] === undefined ? t('people.not') : t('people.has')),
          },
          ...rows.map((record, i) => ({
            label: many ? `${record.recipient} / ${record.place}` : record.recipient,
            cell: (line: (typeof lines)[number]) => {
              const word = line.words[i] ?? 'empty';
              return (
                <Badge tone={tones[word]} mark={marks[word]}>
                  {t(`people.is.${word}`)}
                </Badge>
              );
            },
          })),
        ]}
      />
    </Card>
  );
}

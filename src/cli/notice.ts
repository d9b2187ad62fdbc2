import type { Command } from 'commander';
import { type NoticeFinding, noticeLaw } from '../core/notice.ts';
import type { Length } from '../core/retention-rule.ts';
import type { SessionOf } from './session.ts';

/** The published privacy notice against what is connected. */
export function noticeCommands(program: Command, session: SessionOf): void {
  program
    .command('notice')
    .description('the published privacy notice')
    .command('check <file>')
    .description('hold a notice, filled in as YAML, against the configuration; asks no system and changes nothing')
    .option('--json')
    .action((file: string, options: { json?: boolean }) => {
      const s = session(options);
      const { name, findings } = s.needs.checkNotice(file);
      s.show({ name, findings: findings.map((one) => ({ ...one, law: noticeLaw[one.code] })) }, () =>
        findings.length === 0
          ? `${name}: nothing found; whether the notice is right, people judge`
          : [
              ...findings.map((one) => `- ${noticeWords(one)} (${noticeLaw[one.code]})`),
              `${findings.length} findings in: ${name}`,
            ].join('\n'),
      );
      if (findings.length > 0) s.exit(1);
    });
}

/** A finding for people. */
export function noticeWords(one: NoticeFinding): string {
  switch (one.code) {
    case 'recipient-not-told':
      return `${one.system} is connected, and the notice does not name it`;
    case 'recipient-not-connected':
      return `the notice names ${one.recipient}, and nothing here reaches it: no correction or erasure is carried there`;
    case 'country-unsaid':
      return `where the data goes at ${one.recipient} is not said`;
    case 'transfer-denied':
      return `${one.recipient} is in ${one.country}, and the notice says that no data leaves the EEA`;
    case 'transfer-unsaid':
      return `${one.recipient} is in ${one.country}, outside the EEA, and the notice says nothing of it`;
    case 'purpose-not-told':
      return `the purpose ${one.purpose} is configured, and the notice does not tell it`;
    case 'purpose-not-configured':
      return `the notice tells the purpose ${one.purpose}, and none of that name is configured`;
    case 'basis-not-told':
      return `the legal basis of ${one.purpose} is not told`;
    case 'basis-differs':
      return `the basis of ${one.purpose} is told as ${one.told}, and configured as ${one.configured}`;
    case 'period-not-told':
      return `how long data is kept for ${one.purpose} is not told`;
    case 'period-vague':
      return `how long data is kept for ${one.purpose} is told in words that set no time`;
    case 'period-differs':
      return `data for ${one.purpose} is kept ${lengthWords(one.told)} by the notice, and ${lengthWords(one.configured)} by the configuration`;
    case 'field-not-told':
      return `${one.field} is given to ${one.systems.join(', ')}, and the notice does not name it`;
    case 'kept-too-long':
      return `everything is kept ${lengthWords(one.told)}, and no law that is configured keeps these so long${one.longest > 0 ? ` (at most ${one.longest} years)` : ''}: ${one.fields.join(', ')}`;
    case 'law-repealed':
      return `${one.law} is no law any more: ${one.by} took its place on ${one.since}`;
    case 'right-not-told':
      return `the right of ${one.right} is not told`;
    case 'contact-not-told':
      return 'how to reach the controller is not told';
    case 'complaint-not-told':
      return 'the right to complain to the supervisory authority is not told';
  }
}

const lengthWords = ({ years, months, days }: Length) =>
  [years ? `${years} years` : '', months ? `${months} months` : '', days ? `${days} days` : ''].filter(Boolean).join(' ');

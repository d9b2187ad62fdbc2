import { createWire, freeCall, memoryGate, type Wire } from '../connectors/http.ts';
import { createMailer, type Mail, type Mailer, paragraphs } from '../connectors/mail.ts';
import { Failure } from '../core/failure.ts';
import { vkeysOf } from '../core/log-keys.ts';
import { consistencyProofFrom } from '../core/merkle.ts';
import { webhookHeaders } from '../core/standard-webhook.ts';
import { type CheckpointRow, latestCheckpoint, nodeAt, sequence } from '../store/audit.ts';
import { inTransaction } from '../store/database.ts';
import { saveCursor, takeTurn } from '../store/systems.ts';
import type { Words } from './deliver-notices.ts';
import { fitOf, isMisfit, lastInFolder, openFolder, type PlaceState, placesNow, putInFolder } from './kept-outside.ts';
import { type Needs, now, tell } from './needs.ts';
import { noteVerdict } from './verify-log.ts';

/** A place that failed is tried again so often, in ms. */
const againMs = 600_000;
/** For one delivery, in ms. */
const deadlineMs = 20_000;

/** The ways out of this process; made once. */
export interface WaysOut {
  mail: Mailer | null;
  wire: Wire;
}

export function openWaysOut(needs: Needs): WaysOut {
  const { mail } = needs.config.notify ?? {};
  return {
    mail: mail ? createMailer(mail.smtp, mail.from, deadlineMs) : null,
    wire: createWire({ gate: memoryGate({ connections: 1 }), deadlineMs, maxBytes: 64 * 1024 }),
  };
}

/**
 * Delivers the log's checkpoint to each place whose time has come, after it was held against the last one there. One that does not fit is
 * not delivered over: the log is told broken, and people look. Answers how many were delivered.
 */
export async function deliverCheckpoints(needs: Needs, ways: WaysOut, words: Words): Promise<number> {
  const { checkpoints } = needs.config.audit ?? {};
  if (!checkpoints) return 0;
  let delivered = 0;
  for (const state of await placesNow(needs)) {
    const at = await now(needs);
    const isOver = !state.at || at.getTime() - Date.parse(state.at) >= checkpoints.everyHours * 3_600_000;
    if (!isOver && !state.failedSince) continue;
    if (!(await takeTurn(needs.db, 'kaiku', `outside:${state.place}`, state.failedSince ? againMs : 1000))) continue;
    if (await deliver(needs, ways, words, state, at)) delivered++;
  }
  return delivered;
}

async function deliver(needs: Needs, ways: WaysOut, words: Words, state: PlaceState, at: Date): Promise<boolean> {
  const { place } = state;
  await sequence(needs.db, needs.signer);
  const latest = await latestCheckpoint(needs.db);
  if (!latest) return false;
  const code = await put(needs, ways, words, state, latest).catch(codeOf);
  const before = { ...(state.size === undefined ? {} : { size: state.size }), ...(state.at ? { at: state.at } : {}) };
  const next =
    code === null
      ? { size: latest.size, at: at.toISOString() }
      : { ...before, failedSince: state.failedSince ?? at.toISOString(), code };
  await inTransaction(needs.db, async () => {
    await saveCursor(needs.db, 'kaiku', `outside:${place}`, JSON.stringify(next));
    if (code === null) await tell(needs, { actor: 'kaiku', action: 'checkpoint.delivered', code: place, version: latest.size });
    else if (isMisfit(code) && state.code !== code) {
      await noteVerdict(needs, false);
      await tell(needs, { actor: 'kaiku', action: 'checkpoint.compared', code: place, reason: code });
    }
  });
  if (code !== null) needs.log.warn({ place, code }, 'a checkpoint was not delivered');
  return code === null;
}

const codeOf = (error: unknown): string => {
  if (error instanceof Failure) return error.code;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^[A-Z0-9_-]{2,40}$/.test(code) ? code : 'FAILED';
};

/** Null: it is there. Else why not. */
async function put(needs: Needs, ways: WaysOut, words: Words, state: PlaceState, latest: CheckpointRow): Promise<string | null> {
  const { folder, mail, webhook } = needs.config.audit?.checkpoints ?? {};
  if (state.place === 'folder' && folder) {
    await openFolder(folder);
    const there = await lastInFolder(folder);
    const fit = there === null ? 'fits' : await fitOf(needs, there);
    if (fit !== 'fits') return fit;
    await putInFolder(folder, latest.size, latest.note, needs.signer);
    return null;
  }
  if (state.place === 'mail' && mail) {
    if (!ways.mail) return 'NOT-CONFIGURED';
    const sent = await ways.mail.send(mailOf(needs, words, state, latest), mail);
    return sent.ok ? null : sent.code;
  }
  return webhook ? post(needs, ways, webhook, state, latest) : 'NOT-CONFIGURED';
}

/** A receiver that answers with the last checkpoint it kept, `{"checkpoint": "…"}`, has it compared. */
async function post(
  needs: Needs,
  ways: WaysOut,
  { url, secret }: { url: string; secret: string },
  { size: from }: PlaceState,
  latest: CheckpointRow,
): Promise<string | null> {
  const node = (level: number, index: number) => nodeAt(needs.db, level, index);
  const consistency =
    from !== undefined && from > 0 && from < latest.size
      ? { from, proof: (await consistencyProofFrom(node, from, latest.size)).map((hash) => hash.toString('base64')) }
      : undefined;
  const body = JSON.stringify({
    type: 'checkpoint.made',
    timestamp: (await now(needs)).toISOString(),
    data: {
      instance: needs.instance,
      checkpoint: latest.note,
      vkeys: vkeysOf(needs.signer),
      ...(consistency ? { consistency } : {}),
    },
  });
  const id = `checkpoint-${needs.instance}-${latest.size}`;
  const answer = await ways.wire(
    {
      method: 'POST',
      url,
      kind: 'write',
      body,
      headers: () => ({ 'content-type': 'application/json', ...webhookHeaders(secret, { id, at: new Date(), body }) }),
    },
    freeCall,
  );
  if (answer.status < 200 || answer.status > 299) return `HTTP-${answer.status}`;
  const kept = keptBy(answer.body);
  const fit = kept === null ? 'fits' : await fitOf(needs, kept);
  return fit === 'fits' ? null : fit;
}

function keptBy(body: Buffer | string): string | null {
  try {
    const { checkpoint } = JSON.parse(body.toString()) as { checkpoint?: unknown };
    return typeof checkpoint === 'string' ? checkpoint : null;
  } catch {
    return null;
  }
}

/** The checkpoint as an attachment, and what to do with it in words. */
function mailOf(needs: Needs, words: Words, { size }: PlaceState, latest: CheckpointRow): Mail {
  const { name } = needs.config.controller;
  const subject = words('checkpoint.subject', { count: latest.size });
  const lines = [
    words('checkpoint.hello', { controller: name }),
    words('checkpoint.keep'),
    words('checkpoint.check', { file: `checkpoint-${latest.size}.txt` }),
    ...(size === undefined ? [] : [words('checkpoint.before', { count: size })]),
    words('alert.noPersonalData'),
  ];
  return {
    id: `checkpoint-${needs.instance}-${latest.size}`,
    subject: `Kaiku: ${subject}`,
    ...paragraphs(words.lang, subject, lines),
    attachments: [
      { filename: `checkpoint-${latest.size}.txt`, content: latest.note },
      { filename: 'vkey.txt', content: `${vkeysOf(needs.signer).join('\n')}\n` },
    ],
  };
}

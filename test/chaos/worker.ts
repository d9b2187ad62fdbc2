/**
 * A worker process that kills itself at one point of converge, once. Started by the chaos tests with the hub's environment and:
 *   KILL_AT     before-lease | before-request | before-wire | after-request-left | after-answer | before-record | none
 *   KILL_METHOD the request it concerns, `PATCH`; a marker file says that the kill was done, so the next worker goes on
 *   KILL_MARK   path of that marker
 *   STOP        1: SIGSTOP instead of SIGKILL (somebody else wakes it)
 */

import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import type { Wire } from '../../src/connectors/http.ts';
import { startWork } from '../../src/jobs/schedule.ts';
import { createLog, openHub, readEnvironment } from '../../src/open.ts';
import { mailWords } from '../../src/server/alerts.ts';

// whoever is killed writes nothing at its end
flushCompileCache();

const { KILL_AT = 'none', KILL_METHOD = 'PATCH', KILL_MARK = '', STOP } = process.env;

/** Writes the marker and dies; answers false when that was done before. */
function strike(point: string): boolean {
  if (KILL_AT !== point || existsSync(KILL_MARK)) return false;
  writeFileSync(KILL_MARK, `${process.pid} ${Date.now()}`);
  process.kill(process.pid, STOP === '1' ? 'SIGSTOP' : 'SIGKILL');
  return true;
}

const struck =
  (wire: Wire): Wire =>
  async (request, call) => {
    const concerned =
      request.method === KILL_METHOD || (KILL_METHOD === 'ERASE' && request.url.includes('/actions/delete-permanent'));
    if (!concerned) {
      // a read-back after the write: the last moment before the record
      if (KILL_AT === 'before-record' && request.method === 'GET' && written) {
        const answer = await wire(request, call);
        strike('before-record');
        return answer;
      }
      return wire(request, call);
    }
    written = true;
    const watched = {
      async beforeWire(kind: 'read' | 'write') {
        strike('before-request');
        const until = await call.beforeWire(kind);
        strike('before-wire');
        // the request is on its way (the sandbox answers late) when this fires
        if (KILL_AT === 'after-request-left') setTimeout(() => strike('after-request-left'), 150);
        return until;
      },
    };
    const answer = await wire(request, watched);
    strike('after-answer');
    return answer;
  };
let written = false;

/** The first states are let pass: the test says when the deed comes. */
const armed = () => existsSync(`${KILL_MARK}.armed`);

const env = readEnvironment(process.env);
const log = createLog(process.env['LOG_LEVEL'] ?? 'error');
const hub = await openHub(env, log, { wire: (_system, wire) => struck(wire) });
const queues = await hub.queues();
const work = startWork(
  hub.needs,
  KILL_AT === 'before-lease'
    ? {
        ...queues,
        work: (recipient, concurrency, handle) =>
          queues.work(recipient, concurrency, async (wake) => {
            if (armed()) strike('before-lease');
            return handle(wake);
          }),
      }
    : queues,
  randomUUID(),
  (language) => mailWords(hub.needs.config, language),
);
process.stdout.write('ready\n');
process.once(
  'SIGTERM',
  () =>
    void work
      .stop()
      .then(() => hub.close())
      .then(() => process.exit(0)),
);

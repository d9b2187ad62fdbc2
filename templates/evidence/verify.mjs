#!/usr/bin/env node
// Checks an evidence pack of Kaiku. Needs Node 20 or newer and nothing else: no hub, no network, no packages.
//
//   node verify.mjs [evidence.json] [--vkey FILE] [--checkpoint FILE]
//
// --vkey        the log's key as you got it from elsewhere, and its former ones, a line each; without it the key in the pack is used,
//               which its maker chose
// --checkpoint  a checkpoint of the same log that you kept from elsewhere: the pack must belong to that log
//
// What is checked: the checkpoint is signed by the key (C2SP signed note, Ed25519); every entry is in the tree that the checkpoint
// signs (RFC 6962 inclusion proofs); every entry is of this case or of its duties; and whatever the pack says that a system did is said
// by the last entry about it, no stronger. Exit code 0: all of it holds. 1: something does not. 2: wrong use.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

const args = process.argv.slice(2);
const option = (name) => {
  const at = args.indexOf(name);
  if (at < 0) return undefined;
  const [, value] = args.splice(at, 2);
  return value ?? fail(`${name} needs a file`);
};
const [vkeyFile, checkpointFile] = [option('--vkey'), option('--checkpoint')];
const file = args[0] ?? 'evidence.json';
const pack = json(read(file), file);
if (pack.format !== 'kaiku-evidence-1') fail(`${file}: is no evidence pack of the form kaiku-evidence-1`);

const faults = [];
const vkeys = (vkeyFile ? read(vkeyFile) : String(pack.vkey)).trim().split(/\s+/);
const signed = openedBy(vkeys, pack.checkpoint);
if (!signed) faults.push('the checkpoint is not signed by the key');
else {
  const lines = [];
  for (const { index, line, proof } of pack.entries ?? []) {
    if (!isIn(Buffer.from(line, 'utf8'), index, signed.size, proof, signed.root))
      faults.push(`entry ${index} is not in the signed log`);
    else lines.push(json(line, `entry ${index}`));
  }
  if (lines.length === 0) faults.push('there is no entry that proves anything');
  const ids = new Set((pack.duties ?? []).map((duty) => duty.id));
  for (const entry of lines)
    if (entry.case !== pack.case.id && !ids.has(entry.duty)) faults.push(`entry ${entry.id} belongs to another case`);
  for (const duty of pack.duties ?? []) {
    const isSaid = duty.state === 'settled' || (duty.state === 'waiting' && duty.retained);
    if (!isSaid) continue;
    const last = lines.filter((entry) => entry.duty === duty.id && entry.to !== undefined).at(-1);
    const looked = lines.filter((entry) => entry.duty === duty.id && entry.action === 'recheck.done').at(-1);
    const evidence = [last?.evidence, looked?.evidence].filter(Boolean);
    if (!last || last.to !== duty.state || last.outcome !== duty.outcome)
      faults.push(`${duty.system}: the log does not say that it is ${duty.outcome} (${duty.state})`);
    else if (duty.evidence !== 'none' && !evidence.includes(duty.evidence))
      faults.push(`${duty.system}: the log does not say that this is ${duty.evidence}`);
    const stated = lines.some(
      (entry) => entry.duty === duty.id && entry.action === 'task.answered' && entry.reason === duty.statement,
    );
    if (duty.statement && !stated) faults.push(`${duty.system}: the log has no such statement`);
  }
  if (checkpointFile) {
    const kept = openedBy(vkeys, read(checkpointFile));
    if (!kept) faults.push('the checkpoint you kept is not signed by the key');
    else if (kept.size === signed.size && !kept.root.equals(signed.root))
      faults.push('the checkpoint you kept is of another log');
    else if (kept.size !== signed.size && pack.consistency?.from === kept.size) {
      if (!isConsistent(pack.consistency, kept, signed)) faults.push('the checkpoint you kept is of another log');
    } else if (kept.size !== signed.size)
      say(
        `note: the checkpoint you kept has ${kept.size} entries, the pack's ${signed.size}; the pack holds no proof between the two: ask for one with ?since=${kept.size}`,
      );
  }
  say(
    `case ${pack.case.id} (${pack.case.type}, ${pack.case.state}): ${lines.length} of ${pack.entries.length} entries proven in a log of ${signed.size}, signed by ${vkeys[0].split('+')[0]}`,
  );
  for (const duty of pack.duties ?? [])
    say(`  ${duty.system}: ${duty.outcome ?? duty.state}, ${duty.evidence}${duty.by ? `, stated by ${duty.by}` : ''}`);
}
for (const fault of faults) say(`NOT proven: ${fault}`);
say(faults.length === 0 ? 'verified' : 'NOT verified');
process.exitCode = faults.length === 0 ? 0 : 1;

function say(text) {
  process.stdout.write(`${text}\n`);
}
function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exit(2);
}
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return fail(`${path}: there is no such file, or it cannot be read`);
  }
}
function json(text, what) {
  try {
    return JSON.parse(text);
  } catch {
    return fail(`${what}: is no JSON`);
  }
}
function sha(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
function openedBy(keys, note) {
  for (const key of keys) {
    const found = opened(note, key);
    if (found) return found;
  }
  return null;
}
/** The size and root that a signed note vouches for; null where the signature does not hold. */
function opened(note, key) {
  const [name, keyHash, encoded] = splitKey(key);
  const gap = note.indexOf('\n\n');
  if (!encoded || gap < 0) return null;
  const text = note.slice(0, gap + 1);
  const raw = Buffer.from(encoded, 'base64');
  if (raw[0] !== 1 || raw.length !== 33) return null;
  const id = sha(`${name}\n`, raw).subarray(0, 4);
  if (id.toString('hex') !== keyHash) return null;
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw.subarray(1)]);
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
  const holds = note
    .slice(gap + 2)
    .split('\n')
    .some((line) => {
      const [, who, signature] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? [];
      if (who !== name) return false;
      const bytes = Buffer.from(signature, 'base64');
      return bytes.subarray(0, 4).equals(id) && verify(null, Buffer.from(text, 'utf8'), publicKey, bytes.subarray(4));
    });
  const [origin, size, root] = text.split('\n');
  return holds && origin && /^\d+$/.test(size) ? { size: Number(size), root: Buffer.from(root, 'base64') } : null;
}
function splitKey(key) {
  const [, name, hash, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(key) ?? [];
  return [name, hash, encoded];
}
/** RFC 9162, section 2.1.3.2. */
function isIn(leaf, index, size, proof, root) {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return false;
  let [fn, sn, hash] = [BigInt(index), BigInt(size) - 1n, sha(Buffer.of(0), leaf)];
  for (const encoded of proof) {
    const node = Buffer.from(encoded, 'base64');
    if (sn === 0n) return false;
    if (fn % 2n === 1n || fn === sn) {
      hash = sha(Buffer.of(1), node, hash);
      if (fn % 2n === 0n) while (fn % 2n === 0n && fn !== 0n) [fn, sn] = [fn / 2n, sn / 2n];
    } else hash = sha(Buffer.of(1), hash, node);
    [fn, sn] = [fn / 2n, sn / 2n];
  }
  return sn === 0n && hash.equals(root);
}
/** RFC 9162, section 2.1.4.2; the pack's proof is from an older size that it names. */
function isConsistent(given, older, newer) {
  if (older.size === 0 || !Array.isArray(given.proof)) return false;
  const path = given.proof.map((one) => Buffer.from(one, 'base64'));
  if (Number.isInteger(Math.log2(older.size))) path.unshift(older.root);
  if (path.length === 0) return false;
  let [fn, sn] = [BigInt(older.size) - 1n, BigInt(newer.size) - 1n];
  while (fn % 2n === 1n) [fn, sn] = [fn / 2n, sn / 2n];
  let [fr, sr] = [path[0], path[0]];
  for (const node of path.slice(1)) {
    if (sn === 0n) return false;
    if (fn % 2n === 1n || fn === sn) {
      [fr, sr] = [sha(Buffer.of(1), node, fr), sha(Buffer.of(1), node, sr)];
      while (fn % 2n === 0n && fn !== 0n) [fn, sn] = [fn / 2n, sn / 2n];
    } else sr = sha(Buffer.of(1), sr, node);
    [fn, sn] = [fn / 2n, sn / 2n];
  }
  return sn === 0n && fr.equals(older.root) && sr.equals(newer.root);
}

#!/usr/bin/env node
/**
 * The one door to every command: brings what is missing (dependencies, a Node that is new enough, the build), then starts the
 * command with it. Runs on Node 20; says what it does on stderr, so that stdout belongs to the command.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tools = join(root, '.tools');
const nodeVersion = '24.21.0';
const [major, minor] = process.versions.node.split('.').map(Number);
const isNewEnough = major > 24 || (major === 24 && minor >= 7);
const say = (line) => process.stderr.write(`kaiku: ${line}\n`);

/** One set-up at a time; several commands may be started at once from one clone. */
function alone(work) {
  mkdirSync(tools, { recursive: true });
  const lock = join(tools, 'lock');
  for (;;) {
    try {
      mkdirSync(lock);
      writeFileSync(join(lock, 'pid'), String(process.pid));
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const holder = Number(existsSync(join(lock, 'pid')) ? readFileSync(join(lock, 'pid'), 'utf8') : 0);
      if (holder > 0 && !isAlive(holder)) rmSync(lock, { recursive: true, force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
  try {
    return work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function must(what, command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32', ...options });
  if (done.status === 0) return done;
  process.stderr.write(`${done.stdout ?? ''}${done.stderr ?? ''}`);
  say(`${what} failed (${done.error?.message ?? `exit ${done.status}`}).`);
  process.exit(3);
}

const stampOf = (name) => join(root, 'node_modules', `.kaiku-${name}`);
const stamped = (name) => (existsSync(stampOf(name)) ? statSync(stampOf(name)).mtimeMs : 0);
const stamp = (name) => writeFileSync(stampOf(name), '');

function install() {
  const lockfile = statSync(join(root, 'package-lock.json')).mtimeMs;
  if (existsSync(join(root, 'node_modules')) && stamped('installed') >= lockfile) return;
  say('installing the dependencies (once; about half a minute) …');
  must('npm ci', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  stamp('installed');
}

/** The node binary to run with: this one, or one from npm, kept apart from the dependencies. */
function findNode() {
  if (isNewEnough) return process.execPath;
  const folder = join(tools, `node-${nodeVersion}`);
  const binary = join(folder, 'bin', 'node');
  if (existsSync(binary)) return binary;
  const { platform, arch } = process;
  const name = platform === 'darwin' ? `node-bin-darwin-${arch}` : `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
  say(`Node ${process.versions.node} is too old; fetching Node ${nodeVersion} from npm (once) …`);
  const work = join(tools, `fetch-${process.pid}`);
  mkdirSync(work, { recursive: true });
  const packed = must(
    'fetching Node',
    'npm',
    ['pack', `${name}@${nodeVersion}`, '--loglevel=error', '--pack-destination', work],
    { cwd: work },
  );
  const file = packed.stdout.trim().split('\n').pop();
  must('unpacking Node', 'tar', ['-xzf', file], { cwd: work });
  rmSync(folder, { recursive: true, force: true });
  renameSync(join(work, 'package'), folder);
  rmSync(work, { recursive: true, force: true });
  return binary;
}

/** The newest change below a folder, ms since the epoch. */
function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}

/** Editors complete config/kaiku.yaml from it. Made, not kept: a new connector changes it and touches no second file. */
const schema = join(root, 'config', 'kaiku.schema.json');
const isBuilt = () => existsSync(join(root, 'dist', 'main.js')) && existsSync(schema);

function build(node) {
  const sources = Math.max(newest(join(root, 'src')), statSync(join(root, 'tsconfig.json')).mtimeMs);
  if (isBuilt() && stamped('built') >= sources) return;
  say('building …');
  const started = Date.now();
  must('the build', node, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.json']);
  const told = must('the schema of the configuration', node, [main, 'config', 'schema']).stdout;
  // several commands of one clone may read it meanwhile
  writeFileSync(`${schema}.new`, told);
  renameSync(`${schema}.new`, schema);
  stamp('built');
  say(`built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

function prepare({ needsBuild }) {
  const ready =
    existsSync(join(root, 'node_modules')) &&
    stamped('installed') >= statSync(join(root, 'package-lock.json')).mtimeMs &&
    (!needsBuild || (isBuilt() && stamped('built') >= newest(join(root, 'src'))));
  if (ready && isNewEnough) return process.execPath;
  return alone(() => {
    install();
    const node = findNode();
    if (needsBuild) build(node);
    return node;
  });
}

/** Starts the command with our own streams, passes signals on, and ends as it ends. */
function become(node, args, env = {}) {
  const child = spawn(node, args, {
    cwd: process.env.INIT_CWD && args[0] === main ? process.env.INIT_CWD : root,
    stdio: 'inherit',
    env: { ...process.env, ...env, PATH: `${dirname(node)}:${process.env.PATH}` },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    say(error.message);
    process.exit(3);
  });
  child.on('exit', (code, signal) => process.exit(signal ? 128 + 15 : (code ?? 1)));
}

const bin = (name, file) => join(root, 'node_modules', name, file);
const main = join(root, 'dist', 'main.js');

const checks = [
  ['format and lint', bin('@biomejs/biome', 'bin/biome'), ['check', '--error-on-warnings', '.']],
  ['types', bin('typescript', 'bin/tsc'), ['-p', 'tsconfig.test.json', '--noEmit']],
  ['layers and circles', bin('dependency-cruiser', 'bin/dependency-cruiser.mjs'), ['--config', '.dependency-cruiser.cjs', 'src']],
  ['dead code', bin('knip', 'bin/knip.js'), []],
];

async function check(node) {
  const results = await Promise.all(
    checks.map(
      ([what, file, args]) =>
        new Promise((resolve) => {
          let output = '';
          const child = spawn(node, [file, ...args], { cwd: root });
          child.stdout.on('data', (text) => (output += text));
          child.stderr.on('data', (text) => (output += text));
          child.on('exit', (code) => resolve({ what, code, output }));
        }),
    ),
  );
  for (const { what, code, output } of results) {
    process.stdout.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${what}\n`);
    if (code !== 0) process.stdout.write(`${output}\n`);
  }
  process.exit(results.every((r) => r.code === 0) ? 0 : 1);
}

/** Mutation testing is run by hand, and its tool is heavy: it is brought when it is asked for, beside the dependencies. */
function prepareMutation() {
  const node = prepare({ needsBuild: false });
  if (!existsSync(bin('@stryker-mutator/vitest-runner', 'package.json'))) {
    say('bringing Stryker (once) …');
    const packages = ['core', 'vitest-runner'].map((name) => `@stryker-mutator/${name}@10.1.1`);
    must('npm install', 'npm', [
      'install',
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      ...packages,
    ]);
  }
  return node;
}

const [command, ...args] = process.argv.slice(2);
switch (command) {
  case 'setup':
    prepare({ needsBuild: true });
    say('ready: npm run demo · npm test · npm run --silent kaiku -- --help');
    break;
  case 'demo':
    become(prepare({ needsBuild: true }), [main, 'demo', ...args]);
    break;
  case 'kaiku':
    become(prepare({ needsBuild: true }), [main, ...args]);
    break;
  case 'test':
    become(prepare({ needsBuild: true }), [bin('vitest', 'vitest.mjs'), 'run', ...args]);
    break;
  case 'bench':
    become(prepare({ needsBuild: false }), [join(root, 'test', 'bench', 'run.ts'), ...args]);
    break;
  case 'mutate':
    become(prepareMutation(), [bin('@stryker-mutator/core', 'bin/stryker.js'), 'run', 'test/mutation/stryker.config.mjs'], {
      KAIKU_RULES: args[0] ?? '',
    });
    break;
  case 'check':
    await check(prepare({ needsBuild: false }));
    break;
  default:
    say('usage: node tools/run.mjs setup|demo|kaiku|test|bench|mutate|check');
    process.exit(2);
}

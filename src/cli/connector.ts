import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { SessionOf } from './session.ts';

/** The clone that this command runs from: the same two floors up from the source and from the build. */
const clone = fileURLToPath(new URL('../..', import.meta.url));
const templates = join(clone, 'templates', 'connector');

/** Where each file of the template goes. */
const placeOf = (root: string, name: string): Record<string, string> => ({
  ...Object.fromEntries(
    ['connector.ts', 'client.ts', 'mapping.ts', 'sandbox.ts', 'README.md'].map((file) => [
      file,
      join(root, 'src', 'connectors', name, file),
    ]),
  ),
  'contract.test.ts': join(root, 'test', 'connectors', name, 'contract.test.ts'),
});

class CannotScaffold extends Error {
  override name = 'CannotScaffold';
}

export function connectorCommands(program: Command, session: SessionOf): void {
  program
    .command('connector')
    .description("connectors to vendors' systems")
    .command('new <name>')
    .description('write a connector that keeps the contract, to be changed into yours')
    .option('--dir <folder>', 'the clone to write into', clone)
    .option('--json')
    .action((name: string, { dir, json }: { dir: string; json?: boolean }) => {
      const s = session({ json: json === true });
      try {
        const files = newConnector(name, resolve(dir));
        s.show({ connector: name, files }, () => [...files, '', ...next(name)].join('\n'));
      } catch (error) {
        if (!(error instanceof CannotScaffold)) throw error;
        s.needs.err(error.message);
        s.exit(2);
      }
    });
}

const next = (name: string) => [
  `Next: npm test -- --project pure test/connectors/${name}   (it passes: now make it tell the truth about your vendor)`,
  '      docs/add-a-connector.md says the rest',
];

/** Writes the files and the line in the registry; all or, with what stands in the way said, nothing. */
function newConnector(name: string, root: string): string[] {
  checkName(name);
  const registry = join(root, 'src', 'connectors', 'registry.ts');
  if (!existsSync(templates) || !existsSync(registry) || !existsSync(join(root, 'test', 'conformance')))
    throw new CannotScaffold(
      `A connector is part of the source: this works in a clone of the repository only, and ${existsSync(templates) ? root : clone} is none.`,
    );
  for (const folder of [join(root, 'src', 'connectors', name), join(root, 'test', 'connectors', name)])
    if (existsSync(folder)) throw new CannotScaffold(`${folder} is there already; nothing was written. Choose another name.`);
  const listed = withVendor(readFileSync(registry, 'utf8'), name);
  const files = Object.entries(placeOf(root, name));
  for (const [file, path] of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, named(readFileSync(join(templates, file), 'utf8'), name), { flag: 'wx' });
  }
  writeFileSync(registry, listed);
  return [...files.map(([, path]) => path), registry];
}

/** Words that no variable may be called. */
const reserved =
  /^(await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|export|extends|false|finally|for|function|if|implements|import|in|instanceof|interface|let|new|null|package|private|protected|public|registry|return|static|super|switch|this|throw|true|try|typeof|var|void|while|with|yield|arguments|eval)$/;

function checkName(name: string): void {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 40)
    throw new CannotScaffold(
      `"${name}" is no name for a connector: lower-case letters, digits and single hyphens, a letter first, like my-crm.`,
    );
  if (reserved.test(name))
    throw new CannotScaffold(`"${name}" is a word of the language; choose another name, like ${name}-crm.`);
}

const pascal = (name: string) => name.replace(/(^|-)(.)/g, (_, __, letter: string) => letter.toUpperCase());
const camel = (name: string) => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** A template in the vendor's name: as a word in texts and paths, as an identifier everywhere else. */
const named = (text: string, name: string) =>
  text
    .replace(/(?<=['/])acme(?=['/])/g, name)
    .replace(/Acme/g, pascal(name))
    .replace(/acme/g, camel(name));

/** The registry with one vendor more, in the order and the form that the formatter wants. */
function withVendor(source: string, name: string): string {
  const path = `./${name}/connector.ts`;
  const imports = [...source.matchAll(/^import .* from '(.+)';$/gm)];
  const last = imports.at(-1);
  const map = /(registry: Record<string, ConnectorFactory> = )\{([^}]*)\};/.exec(source);
  if (!last || !map)
    throw new CannotScaffold('src/connectors/registry.ts has another form than this command knows; nothing was written.');
  const line = `import { ${camel(name)} } from '${path}';`;
  const at = imports.find(([, from]) => (from ?? '') > path)?.index ?? last.index + last[0].length + 1;
  const keyOf = (entry: string) => entry.split(':')[0]?.replaceAll("'", '') ?? '';
  const entries = [...(map[2] ?? '').split(','), name === camel(name) ? name : `'${name}': ${camel(name)}`]
    .map((entry) => entry.trim())
    .filter(Boolean)
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const oneLine = `{ ${entries.join(', ')} };`;
  const fits = `export const ${map[1]}${oneLine}`.length <= 130 && !(map[2] ?? '').includes('\n');
  const list = fits ? oneLine : `{\n${entries.map((entry) => `  ${entry},\n`).join('')}};`;
  const start = map.index + (map[1] ?? '').length;
  return `${source.slice(0, at)}${line}\n${source.slice(at, start)}${list}${source.slice(map.index + map[0].length)}`;
}

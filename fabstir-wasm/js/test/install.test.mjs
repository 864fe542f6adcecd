// The package as a new user gets it: packed, installed into an empty project, imported; and through a bundler.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const USE = `
  import { init, gross, addressOfKey } from '@fabstir/sdk';
  await init();
  console.log(gross({ inputTokens: 1_000_000, outputTokens: 0 }, { inputPrice: 7, outputPrice: 1 }), addressOfKey('0x${'42'.repeat(32)}'));
`;
const SAID = '7n 0x17c5185167401ed00cf5f5b2fc97d9bbfdb7d025';

test('installed into an empty project', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fabstir-sdk-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const npm = (...words) => execFileSync('npm', words, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  npm('pack', '--silent', '--pack-destination', folder, PACKAGE);
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  npm('install', '--no-audit', '--no-fund', '--offline', `./${tarball}`);
  writeFileSync(join(folder, 'use.js'), USE);
  assert.equal(execFileSync(process.execPath, ['use.js'], { cwd: folder, encoding: 'utf8' }).trim(), SAID);
});

test('through a bundler, the core inside', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fabstir-sdk-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const outfile = join(folder, 'bundle.mjs');
  await build({
    stdin: { contents: USE.replace("'@fabstir/sdk'", "'@fabstir/sdk/bundler'"), resolveDir: PACKAGE },
    bundle: true, format: 'esm', platform: 'node', target: 'node20', loader: { '.wasm': 'binary' }, outfile, logLevel: 'error',
  });
  assert.equal(execFileSync(process.execPath, [outfile], { encoding: 'utf8' }).trim(), SAID);
});

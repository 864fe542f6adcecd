// Packs what would be published, into a folder: the package, its SDK, and the platform's binary that was built here.
// In the package's manifest the SDK becomes a version, and the platforms optional dependencies.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('../', import.meta.url));
const target = resolve(process.argv[2] ?? join(here, 'npm'));
const pack = (folder) => execFileSync('npm', ['pack', '--silent', '--pack-destination', target], { cwd: folder });
const platforms = readdirSync(join(here, 'npm'), { withFileTypes: true }).filter((entry) => entry.isDirectory());

const manifest = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
const sdk = join(here, '../../fabstir-wasm/js');
manifest.dependencies = { '@fabstir/sdk': JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8')).version };
manifest.optionalDependencies = Object.fromEntries(platforms.map(({ name }) => [`@fabstir/node-${name}`, manifest.version]));
delete manifest.devDependencies;
delete manifest.scripts;

const staged = mkdtempSync(join(tmpdir(), 'fabstir-node-'));
try {
  for (const part of [...manifest.files, 'README.md']) cpSync(join(here, part), join(staged, part), { recursive: true });
  writeFileSync(join(staged, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const folder of [sdk, staged, ...platforms.map(({ name }) => join(here, 'npm', name))]) pack(folder);
} finally {
  rmSync(staged, { recursive: true });
}
console.log(target);

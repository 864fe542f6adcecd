// Builds the library with cargo and lays it out as the platform's package: npm/<platform>/.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const here = new URL('../', import.meta.url);
const profile = process.argv[2] ?? 'release';
const words = ['rustc', '--locked', '--package', 'fabstir-node', '--profile', profile, '--message-format', 'json-render-diagnostics'];
const built = execFileSync('cargo', words, { cwd: here, stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 });
const artifacts = built.toString().trim().split('\n').map((line) => JSON.parse(line));
const library = artifacts
  .filter((message) => message.reason === 'compiler-artifact' && message.target.name === 'fabstir_node')
  .flatMap((message) => message.filenames)
  .find((name) => /\.(so|dylib|dll)$/.test(name));
if (!library) throw new Error('cargo built no library');

const glibc = process.report.getReport().header.glibcVersionRuntime !== undefined;
const libc = process.platform === 'linux' ? (glibc ? 'gnu' : 'musl') : undefined;
const platform = [process.platform, process.arch, libc].filter(Boolean).join('-');
const { version, license } = JSON.parse(readFileSync(new URL('package.json', here), 'utf8'));
const folder = new URL(`npm/${platform}/`, here);
mkdirSync(folder, { recursive: true });
const target = new URL('fabstir.node', folder);
// A copy in place of one in use must not change what is mapped already.
rmSync(target, { force: true });
copyFileSync(library, target);
const manifest = {
  name: `@fabstir/node-${platform}`,
  version,
  description: `@fabstir/node for ${platform}.`,
  license,
  main: 'fabstir.node',
  files: ['fabstir.node'],
  os: [process.platform],
  cpu: [process.arch],
  ...(libc && { libc: [libc === 'gnu' ? 'glibc' : 'musl'] }),
  engines: { node: '>=20' },
};
writeFileSync(new URL('package.json', folder), `${JSON.stringify(manifest, null, 2)}\n`);
console.log(platform);

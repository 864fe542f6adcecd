// What a page downloads: the entry bundled and minified by esbuild with its WebAssembly beside it, both as gzip -9.
// Fails above the ceilings; beside them stand the budgets, and what others weigh.
import { build } from 'esbuild';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Thousands of bytes. */
const ENTRIES = [
  { name: 'slim: quotes, calldata, events', entry: 'src/slim-browser.js', wasm: 'wasm/slim.wasm', budget: 25, ceiling: 40 },
  { name: 'the whole renter', entry: 'src/browser.js', wasm: 'wasm/fabstir.wasm', budget: 64, ceiling: 140 },
];
const OTHERS = [
  ['viem, encode only', '12-15'],
  ['viem, encode + EIP-712 recover', '32'],
  ['viem, whole client', '52'],
  ['ethers, session creation', '99'],
];

const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length / 1000;
let failed = false;
console.log('kB min + gzip                          js   wasm    all');
for (const { name, entry, wasm, budget, ceiling } of ENTRIES) {
  const { outputFiles } = await build({
    entryPoints: [here(`../${entry}`)], bundle: true, minify: true, format: 'esm', target: 'es2022', write: false,
    // What a page would use of it: everything.
    logLevel: 'error',
  });
  const js = gzipped(outputFiles[0].contents);
  const core = gzipped(readFileSync(here(`../${wasm}`)));
  const all = js + core;
  const verdict = all > ceiling ? `above its ceiling of ${ceiling}` : all > budget ? `budget ${budget}: missed` : `budget ${budget}: kept`;
  failed ||= all > ceiling;
  console.log(`${name.padEnd(35)} ${[js, core, all].map((size) => size.toFixed(1).padStart(6)).join(' ')}   ${verdict}`);
}
for (const [name, size] of OTHERS) console.log(`${name.padEnd(35)} ${size.padStart(20)}`);
process.exitCode = failed ? 1 : 0;

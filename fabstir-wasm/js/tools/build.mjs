// Builds the core twice, slim and whole, into ../wasm: cargo, wasm-bindgen, wasm-opt.
//
//   node tools/build.mjs            for a release: the standard library rebuilt without panic messages, every byte counted
//   node tools/build.mjs --quick    while working: the standard library as it comes
//
// FABSTIR_WASM_CARGO and FABSTIR_WASM_RUSTC choose another toolchain for the core alone; xtask sets them on Debian.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const root = here('../../../');
const out = here('../wasm/');
const quick = process.argv.includes('--quick');
const only = process.argv.filter((word) => ['slim', 'fabstir'].includes(word));
const TARGET = 'wasm32-unknown-unknown';
const FEATURES = ['bulk-memory', 'nontrapping-float-to-int', 'sign-ext', 'mutable-globals', 'reference-types', 'multivalue'];

function run(program, args, env = {}) {
  const began = Date.now();
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (error || status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${error ?? `exit ${status}`}`);
  console.error(`  ${((Date.now() - began) / 1000).toFixed(1)} s  ${program.split('/').at(-1)} ${args.slice(0, 6).join(' ')}`);
}

function compile(features) {
  const std = ['-Zbuild-std=std,panic_abort', '-Zbuild-std-features=optimize_for_size'];
  const env = { RUSTC_BOOTSTRAP: '1', RUSTFLAGS: '-Zunstable-options -Cpanic=immediate-abort' };
  const words = ['build', '--locked', '--package', 'fabstir-wasm', '--lib', '--target', TARGET, '--profile', 'wasm'];
  const { FABSTIR_WASM_CARGO: cargo = 'cargo', FABSTIR_WASM_RUSTC: rustc } = process.env;
  const compiler = rustc ? { RUSTC: rustc } : {};
  run(cargo, [...words, ...(quick ? [] : std), ...features], { ...compiler, ...(quick ? {} : env) });
  return `${root}target/${TARGET}/wasm/fabstir_wasm.wasm`;
}

function pack(built, name) {
  const bindgen = ['run', '--quiet', '--locked', '--package', 'fabstir-wasm', '--example', 'bindgen', '--'];
  run('cargo', [...bindgen, built, name, out]);
  const flags = FEATURES.map((feature) => `--enable-${feature}`);
  const optimiser = here('../node_modules/binaryen/bin/wasm-opt');
  const squeeze = quick ? ['-Os'] : ['-Oz', '--converge'];
  run(process.execPath, [optimiser, `${out}${name}_bg.wasm`, '-o', `${out}${name}.wasm`, ...squeeze, '--strip-debug', '--strip-producers', '--strip-target-features', ...flags]);
  renewable(`${out}${name}_bg.js`);
  for (const file of [`${name}_bg.wasm`, `${name}.js`]) rmSync(out + file);
  console.error(`${name}.wasm: ${statSync(`${out}${name}.wasm`).size} bytes`);
}

/** Has the glue forget the memory it knew when it is given another instance: a broken core can be started anew then. */
function renewable(file) {
  const text = readFileSync(file, 'utf8');
  const caches = [...text.matchAll(/^let (cached\w+) = null;$/gm)].map(([, name]) => `${name} = null;`);
  const setter = /(export function __wbg_set_wasm\((\w+)\) \{\s*wasm = \2;)/;
  if (!caches.length || !setter.test(text)) throw new Error(`${file} is not glue as this version of wasm-bindgen writes it`);
  writeFileSync(file, text.replace(setter, `$1 ${caches.join(' ')}`));
}

mkdirSync(out, { recursive: true });
if (!only.length || only.includes('slim')) pack(compile(['--no-default-features']), 'slim');
if (!only.length || only.includes('fabstir')) pack(compile([]), 'fabstir');

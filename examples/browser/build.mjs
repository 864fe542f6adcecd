// Bundles the page into dist/: static files for any web server.
import { build } from 'esbuild';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Writes dist/ anew and returns its path. */
export async function bundle() {
  rmSync(here('dist'), { recursive: true, force: true });
  mkdirSync(here('dist'), { recursive: true });
  await build({
    entryPoints: [here('page/app.js')],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    outdir: here('dist'),
    loader: { '.wasm': 'file' },
    logLevel: 'warning',
  });
  for (const file of ['index.html', 'style.css']) copyFileSync(here(`page/${file}`), here(`dist/${file}`));
  return here('dist');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await bundle());

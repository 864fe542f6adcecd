import { readFile } from 'node:fs/promises';
import * as bindings from '../wasm/slim_bg.js';
import { initWith } from './core.js';

export * from './slim-api.js';

/** Loads the slim core, by default from beside this file. */
export function init(source = readFile(new URL('../wasm/slim.wasm', import.meta.url))) {
  return initWith(bindings, source);
}

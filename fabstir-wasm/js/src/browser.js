import * as bindings from '../wasm/fabstir_bg.js';
import { initWith } from './core.js';

export * from './api.js';

/** Loads the core, by default from beside this file. */
export function init(source = new URL('../wasm/fabstir.wasm', import.meta.url)) {
  return initWith(bindings, source);
}

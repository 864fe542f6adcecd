// The bundler decides what this import is: a URL, bytes, or a module compiled already.
import source from '../wasm/fabstir.wasm';
import * as bindings from '../wasm/fabstir_bg.js';
import { initWith } from './core.js';

export * from './api.js';

/** Loads the core, by default from what the bundler made of the import. */
export function init(from = source) {
  return initWith(bindings, from);
}

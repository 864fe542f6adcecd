import { FabstirError, fromCore } from './errors.js';

/** The entries' bindings that were loaded, and which of them is in use. */
const loaded = new Map();
let glue;
let generation = 0;
let poison;

/**
 * Loads the module; later calls return the first one's promise. After a fault of the core (a panic) everything throws
 * until `init` is called again, which starts from a fresh instance: nothing of a broken one is used on.
 */
export async function initWith(bindings, source) {
  if (poison) {
    loaded.clear();
    poison = undefined;
  }
  if (!loaded.has(bindings)) loaded.set(bindings, load(bindings, source));
  try {
    await loaded.get(bindings);
    glue = bindings;
  } catch (error) {
    loaded.delete(bindings);
    throw error;
  }
}

async function load(bindings, source) {
  const module = await compile(await source);
  const imports = {};
  for (const { module: name } of WebAssembly.Module.imports(module)) imports[name] = bindings;
  const { exports } = await WebAssembly.instantiate(module, imports);
  bindings.__wbg_set_wasm(exports);
  exports.__wbindgen_start?.();
  bindings.start();
  generation += 1;
}

async function compile(source) {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return WebAssembly.compile(source);
  const response = source instanceof Response ? source : await fetch(source);
  if (!response.ok) {
    throw new FabstirError('invalid_config', `${response.url} answers ${response.status}, not with the module`);
  }
  // Servers that do not know the type of .wasm files are common; the streaming compiler insists on it.
  if (response.headers.get('content-type')?.startsWith('application/wasm')) {
    return WebAssembly.compileStreaming(response);
  }
  return WebAssembly.compile(await response.arrayBuffer());
}

/** Calls into the core. Its errors arrive as FabstirError; a panic leaves it unusable. */
export function call(use) {
  if (poison) throw poison;
  if (!glue) throw new FabstirError('invalid_config', 'await init() before anything else');
  try {
    return use(glue);
  } catch (error) {
    if (typeof error === 'string') throw fromCore(error);
    poison = new FabstirError('internal', `a fault in the core: ${error?.message ?? error}`, { cause: error });
    throw poison;
  }
}

/** An object that lives in the core's memory, of no use once the core was loaded anew. */
export class Held {
  #object;
  #generation;

  constructor(make) {
    this.#object = call(make);
    this.#generation = generation;
  }

  call(use) {
    return call(() => {
      if (this.#generation !== generation) throw '900 internal 0 the core was loaded anew: restore the session';
      return use(this.#object);
    });
  }

  free() {
    if (this.#generation === generation && !poison) this.#object.free();
  }
}

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { FabstirError } from '@fabstir/sdk';

const require = createRequire(import.meta.url);

/** The platform's name, as packages of prebuilt binaries carry it. */
export function platform() {
  const { platform, arch } = process;
  if (platform !== 'linux') return `${platform}-${arch}`;
  const glibc = process.report?.getReport().header.glibcVersionRuntime !== undefined;
  return `linux-${arch}-${glibc ? 'gnu' : 'musl'}`;
}

/** The library: built in this checkout, or from the platform's own package. */
function load() {
  const local = fileURLToPath(new URL(`../npm/${platform()}/fabstir.node`, import.meta.url));
  if (existsSync(local)) return require(local);
  const name = `@fabstir/node-${platform()}`;
  try {
    return require(name);
  } catch (cause) {
    throw new Error(`${name} is not installed: Fabstir has no binary for this platform here`, { cause });
  }
}

const library = load();

/** An error of the library's, as `number name retryable message`. */
function translate(error) {
  const [, number, code, retryable, message] = /^(\d+) (\S+) ([01]) ([^]*)$/.exec(error?.message ?? '') ?? [];
  if (!code) return error;
  return new FabstirError(code, message, { number: Number(number), retryable: retryable === '1' });
}

/** Calls a function of the library. Errors come out as FabstirError, thrown or rejected. */
export function call(name, ...values) {
  try {
    const result = library[name](...values);
    return result instanceof Promise ? result.catch((error) => Promise.reject(translate(error))) : result;
  } catch (error) {
    throw translate(error);
  }
}

const forgotten = new FinalizationRegistry(({ free, handle }) => void call(free, handle));

/** Something of the library's, freed by hand, by `using`, or when it is collected. */
export class Native {
  #handle;
  #free;

  constructor(handle, free) {
    this.#handle = handle;
    this.#free = free;
    forgotten.register(this, { free, handle }, this);
  }

  get handle() {
    if (this.#handle === undefined) throw new FabstirError('bad_handle', 'this was freed', { number: 11 });
    return this.#handle;
  }

  free() {
    const handle = this.#handle;
    this.#handle = undefined;
    if (handle === undefined) return undefined;
    forgotten.unregister(this);
    return call(this.#free, handle);
  }
}

// Node 20 has no symbol for it yet; TypeScript's helpers and later versions do.
if (Symbol.dispose) {
  Object.defineProperty(Native.prototype, Symbol.dispose, {
    value() {
      this.free();
    },
  });
}

/** Settings as the library reads them: snake_case, big numbers in decimal, bytes in hex. */
export function settings(values) {
  return JSON.stringify(values, (key, value) => {
    if (typeof value === 'bigint') return value.toString();
    if (value instanceof Uint8Array) return hex(value);
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
    const named = Object.entries(value).map(([name, field]) => [snake(name), field]);
    return Object.fromEntries(named);
  });
}

const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

/** JSON of the library's, with names as JavaScript has them. */
export function read(json) {
  return JSON.parse(json, (key, value) => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [camel(name), field]));
  });
}

/** Bytes as hex. */
export const hex = (bytes) => `0x${Buffer.from(bytes).toString('hex')}`;

/** Bytes of a length, given as such or as hex. */
export function bytes(value, length, what) {
  const data = typeof value === 'string' ? Buffer.from(value.replace(/^0x/, ''), 'hex') : Buffer.from(value);
  if (data.length === length) return data;
  throw new FabstirError('invalid_value', `${what} has ${data.length} bytes, not ${length}`);
}

/** A number of 256 bits as bytes. */
export function word(value, what) {
  const number = BigInt(value);
  if (number < 0n || number >> 256n) throw new FabstirError('overflow', `${what} does not fit its type`);
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex');
}

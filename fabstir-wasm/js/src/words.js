import { FabstirError } from './errors.js';

/** Fields of the contracts' structs, in their order. */
export const TERMS = {
  renter: 'address',
  host: 'address',
  hostSigner: 'address',
  voucherSigner: 'address',
  token: 'address',
  modelId: 'bytes32',
  inputPrice: 'uint128',
  outputPrice: 'uint128',
  expiresAt: 'uint64',
  grace: 'uint32',
  feeBps: 'uint16',
  cancelBps: 'uint16',
  proofCap: 'uint128',
  salt: 'uint256',
};
export const DOMAIN = { chainId: 'uint64', market: 'address' };
export const USAGE = { inputTokens: 'uint64', outputTokens: 'uint64' };
export const PRICES = { inputPrice: 'uint128', outputPrice: 'uint128' };

const HEX = /^0x([0-9a-f]{2})*$/i;

/** Bytes of a `0x` string; bytes as they are. */
export function toBytes(value, length) {
  const bytes = value instanceof Uint8Array ? value : HEX.test(value) && fromHex(value.slice(2));
  if (!bytes || (length !== undefined && bytes.length !== length)) {
    throw new FabstirError('invalid_value', `not ${length ?? 'any'} bytes of hex: ${value}`);
  }
  return bytes;
}

/** A `0x` string of bytes. */
export function toHex(bytes) {
  let text = '0x';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

function fromHex(digits) {
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = parseInt(digits.substr(at * 2, 2), 16);
  return bytes;
}

function digits(type, value, name) {
  if (type === 'address') return toHex(toBytes(value, 20)).slice(2).padStart(64, '0');
  if (type === 'bytes32') return toHex(toBytes(value, 32)).slice(2);
  if (type === 'bool') return (value ? '1' : '0').padStart(64, '0');
  const bits = Number(type.slice(4));
  let number;
  try {
    number = BigInt(value);
  } catch (cause) {
    throw new FabstirError('invalid_value', `${name} is not a whole number: ${value}`, { cause });
  }
  if (number < 0n || number >> BigInt(bits)) {
    throw new FabstirError('overflow', `${name} does not fit ${type}: ${value}`);
  }
  return number.toString(16).padStart(64, '0');
}

/** Packs these fields of a value into words. */
export function pack(fields, value) {
  let text = '';
  for (const name in fields) {
    if (value?.[name] === undefined) throw new FabstirError('invalid_value', `${name} is missing`);
    text += digits(fields[name], value[name], name);
  }
  return fromHex(text);
}

/** Joins bytes. */
export function join(...parts) {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Bytes behind their length. */
export function sized(bytes) {
  return join(pack({ length: 'uint32' }, bytes), bytes);
}

/** Reads a stream: words, and bytes behind their length. */
export class Reader {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  get done() {
    return this.#at >= this.#bytes.length;
  }

  bytes(length) {
    const part = this.#bytes.slice(this.#at, (this.#at += length));
    if (part.length !== length) throw new FabstirError('rpc_invalid', 'an answer that is too short');
    return part;
  }

  /** Bytes behind their length. */
  sized() {
    return this.bytes(this.number());
  }

  text() {
    return new TextDecoder().decode(this.sized());
  }

  /** One value: of integers up to 48 bits a number, of wider ones a bigint, as viem has it. */
  value(type) {
    const hex = toHex(this.bytes(32));
    if (type === 'bytes32') return hex;
    const number = BigInt(hex);
    const bits = type === 'address' ? 160 : type === 'bool' ? 1 : Number(type.slice(4));
    if (number >> BigInt(bits)) throw new FabstirError('rpc_invalid', `not of type ${type}: ${hex}`);
    if (type === 'address') return `0x${hex.slice(26)}`;
    if (type === 'bool') return number === 1n;
    return bits > 48 ? number : Number(number);
  }

  number() {
    return Number(this.value('uint64'));
  }

  struct(fields) {
    const value = {};
    for (const name in fields) value[name] = this.value(fields[name]);
    return value;
  }
}

/** 32 bytes nobody can guess. */
export function random32() {
  return crypto.getRandomValues(new Uint8Array(32));
}

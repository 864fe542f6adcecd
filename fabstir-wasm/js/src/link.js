import { FabstirError } from './errors.js';

/** The frames' encoding, as the core writes and reads them. */
const SUBPROTOCOL = 'fabstir.v1.cbor';
const CONNECT_MS = 15_000;
/** A host that says nothing for so long while something is due is gone. */
const READ_MS = 120_000;
/** Frames that may wait to be read. A host stops at the end of its credit window, long before. */
const MAX_WAITING = 8_192;

function lost(url, reason, cause) {
  return new FabstirError('connection_lost', `connection to ${url}: ${reason}`, { retryable: true, cause });
}

/** The session endpoint of a host's URL, as registries hold them. */
export function endpoint(url, allowPlaintext = false) {
  let parsed;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new FabstirError('invalid_value', `not the URL of a host: ${url}`, { cause });
  }
  const scheme = { 'http:': 'ws:', 'ws:': 'ws:', 'https:': 'wss:', 'wss:': 'wss:' }[parsed.protocol];
  if (!scheme) throw new FabstirError('invalid_value', `not the URL of a host: ${url}`);
  const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(parsed.hostname);
  if (scheme === 'ws:' && !loopback && !allowPlaintext) {
    const message = `${url} is another machine and the connection would not be encrypted`;
    throw new FabstirError('unsupported', message);
  }
  const path = parsed.pathname.replace(/\/+$/, '').replace(/\/v1\/session$/, '');
  return `${scheme}//${parsed.host}${path}/v1/session`;
}

/** A WebSocket to a host whose frames are pulled. */
export class Link {
  #socket;
  #url;
  #frames = [];
  #waiting;
  #failure;

  constructor(socket, url) {
    this.#socket = socket;
    this.#url = url;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => this.#take(data));
    socket.addEventListener('close', ({ reason }) => this.#fail(lost(url, reason || 'closed by the host')));
    socket.addEventListener('error', () => this.#fail(lost(url, 'failed')));
  }

  static async connect(url, { WebSocket = globalThis.WebSocket, allowPlaintext } = {}) {
    if (!WebSocket) throw new FabstirError('invalid_config', 'there is no WebSocket here: give one in the options');
    const socket = new WebSocket(endpoint(url, allowPlaintext), SUBPROTOCOL);
    const link = new Link(socket, url);
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(lost(url, 'no answer')), CONNECT_MS);
      const settle = (outcome, value) => {
        clearTimeout(timer);
        outcome(value);
      };
      socket.addEventListener('open', () => settle(resolve));
      link.#waiting = { resolve: () => {}, reject: (error) => settle(reject, error) };
    }).catch((error) => {
      link.close();
      throw error;
    });
    link.#waiting = undefined;
    return link;
  }

  #take(data) {
    if (!(data instanceof ArrayBuffer)) {
      return this.#fail(new FabstirError('unexpected_message', `${this.#url} sends text on a binary connection`));
    }
    if (this.#frames.length >= MAX_WAITING) return this.#fail(lost(this.#url, 'more frames than anyone asked for'));
    this.#frames.push(new Uint8Array(data));
    this.#waiting?.resolve();
  }

  #fail(error) {
    this.#failure ??= error;
    this.#waiting?.reject(this.#failure);
    this.close();
  }

  get alive() {
    return !this.#failure;
  }

  /** The next frame; what came before a connection failed is still read. */
  async receive() {
    if (!this.#frames.length) {
      if (this.#failure) throw this.#failure;
      await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(lost(this.#url, 'the host fell silent')), READ_MS);
        this.#waiting = { resolve: () => resolve(clearTimeout(timer)), reject: (error) => reject(error, clearTimeout(timer)) };
      }).finally(() => {
        this.#waiting = undefined;
      });
    }
    return this.#frames.shift();
  }

  send(frame) {
    if (this.#failure) throw this.#failure;
    this.#socket.send(frame);
  }

  close() {
    this.#failure ??= lost(this.#url, 'closed');
    this.#socket.close();
  }
}

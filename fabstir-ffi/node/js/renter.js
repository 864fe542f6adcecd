import { Native, bytes, call, read, settings, word } from './native.js';
import { answer } from './answer.js';

const ledger = (books) => ({
  usage: { inputTokens: BigInt(books.input), outputTokens: BigInt(books.output) },
  deposit: BigInt(books.deposit),
  owed: BigInt(books.owed),
  paid: BigInt(books.paid),
  refund: BigInt(books.refund),
});

/** A paid session with a host. */
export class Session extends Native {
  constructor(handle) {
    super(handle, 'sessionFree');
  }

  async *prompt(asked, { signal, ...options } = {}) {
    const messages = typeof asked !== 'string';
    const prompt = messages ? JSON.stringify(asked) : asked;
    signal?.throwIfAborted();
    await call('sessionPrompt', this.handle, prompt, messages, settings(options));
    yield* answer('session', this.handle, signal);
  }

  topUp(amount) {
    return call('sessionTopUp', this.handle, word(amount, 'amount'));
  }

  async close() {
    return ledger(await call('sessionClose', this.handle));
  }

  get ledger() {
    return ledger(call('sessionLedger', this.handle));
  }

  get id() {
    return BigInt(call('sessionId', this.handle));
  }

  get terms() {
    const { inputPrice, outputPrice, expiresAt, ...rest } = call('sessionTerms', this.handle);
    return { ...rest, inputPrice: BigInt(inputPrice), outputPrice: BigInt(outputPrice), expiresAt: BigInt(expiresAt) };
  }

  get messages() {
    return JSON.parse(call('sessionMessages', this.handle));
  }
}

/** A renter that pays with a key and keeps its sessions, and their keys, in a file. */
export class Renter extends Native {
  static async connect({ key, ...config }) {
    return new Renter(await call('renterNew', settings(config), bytes(key, 32, 'key')));
  }

  constructor(handle) {
    super(handle, 'renterFree');
  }

  get address() {
    return call('renterAddress', this.handle);
  }

  async offers(filter = {}) {
    const offers = read(await call('renterOffers', this.handle, settings(filter)));
    return offers.map(({ inputPrice, outputPrice, ...offer }) => ({
      ...offer,
      inputPrice: BigInt(inputPrice),
      outputPrice: BigInt(outputPrice),
    }));
  }

  async open(options) {
    const opening = settings({ ...options, deposit: BigInt(options.deposit) });
    return new Session(await call('renterOpen', this.handle, opening));
  }

  get sessions() {
    return read(call('renterSessions', this.handle));
  }

  async balance(token = new Uint8Array(20)) {
    return BigInt(await call('renterBalance', this.handle, bytes(token, 20, 'token')));
  }

  cancel(sessionId) {
    return call('renterCancel', this.handle, word(sessionId, 'session id'));
  }

  timeOut(sessionId) {
    return call('renterTimeOut', this.handle, word(sessionId, 'session id'));
  }
}

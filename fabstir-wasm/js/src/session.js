import { Engine } from './engine.js';
import { FabstirError } from './errors.js';
import { Link } from './link.js';
import { memoryStore } from './store.js';

/** Attempts to get a dropped connection back, and the wait before the second; it doubles. */
const ATTEMPTS = 6;
const WAIT_MS = 200;
/** What passes by itself: the connection, the host's other connection, the deposit's confirmations. */
const PASSING = ['connection_lost', 'session_busy', 'unconfirmed_session'];

/** Under which key a store has a session. */
export function storeKey(market, id) {
  return `${market.chainId}/${market.address}/0x${BigInt(id).toString(16).padStart(64, '0')}`;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** An open session with a host. It holds the conversation; only what is new is sent and billed. */
export class Session {
  #engine;
  #link;
  #streaming = false;
  #options;

  constructor(engine, options) {
    this.#engine = engine;
    this.#options = { store: memoryStore(), ...options };
  }

  /** Opens a session, whose deposit is on chain, at its host. */
  static async open({ terms, deposit, key, secret, ...options }) {
    return Session.from(new Engine(options.market, { terms, deposit, key, secret }), options);
  }

  /** Takes up a session that a store has, after a reload. */
  static async restore({ id, ...options }) {
    const record = await options.store.get(storeKey(options.market, id));
    if (!record) throw new FabstirError('unknown_session', 'no such session is kept here');
    return Session.from(new Engine(options.market, { snapshot: record.snapshot }), { ...options, url: record.url });
  }

  /** A session around an engine, connected. */
  static async from(engine, options) {
    const session = new Session(engine, options);
    await session.#connect();
    await session.#write();
    return session;
  }

  get id() {
    return this.#engine.state.id;
  }

  get terms() {
    return this.#engine.terms;
  }

  get deposit() {
    return this.#engine.state.deposit;
  }

  /** Tokens received and recomputed so far. */
  get usage() {
    const { inputTokens, outputTokens } = this.#engine.state;
    return { inputTokens, outputTokens };
  }

  /** What they cost, base units. */
  get owed() {
    return this.#engine.state.owed;
  }

  /** The conversation so far; an answer joins it when it is complete. */
  get messages() {
    return this.#engine.messages;
  }

  /** What the host said at the opening. */
  get opened() {
    return this.#engine.opened;
  }

  /** The newest voucher, with its signature. */
  get voucher() {
    return this.#engine.voucher;
  }

  /** Whether an answer is coming in; after a restore, `answer()` goes on with it. */
  get isAnswering() {
    return this.#engine.state.isAnswering;
  }

  /** What had arrived of that answer when the session was kept. */
  get verifiedText() {
    return this.#engine.verifiedText;
  }

  /**
   * Asks the next question, a text or several messages, and yields what happens until `done`. Vouchers are signed as it
   * is pulled. Leaving the loop early, or aborting, has the host stop; what arrived is owed.
   */
  async *prompt(asked, { signal, ...params } = {}) {
    signal?.throwIfAborted();
    if (this.#streaming) throw new FabstirError('session_busy', 'an answer is coming in', { retryable: true });
    await this.#ready();
    const frame = this.#engine.prompt(asked, params);
    await this.#write();
    try {
      this.#link.send(frame);
    } catch {
      // The connection is gone: whoever reads on resumes it, which asks again.
    }
    yield* this.answer({ signal });
  }

  /** Goes on with the answer coming in. */
  async *answer({ signal } = {}) {
    if (this.#streaming) throw new FabstirError('session_busy', 'an answer is coming in', { retryable: true });
    const cancel = () => this.cancel();
    signal?.addEventListener('abort', cancel);
    this.#streaming = true;
    try {
      while (this.isAnswering) {
        const event = await this.#next();
        if (event.type === 'resumed' && signal?.aborted) cancel();
        if (event.type === 'refused') throw refusal(event);
        if (event.type === 'evicted') throw evicted(event);
        yield event;
      }
    } finally {
      this.#streaming = false;
      signal?.removeEventListener('abort', cancel);
      if (this.isAnswering) this.cancel();
      await this.#write();
    }
  }

  /** Has the host stop the answer coming in. It still ends in `done`. */
  cancel() {
    const frame = this.#engine.cancel();
    if (frame && this.#link?.alive) this.#link.send(frame);
  }

  /** Ends the session; returns the host's signed consent to the final counts. */
  async close() {
    for (;;) {
      await this.#ready();
      try {
        this.#link.send(this.#engine.close());
        for (;;) {
          const event = await this.#step(this.#link);
          if (event?.type === 'refused') throw refusal(event);
          if (event?.type !== 'closed') continue;
          this.disconnect();
          await this.#write({ close: event.close });
          return event.close;
        }
      } catch (error) {
        if (error.code !== 'connection_lost') throw error;
        await this.#connect();
      }
    }
  }

  /** The deposit is now so much in all, after a top-up. */
  async depositRaised(deposit) {
    this.#engine.depositRaised(deposit);
    await this.#write();
  }

  /** Drops the connection; the next use resumes the session. */
  disconnect() {
    this.#link?.close();
  }

  /** Connected, and no rest of an answer that nobody reads. */
  async #ready() {
    if (!this.#link?.alive) await this.#connect();
    while (this.isAnswering && !this.#streaming) await this.#next();
  }

  /** The next event, across dropped connections. */
  async #next() {
    for (;;) {
      try {
        const event = await this.#step(this.#link);
        if (event && event.type !== 'pong') return event;
      } catch (error) {
        if (error.code !== 'connection_lost') throw error;
        return this.#connect();
      }
    }
  }

  /** Takes one frame: what it has us record is recorded before what it has us send is sent. */
  async #step(link) {
    const frame = await link.receive();
    let reaction;
    try {
      reaction = this.#engine.receive(frame);
    } catch (error) {
      // Nothing was signed for it. A host that breaks the protocol is not talked to further on this connection.
      link.close();
      throw error;
    }
    if (reaction.record) await this.#write();
    for (const answer of reaction.send) link.send(answer);
    return reaction.event;
  }

  /** Connects, again and again for a while; the session is open then. */
  async #connect() {
    let wait = WAIT_MS;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#dial();
      } catch (error) {
        if (!PASSING.includes(error.code) || attempt === ATTEMPTS) throw error;
        await sleep(wait);
        wait *= 2;
      }
    }
  }

  async #dial() {
    this.disconnect();
    const link = await Link.connect(this.#options.url, this.#options);
    try {
      link.send(this.#engine.connect());
      for (;;) {
        const event = await this.#step(link);
        if (event?.type === 'refused') throw refusal(event);
        if (event?.type === 'opened' || event?.type === 'resumed') {
          this.#link = link;
          return event;
        }
      }
    } catch (error) {
      link.close();
      throw error;
    }
  }

  async #write(more) {
    const { store, market, url } = this.#options;
    const key = storeKey(market, this.id);
    await store.put(key, { ...(await store.get(key)), url, snapshot: this.#engine.snapshot(), ...more });
  }
}

function refusal({ code, message, retryable }) {
  return new FabstirError(code, `the host refuses: ${message}`, { retryable });
}

function evicted({ tokens }) {
  const message = `the host dropped this session's cache; reading ${tokens} tokens again is billed (params.reread)`;
  return new FabstirError('evicted', message, { number: 506, retryable: true });
}

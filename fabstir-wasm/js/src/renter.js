import { Chain } from './chain.js';
import { Engine } from './engine.js';
import { FabstirError } from './errors.js';
import { addressOfKey, generateKey } from './keys.js';
import { approve } from './market.js';
import { sendTransaction, waitForReceipt } from './provider.js';
import { gross } from './quotes.js';
import { Session, storeKey } from './session.js';
import { memoryStore } from './store.js';
import { random32, toHex } from './words.js';

/** How long the host has to bring a closed session to the chain before the renter does it. */
const SETTLEMENT_MS = 20_000;
const SETTLEMENT_POLL_MS = 300;

/** A renter: an account of a wallet, its sessions, and the hosts it can choose from. */
export class Renter {
  #options;

  constructor({ provider, account, market, store = memoryStore(), ...options }) {
    this.provider = provider;
    this.account = account;
    this.market = market;
    this.store = store;
    this.chain = new Chain(provider, market);
    this.#options = { market, store, ...options };
  }

  /** Offers in the registry, of one model and token if given, cheapest output first. */
  offers(filter) {
    return this.chain.offers(filter);
  }

  /** What these tokens would cost at an offer. */
  estimate(offer, usage) {
    return gross(usage, offer);
  }

  /** Sends one of the market's transactions and waits until it is mined. */
  async send(transaction, options) {
    await this.chain.check();
    const hash = await sendTransaction(this.provider, this.account, transaction);
    return waitForReceipt(this.provider, hash, options);
  }

  /** Locks the deposit and opens the session at the host. `progress` is told what the wallet is being asked. */
  async open(offer, { deposit, duration = 3600n, grace = 3600, cancelBps = 0, progress = () => {} }) {
    await this.chain.check();
    const [limits, now] = await Promise.all([this.chain.requirements(offer.token), this.chain.now()]);
    if (deposit < limits.minDeposit || deposit > limits.maxDeposit) {
      const range = `${limits.minDeposit} to ${limits.maxDeposit}`;
      const message = `the market takes deposits from ${range} base units of this token, not ${deposit}`;
      throw new FabstirError('invalid_params', message, { number: 405 });
    }
    const key = generateKey();
    const secret = random32();
    const { host, token, modelId, inputPrice, outputPrice } = offer;
    const terms = {
      renter: this.account, host, hostSigner: offer.signer, voucherSigner: addressOfKey(key), token, modelId,
      inputPrice, outputPrice, expiresAt: now + BigInt(duration), grace, feeBps: limits.feeBps, cancelBps,
      proofCap: 0n, salt: BigInt(toHex(random32())),
    };
    const engine = new Engine(this.market, { terms, deposit, secret, key });
    // The key is kept before money depends on it.
    const record = { url: offer.url, snapshot: engine.snapshot() };
    await this.store.put(storeKey(this.market, engine.state.id), record);
    await this.#allow(token, deposit, progress);
    progress('opening');
    await this.send(this.market.createSessionJob(terms, deposit));
    progress('connecting');
    return Session.from(engine, { ...this.#options, url: offer.url });
  }

  async #allow(token, amount, progress) {
    if (!BigInt(token) || (await this.chain.allowance(token, this.account)) >= amount) return;
    progress('allowing');
    await this.send(approve(token, this.market.address, amount));
  }

  /** Takes up a session kept in the store. */
  restore(id) {
    return Session.restore({ ...this.#options, id });
  }

  /** Ids of the sessions of this market that the store has. */
  async sessions() {
    const prefix = storeKey(this.market, 0n).slice(0, -64);
    const ids = await this.store.ids();
    return ids.filter((key) => key.startsWith(prefix)).map((key) => BigInt(key.split('/').at(-1)));
  }

  /** Forgets a session and its key. What is not settled by then can only be timed out. */
  forget(id) {
    return this.store.delete(storeKey(this.market, id));
  }

  /** Adds to a session's deposit. */
  async topUp(session, amount, { progress = () => {} } = {}) {
    await this.#allow(session.terms.token, amount, progress);
    await this.send(this.market.topUp(session.terms, amount));
    await session.depositRaised(session.deposit + amount);
  }

  /** Ends a session: the host settles on chain, or, if it does not in time, this account with the host's consent. */
  async close(session) {
    const { id, terms, deposit } = session;
    const close = await session.close();
    const deadline = Date.now() + SETTLEMENT_MS;
    let details = await this.chain.session(id);
    while (details.status === 'active' && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, SETTLEMENT_POLL_MS));
      details = await this.chain.session(id);
    }
    if (details.status === 'active') {
      await this.send(this.market.completeSessionWithClose(terms, close));
      details = await this.chain.session(id);
    }
    const { inputTokens, outputTokens } = close;
    return { usage: { inputTokens, outputTokens }, paid: details.settled, refund: deposit - details.settled, close };
  }

  /** Leaves a session without its host, at the counts signed for; after the grace period `timeOut` returns the rest. */
  async cancel(id) {
    const engine = await this.#kept(id);
    const { inputTokens, outputTokens } = engine.voucher ?? { inputTokens: 0n, outputTokens: 0n };
    return this.send(this.market.cancelSession(engine.terms, { inputTokens, outputTokens }));
  }

  /** Ends a session whose time, or whose grace after `cancel`, is over, and takes the rest back. */
  async timeOut(id) {
    return this.send(this.market.triggerSessionTimeout((await this.#kept(id)).terms));
  }

  async #kept(id) {
    const record = await this.store.get(storeKey(this.market, id));
    if (!record) throw new FabstirError('unknown_session', 'no such session is kept here');
    return new Engine(this.market, { snapshot: record.snapshot });
  }
}

import { call } from './core.js';
import { FabstirError } from './errors.js';
import { calldata } from './market.js';
import { request } from './provider.js';
import { PRICES, Reader, TERMS, join, pack, toBytes } from './words.js';

const STATUS = ['none', 'active', 'completed', 'timed_out', 'invalidated'];
const REASON = [
  'ok', 'not_active', 'bad_signature', 'nothing_new', 'host_inactive', 'wrong_signer', 'price_below_floor',
  'token_not_accepted', 'wrong_fee', 'bad_times', 'bad_terms', 'id_used', 'paused',
];
const PAGE = 100;
const HOSTS_AT_ONCE = 16;
const ZERO = `0x${'0'.repeat(40)}`;
const FIELDS = {
  getSessionDetails: {
    status: 'uint8', deposit: 'uint96', settled: 'uint96', closingAt: 'uint40', extensionHours: 'uint16',
    fromBalance: 'bool', held: 'uint96',
  },
  getSessionMetrics: {
    sessionId: 'uint256', status: 'uint8', hostPaid: 'uint256', feePaid: 'uint256', unspent: 'uint256',
    expiresAt: 'uint64', timeoutAt: 'uint64', cancellationFee: 'uint256',
  },
  getSessionRequirements: {
    accepted: 'bool', paused: 'bool', minDeposit: 'uint96', maxDeposit: 'uint96', feeBps: 'uint16',
    maxDuration: 'uint64', minGrace: 'uint32', maxGrace: 'uint32', maxCancelBps: 'uint16',
  },
};

/** Reads a market and its registry through any EIP-1193 provider. */
export class Chain {
  #registry;

  constructor(provider, market) {
    this.provider = provider;
    this.market = market;
  }

  async #read(to, name, words = new Uint8Array(), block = 'latest') {
    const data = await request(this.provider, 'eth_call', [{ to, data: calldata(name, words) }, block]);
    if (data === '0x') throw new FabstirError('no_contract', `no contract of ours at ${to}`, { number: 603 });
    return new Reader(call((core) => core.callResult(name, toBytes(data))));
  }

  async #struct(name, words) {
    return (await this.#read(this.market.address, name, words)).struct(FIELDS[name]);
  }

  async #list(name, fields, words, block) {
    const all = [];
    for (let offset = 0; ; offset += PAGE) {
      const place = pack({ offset: 'uint256', limit: 'uint256' }, { offset, limit: PAGE });
      const reader = await this.#read(await this.registry(), name, join(words, place), block);
      const page = Array.from({ length: reader.number() }, () => reader.struct(fields));
      all.push(...page);
      if (page.length < PAGE) return all;
    }
  }

  /** Throws unless the provider is on the market's chain. */
  async check() {
    const id = BigInt(await request(this.provider, 'eth_chainId', []));
    if (id !== this.market.chainId) {
      throw new FabstirError('wrong_chain', `the wallet is on chain ${id}, the market on ${this.market.chainId}`);
    }
  }

  /** The registry that the market reads. */
  async registry() {
    this.#registry ??=
      this.market.registry ?? (await this.#read(this.market.address, 'registry')).value('address');
    return this.#registry;
  }

  /** Seconds since 1970, as the newest block has them. */
  async now() {
    const block = await request(this.provider, 'eth_getBlockByNumber', ['latest', false]);
    return BigInt(block.timestamp);
  }

  async session(id) {
    const details = await this.#struct('getSessionDetails', pack({ id: 'uint256' }, { id }));
    return { ...details, status: STATUS[details.status] };
  }

  async metrics(terms) {
    const metrics = await this.#struct('getSessionMetrics', pack(TERMS, terms));
    return { ...metrics, status: STATUS[metrics.status] };
  }

  async canOpen(terms) {
    return REASON[(await this.#read(this.market.address, 'canHostProcessSession', pack(TERMS, terms))).number()];
  }

  requirements(token) {
    return this.#struct('getSessionRequirements', pack({ token: 'address' }, { token }));
  }

  async balanceOf(renter, token) {
    const words = pack({ renter: 'address', token: 'address' }, { renter, token });
    return (await this.#read(this.market.address, 'balanceOf', words)).value('uint256');
  }

  async earningsOf(account, token) {
    const words = pack({ account: 'address', token: 'address' }, { account, token });
    return (await this.#read(this.market.address, 'earningsOf', words)).struct({ net: 'uint256', fee: 'uint256' });
  }

  /** What a host publishes about itself. */
  async node(host) {
    const reader = await this.#read(await this.registry(), 'nodeOf', pack({ host: 'address' }, { host }));
    const fixed = { signer: 'address', stake: 'uint96', unbondingUntil: 'uint64', active: 'bool' };
    const node = reader.struct(fixed);
    return { ...node, publicKey: reader.sized(), url: reader.text(), metadata: reader.text() };
  }

  /** Offers in the registry, of one model and token if given, cheapest output first. */
  async offers({ modelId, token } = {}) {
    const block = await request(this.provider, 'eth_blockNumber', []);
    const listed = modelId
      ? await this.#list('nodesByModel', { host: 'address' }, pack({ modelId: 'bytes32' }, { modelId }), block)
      : await this.#list('nodes', { host: 'address' }, new Uint8Array(), block);
    const offers = [];
    for (let at = 0; at < listed.length; at += HOSTS_AT_ONCE) {
      const some = listed.slice(at, at + HOSTS_AT_ONCE).map(({ host }) => this.#offersOf(host, block));
      offers.push(...(await Promise.all(some)).flat());
    }
    const same = (a, b) => b === undefined || BigInt(a) === BigInt(b);
    return offers
      .filter((offer) => same(offer.modelId, modelId) && same(offer.token, token))
      .sort((a, b) => Number(a.outputPrice - b.outputPrice) || Number(a.inputPrice - b.inputPrice));
  }

  async #offersOf(host, block) {
    const fields = { modelId: 'bytes32', token: 'address', ...PRICES };
    const [node, prices] = await Promise.all([
      this.node(host),
      this.#list('pricesOf', fields, pack({ host: 'address' }, { host }), block),
    ]);
    const { signer, url, metadata } = node;
    return prices.map((price) => ({ host, signer, url, metadata, ...price }));
  }

  /** Decimals and ticker of a token; of the coin without asking. */
  async tokenUnits(token) {
    if (!BigInt(token)) return { decimals: 18, symbol: 'ETH' };
    const [decimals, symbol] = await Promise.all([this.#read(token, 'token.decimals'), this.#read(token, 'token.symbol')]);
    return { decimals: decimals.number(), symbol: symbol.text() };
  }

  /** What an account holds of a token, or of the coin. */
  async holdings(account, token = ZERO) {
    if (!BigInt(token)) return BigInt(await request(this.provider, 'eth_getBalance', [account, 'latest']));
    return (await this.#read(token, 'token.balanceOf', pack({ account: 'address' }, { account }))).value('uint256');
  }

  async allowance(token, owner) {
    const words = pack({ owner: 'address', spender: 'address' }, { owner, spender: this.market.address });
    return (await this.#read(token, 'token.allowance', words)).value('uint256');
  }

  /** The market's events, of one session if given. */
  async events({ sessionId, fromBlock = 0n, toBlock = 'latest' } = {}) {
    const block = (number) => (typeof number === 'string' ? number : `0x${number.toString(16)}`);
    const topics = sessionId === undefined ? [] : [null, `0x${BigInt(sessionId).toString(16).padStart(64, '0')}`];
    const filter = { address: this.market.address, topics, fromBlock: block(fromBlock), toBlock: block(toBlock) };
    return this.market.decodeLogs(await request(this.provider, 'eth_getLogs', [filter]));
  }
}

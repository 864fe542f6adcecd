/** `0x` and hex digits: addresses, 32-byte hashes and ids, calldata and signatures, as wallets and nodes have them. */
export type Hex = `0x${string}`;
/** 20 bytes. */
export type Address = Hex;
/** 32 bytes. */
export type Hash = Hex;
/** Bytes where they come in: as an array or as hex. Where they go out, hex stands for what wallets and nodes carry. */
export type Bytes = Uint8Array | Hex;
/** A whole number where it comes in. Out go bigints for types above 48 bits, numbers for the others. */
export type Integer = bigint | number;

/** Where the core is loaded from. */
export type InitSource =
  | string
  | URL
  | Response
  | ArrayBuffer
  | Uint8Array
  | WebAssembly.Module
  | Promise<string | URL | Response | ArrayBuffer | Uint8Array | WebAssembly.Module>;

/**
 * Loads the core; await it before anything else. Without a source it is found beside the package's files. Later calls
 * return the first one's promise. After a fault of the core (`internal`) a call starts a fresh one.
 */
export function init(source?: InitSource): Promise<void>;

/** The codes that every binding shares. */
export type Code =
  | 'overflow' | 'invalid_value'
  | 'bad_signature' | 'wrong_signer' | 'expired'
  | 'unknown_session' | 'unconfirmed_session' | 'session_not_active' | 'wrong_chain' | 'wrong_host' | 'price_too_low'
  | 'model_not_served' | 'voucher_backwards' | 'voucher_above_deposit' | 'wrong_head' | 'wrong_sequence'
  | 'credit_exhausted' | 'deposit_exhausted' | 'session_busy' | 'bad_terms' | 'unauthorized' | 'not_over'
  | 'already_closing' | 'market_paused'
  | 'malformed_frame' | 'frame_too_large' | 'unknown_message' | 'unsupported_version' | 'unexpected_message'
  | 'invalid_params' | 'diverged' | 'overloaded' | 'connection_lost' | 'unsupported'
  | 'model_missing' | 'model_corrupt' | 'model_unsupported' | 'cpu_unsupported' | 'prompt_too_long' | 'context_full'
  | 'evicted' | 'template_failed' | 'backend_failed'
  | 'rpc_unavailable' | 'rpc_invalid' | 'reverted' | 'no_contract' | 'transaction_timeout' | 'insufficient_funds'
  | 'storage' | 'disk_full' | 'journal_corrupt'
  | 'invalid_config' | 'port_in_use' | 'keystore'
  | 'internal';

/** What can go wrong. */
export class FabstirError extends Error {
  constructor(code: Code, message: string, options?: { number?: number; retryable?: boolean; cause?: unknown });
  /** The stable code. Codes that a newer host sends arrive as they are. */
  readonly code: Code | (string & {});
  /** Its number, as the C ABI returns it. */
  readonly number: number;
  /** Whether the same request can succeed later without being changed. */
  readonly retryable: boolean;
}

/** What a wallet is to send. */
export interface Transaction {
  to: Address;
  data: Hex;
  /** Base units of the chain's coin. */
  value: bigint;
}

/** What a session is. Its digest is the session's id. */
export interface Terms {
  renter: Address;
  host: Address;
  hostSigner: Address;
  voucherSigner: Address;
  /** Zero: the chain's coin. */
  token: Address;
  modelId: Hash;
  /** Base units per 1,000,000 tokens fed. */
  inputPrice: bigint;
  /** Base units per 1,000,000 tokens sampled. */
  outputPrice: bigint;
  /** Unix seconds. */
  expiresAt: bigint;
  /** Seconds for late vouchers. */
  grace: number;
  feeBps: number;
  cancelBps: number;
  proofCap: bigint;
  salt: bigint;
}

/** Cumulative counts of tokens. */
export interface Usage<T = bigint> {
  inputTokens: T;
  outputTokens: T;
}

/** Base units per 1,000,000 tokens. */
export interface Prices<T = bigint> {
  inputPrice: T;
  outputPrice: T;
}

/** The host's consent to prices below its floors. */
export interface SignedQuote {
  validUntil: Integer;
  signature: Bytes;
}

export interface SignedVoucher extends Usage<Integer> {
  head: Bytes;
  signature: Bytes;
}

export interface SignedClose extends Usage<Integer> {
  deadline: Integer;
  signature: Bytes;
}

/** The renter's consent to an opening that somebody else sends, and where its money comes from. */
export interface Authorization {
  funding: 'balance' | 'permit' | 'authorization';
  /** Of the Order, Unix seconds. */
  deadline: Integer;
  orderSignature?: Bytes;
  validAfter?: Integer;
  validBefore?: Integer;
  fundingSignature?: Bytes;
  quote?: SignedQuote;
}

/** The market's events, with their fields. */
export type MarketEvent =
  | { name: 'SessionJobCreated'; sessionId: bigint; renter: Address; host: Address; deposit: bigint; terms: Terms }
  | { name: 'SessionSettled'; sessionId: bigint; inputTokens: bigint; outputTokens: bigint; head: Hash; paid: bigint }
  | { name: 'SessionJobCompleted'; sessionId: bigint; settled: bigint; refund: bigint }
  | { name: 'SessionJobTimedOut'; sessionId: bigint; settled: bigint; refund: bigint; cancellationFee: bigint }
  | { name: 'SessionJobCancelled'; sessionId: bigint; closingAt: bigint }
  | { name: 'SessionExtended'; sessionId: bigint; deposit: bigint; extensionHours: number }
  | { name: 'SessionToppedUp'; sessionId: bigint; from: Address; amount: bigint }
  | { name: 'SessionInvalidated'; sessionId: bigint }
  | { name: 'BalanceDeposited'; renter: Address; token: Address; amount: bigint }
  | { name: 'BalanceWithdrawn'; renter: Address; token: Address; to: Address; amount: bigint }
  | { name: 'DelegateAuthorized'; renter: Address; delegate: Address; token: Address; cap: bigint; expiry: bigint }
  | { name: 'Withdrawn'; account: Address; token: Address; to: Address; amount: bigint }
  | { name: 'RefundBounced'; sessionId: bigint; renter: Address; amount: bigint }
  | { name: 'Held' | 'HeldPaid' | 'HeldReleased'; sessionId: bigint; amount: bigint };

export interface Log {
  address: Address;
  topics: readonly Hex[];
  data: Hex;
}

/** EIP-712 typed data, for `eth_signTypedData_v4` or viem's `signTypedData`. */
export interface TypedData {
  domain: { name: string; version: string; chainId: bigint; verifyingContract: Address };
  types: Record<string, { name: string; type: string }[]>;
  primaryType: string;
  message: Record<string, unknown>;
}

/** One market on one chain: what to send to it, what to sign for it, what it tells. Pure: it opens no connection. */
export class Market {
  constructor(place: { chainId: Integer; market: Address; registry?: Address });
  readonly chainId: bigint;
  readonly address: Address;
  readonly registry: Address | undefined;
  /** The id that a session with these terms has, known before anything is sent. */
  sessionId(terms: Terms): bigint;
  createSessionJob(terms: Terms, deposit: Integer, quote?: SignedQuote): Transaction;
  createSessionJobFor(terms: Terms, deposit: Integer, authorization: Authorization): Transaction;
  invalidate(terms: Terms): Transaction;
  deposit(token: Address, amount: Integer): Transaction;
  withdrawBalance(token: Address, amount: Integer, to: Address): Transaction;
  authorizeDelegate(delegate: Address, token: Address, cap: Integer, expiry: Integer): Transaction;
  settle(terms: Terms, voucher: SignedVoucher): Transaction;
  completeSessionWithClose(terms: Terms, close: SignedClose, voucher?: SignedVoucher): Transaction;
  /** Without a signature the renter itself must send it. */
  cancelSession(terms: Terms, request: Usage<Integer> & { deadline?: Integer; signature?: Bytes }): Transaction;
  extendSession(terms: Terms, amount: Integer, hours: number): Transaction;
  topUp(terms: Terms, amount: Integer): Transaction;
  triggerSessionTimeout(terms: Terms): Transaction;
  withdraw(token: Address, to: Address): Transaction;
  /** What a wallet is asked to sign. The slim entry knows `Terms` and `Order`. */
  typedData(primaryType: string, message: object): TypedData;
  /** The digest of a message in this market's domain. */
  digest(primaryType: string, message: object): Hash;
  /** The hash of this market's EIP-712 domain. */
  separator(): Hash;
  /** The market's events among these logs, in order; logs of other contracts and kinds are left out. */
  decodeLogs(logs: readonly Log[]): MarketEvent[];
}

/** The allowance a market needs before it can take a token. */
export function approve(token: Address, spender: Address, amount: Integer): Transaction;
/** Calldata of a contract's call by its name, of words packed elsewhere. */
export function calldata(name: string, ...stream: Uint8Array[]): Hex;

/** Whatever answers JSON-RPC requests: a wallet (EIP-1193), or `httpProvider`. */
export interface Provider {
  request(call: { method: string; params?: any }): Promise<any>;
}

/** A provider over an endpoint's URL, for pages and programs without a wallet. */
export function httpProvider(url: string): Provider;
/** Sends a transaction from an account; returns its hash. */
export function sendTransaction(provider: Provider, from: Address, transaction: Transaction): Promise<Hash>;
/** Waits until a transaction is mined and throws if it reverted. */
export function waitForReceipt(
  provider: Provider,
  hash: Hash,
  options?: { signal?: AbortSignal; timeout?: number },
): Promise<{ status: Hex; blockNumber: Hex; transactionHash: Hash; logs: Log[] }>;
/** Has a wallet sign typed data. */
export function signTypedData(provider: Provider, account: Address, typedData: TypedData): Promise<Hex>;

export type SessionStatus = 'none' | 'active' | 'completed' | 'timed_out' | 'invalidated';

export interface SessionDetails {
  status: SessionStatus;
  deposit: bigint;
  settled: bigint;
  closingAt: number;
  extensionHours: number;
  fromBalance: boolean;
  held: bigint;
}

export interface SessionMetrics {
  sessionId: bigint;
  status: SessionStatus;
  hostPaid: bigint;
  feePaid: bigint;
  unspent: bigint;
  expiresAt: bigint;
  timeoutAt: bigint;
  cancellationFee: bigint;
}

export interface Requirements {
  accepted: boolean;
  paused: boolean;
  minDeposit: bigint;
  maxDeposit: bigint;
  feeBps: number;
  maxDuration: bigint;
  minGrace: number;
  maxGrace: number;
  maxCancelBps: number;
}

/** A host's offer of a model in a token. */
export interface Offer extends Prices {
  host: Address;
  signer: Address;
  url: string;
  /** What the host says of itself, JSON by custom. Not to be trusted. */
  metadata: string;
  modelId: Hash;
  token: Address;
}

export interface Node {
  signer: Address;
  stake: bigint;
  unbondingUntil: bigint;
  active: boolean;
  publicKey: Uint8Array;
  url: string;
  metadata: string;
}

/** Reads a market and its registry through any EIP-1193 provider. */
export class Chain {
  constructor(provider: Provider, market: Market);
  readonly provider: Provider;
  readonly market: Market;
  /** Throws `wrong_chain` unless the provider is on the market's chain. */
  check(): Promise<void>;
  registry(): Promise<Address>;
  /** Seconds since 1970, as the newest block has them. */
  now(): Promise<bigint>;
  session(id: Integer): Promise<SessionDetails>;
  metrics(terms: Terms): Promise<SessionMetrics>;
  /** `ok`, or why a session with these terms could not be opened now. */
  canOpen(terms: Terms): Promise<string>;
  requirements(token: Address): Promise<Requirements>;
  balanceOf(renter: Address, token: Address): Promise<bigint>;
  earningsOf(account: Address, token: Address): Promise<{ net: bigint; fee: bigint }>;
  node(host: Address): Promise<Node>;
  /** Offers in the registry, cheapest output first. */
  offers(filter?: { modelId?: Hash; token?: Address }): Promise<Offer[]>;
  tokenUnits(token: Address): Promise<{ decimals: number; symbol: string }>;
  /** What an account holds of a token, or of the coin. */
  holdings(account: Address, token?: Address): Promise<bigint>;
  allowance(token: Address, owner: Address): Promise<bigint>;
  events(filter?: { sessionId?: Integer; fromBlock?: bigint | string; toBlock?: bigint | string }): Promise<MarketEvent[]>;
}

/** What these tokens cost, base units, rounded down. */
export function gross(usage: Usage<Integer>, prices: Prices<Integer>): bigint;
/** What a session with this deposit pays for them. */
export function payable(usage: Usage<Integer>, prices: Prices<Integer>, deposit: Integer): bigint;
/** The market's fee in a payment. */
export function fee(paid: Integer, feeBps: number): bigint;
/** What the host gets of the unspent deposit if the renter leaves alone. */
export function cancellationFee(unspent: Integer, cancelBps: number): bigint;
/** What one settlement credits when the cumulative payment rises. */
export function increment(settledBefore: Integer, settledAfter: Integer, feeBps: number): { host: bigint; fee: bigint };
/** The most output tokens a deposit pays for after this many input tokens; undefined if they are free. */
export function affordable(deposit: Integer, prices: Prices<Integer>, inputTokens?: bigint): bigint | undefined;
/** Base units as people write them. */
export function formatUnits(units: Integer, decimals: number): string;
/** Base units from what people write. */
export function parseUnits(text: string, decimals: number): bigint;

/** A `0x` string of bytes. */
export function toHex(bytes: Uint8Array): Hex;
/** Bytes of a `0x` string; throws unless there are `length` of them, if that is given. */
export function toBytes(value: Bytes, length?: number): Uint8Array;

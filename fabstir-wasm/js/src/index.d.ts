import type { Address, Bytes, Chain, Hash, Hex, Integer, Market, Offer, Provider, SignedClose, Terms, Transaction, Usage } from './slim.js';

export * from './slim.js';

/** A new private key, from the platform's randomness. */
export function generateKey(): Uint8Array;
export function addressOfKey(key: Bytes): Address;
/** Compressed, 33 bytes. */
export function publicKeyOf(key: Bytes): Uint8Array;
/** Deterministic, low s, v 27 or 28. */
export function signDigest(digest: Bytes, key: Bytes): Hex;
export function recoverSigner(digest: Bytes, signature: Bytes): Address;

/** The messages that are signed in a market's domain. */
export type MessageName =
  | 'Terms' | 'Order' | 'Voucher' | 'Request' | 'Open' | 'CloseRequest' | 'Checkpoint' | 'Close' | 'Quote' | 'Hello';
export function signMessage(market: Market, name: MessageName, message: object, key: Bytes): Hex;
export function messageSigner(market: Market, name: MessageName, message: object, signature: Bytes): Address;
/** Throws `wrong_signer` unless `expected` signed the message, `bad_signature` if nobody did. */
export function verifyMessage(market: Market, name: MessageName, message: object, signature: Bytes, expected: Address): void;

/** Everything that decides which tokens come out. */
export interface Profile {
  modelId: Hash;
  kvTypeK: number;
  kvTypeV: number;
  flashAttention: boolean;
  contextLength: number;
  vocabulary: number;
  runtime: Hash;
  sampler: Hash;
}

/** The id of a model file, from its BLAKE3 and size. */
export function modelId(file: { blake3: Bytes; size: Integer }): Hash;
/** The digest of a profile. */
export function profileHash(profile: Profile): Hash;

/** A session's transcript, to be replayed: the same calls in the same order give the heads that the host signed. */
export class Transcript {
  constructor(session: { sessionId: Integer; profile: Bytes; secret: Bytes });
  beginTurn(): void;
  feed(tokens: Iterable<number>, fingerprint?: Bytes): void;
  sample(...tokens: number[]): void;
  reread(tokens: Iterable<number>): void;
  edit(start: Integer, end: Integer): void;
  checkpoint(fingerprints?: Bytes[]): void;
  readonly state: {
    salt: Hash;
    head: Hash;
    context: Hash;
    sequence: bigint;
    turn: bigint;
    position: bigint;
    inputTokens: bigint;
    outputTokens: bigint;
  };
  /** Gives its memory back at once instead of when it is collected. */
  free(): void;
}

/** What happens while an answer comes in. */
export type SessionEvent =
  | { type: 'accepted'; inputTokens: bigint }
  | { type: 'token'; token: number; text: string }
  | { type: 'voucher'; usage: Usage; owed: bigint }
  | { type: 'resumed' }
  | { type: 'done'; reason: 'stop' | 'length' | 'cancelled' | 'credit' | 'unknown'; usage: Usage };

export interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** How to answer. What is left out is the protocol's default. */
export interface Params {
  /** Thousandths: 1000 is 1.0. */
  temperature?: number;
  topK?: number;
  /** Thousandths. */
  topP?: number;
  /** Thousandths. */
  minP?: number;
  maxTokens?: number;
  stop?: string[];
  /** The renter's share of the turn's seed; random unless given. */
  nonce?: Bytes;
  /** Whether to read the history again, billed as input, if the host's cache is gone. */
  reread?: boolean;
}

/** What a session is kept as. It holds the voucher key and the conversation: keep it as a secret. */
export interface SessionRecord {
  url: string;
  snapshot: Uint8Array;
  /** The host's consent to the end, once it was given. */
  close?: SignedClose;
}

/** Where sessions are kept. */
export interface Store {
  get(key: string): Promise<SessionRecord | undefined>;
  put(key: string, record: SessionRecord): Promise<void>;
  delete(key: string): Promise<void>;
  ids(): Promise<string[]>;
}

/** Sessions kept as long as the page is open. */
export function memoryStore(): Store;
/** Sessions kept in the browser's IndexedDB. */
export function indexedDbStore(name?: string): Store;
/** Under which key a store has a session. */
export function storeKey(market: Market, id: Integer): string;

export interface ConnectOptions {
  /** The class to connect with, where the platform has none. */
  WebSocket?: unknown;
  /** Talks to hosts on other machines without encryption too. */
  allowPlaintext?: boolean;
}

/** An open session with a host. It holds the conversation; only what is new is sent and billed. */
export class Session {
  private constructor();
  /** Opens a session, whose deposit is on chain, at its host. */
  static open(
    options: { market: Market; url: string; terms: Terms; deposit: Integer; key: Bytes; secret: Bytes; store?: Store } & ConnectOptions,
  ): Promise<Session>;
  /** Takes up a session that a store has, after a reload. */
  static restore(options: { market: Market; store: Store; id: Integer } & ConnectOptions): Promise<Session>;
  readonly id: bigint;
  readonly terms: Terms;
  readonly deposit: bigint;
  /** Tokens received and recomputed so far. */
  readonly usage: Usage;
  /** What they cost, base units. */
  readonly owed: bigint;
  /** The conversation so far; an answer joins it when it is complete. */
  readonly messages: Message[];
  /** What the host said at the opening. */
  readonly opened:
    | {
        settled: bigint;
        creditTokens: number;
        checkpointTokens: number;
        context: number;
        retentionSeconds: number;
        overhead: number;
        profile: Profile;
      }
    | undefined;
  readonly voucher: (Usage & { head: Hash; signature: Hex }) | undefined;
  /** Whether an answer is coming in; after a restore, `answer()` goes on with it. */
  readonly isAnswering: boolean;
  /** What had arrived of that answer when the session was kept. */
  readonly verifiedText: string;
  /**
   * Asks the next question, a text or several messages, and yields what happens until `done`. Vouchers are signed as it
   * is pulled. Leaving the loop early, or aborting, has the host stop; what arrived is owed.
   */
  prompt(asked: string | Message[], options?: { signal?: AbortSignal } & Params): AsyncGenerator<SessionEvent, void, void>;
  /** Goes on with the answer coming in. */
  answer(options?: { signal?: AbortSignal }): AsyncGenerator<SessionEvent, void, void>;
  /** Has the host stop the answer coming in. It still ends in `done`. */
  cancel(): void;
  /** Ends the session; returns the host's signed consent to the final counts. */
  close(): Promise<Usage & { deadline: bigint; signature: Hex }>;
  /** The deposit is now so much in all, after a top-up. */
  depositRaised(deposit: Integer): Promise<void>;
  /** Drops the connection; the next use resumes the session. */
  disconnect(): void;
}

/** A renter: an account of a wallet, its sessions, and the hosts it can choose from. */
export class Renter {
  constructor(options: { provider: Provider; account: Address; market: Market; store?: Store } & ConnectOptions);
  readonly provider: Provider;
  readonly account: Address;
  readonly market: Market;
  readonly store: Store;
  readonly chain: Chain;
  offers(filter?: { modelId?: Hash; token?: Address }): Promise<Offer[]>;
  /** What these tokens would cost at an offer, base units of its token. */
  estimate(offer: Offer, usage: Usage<Integer>): bigint;
  /** Sends a transaction from the account and waits until it is mined. */
  send(transaction: Transaction, options?: { signal?: AbortSignal; timeout?: number }): Promise<unknown>;
  /** Locks the deposit and opens the session at the host. `progress` is told what happens next. */
  open(
    offer: Offer,
    options: {
      /** Base units of the offer's token. */
      deposit: bigint;
      /** Seconds. */
      duration?: Integer;
      /** Seconds. */
      grace?: number;
      cancelBps?: number;
      progress?: (step: 'allowing' | 'opening' | 'connecting') => void;
    },
  ): Promise<Session>;
  /** Takes up a session kept in the store. */
  restore(id: Integer): Promise<Session>;
  /** Ids of the sessions of this market that the store has. */
  sessions(): Promise<bigint[]>;
  /** Forgets a session and its key. */
  forget(id: Integer): Promise<void>;
  /** Adds to a session's deposit. */
  topUp(session: Session, amount: bigint, options?: { progress?: (step: string) => void }): Promise<void>;
  /** Ends a session: the host settles on chain, or, if it does not in time, this account with the host's consent. */
  close(session: Session): Promise<{ usage: Usage; paid: bigint; refund: bigint; close: SignedClose }>;
  /** Leaves a session without its host, at the counts signed for. */
  cancel(id: Integer): Promise<unknown>;
  /** Ends a session whose time is over, and takes the rest back. */
  timeOut(id: Integer): Promise<unknown>;
}

import type { Address, Bytes, Hash, Integer, Message, Params, Prices, SessionEvent, Usage } from '@fabstir/sdk';

export * from '@fabstir/sdk';

/** Something of the library's: freed by hand, or when it is collected. */
declare class Native {
  /** Gives it back. A second time does nothing; any other use is an error with code `bad_handle`. */
  free(): void | Promise<void>;
}

/** All of an answer's text. */
export function text(events: AsyncIterable<SessionEvent>): Promise<string>;

export interface ModelOptions {
  contextLength?: number;
  /** Conversations held at once, 1 to 256. */
  sequences?: number;
  prefill?: number;
  threads?: number;
  gpuLayers?: number;
  flashAttention?: boolean;
  kvTypeK?: 'f32' | 'f16' | 'bf16' | 'q8_0';
  kvTypeV?: 'f32' | 'f16' | 'bf16' | 'q8_0';
  /** Jinja. */
  chatTemplate?: string;
}

export interface ModelInfo {
  name: string;
  modelId: Hash;
  blake3: Hash;
  size: bigint;
  contextLength: number;
  templateOverhead: number;
  profileHash: Hash;
  runtime: string;
}

export interface GenerateOptions extends Omit<Params, 'nonce'> {
  signal?: AbortSignal;
  /** 32 bytes: the same tokens, seed and sampling give the same answer. */
  seed?: Bytes;
  /** Names a conversation of the caller's. */
  sequence?: number;
  /** How many of the tokens are in that conversation's cache. */
  known?: number;
}

/** A GGUF, loaded into this process. Answers are made side by side. */
export class Model extends Native {
  private constructor();
  static load(path: string, options?: ModelOptions): Promise<Model>;
  readonly info: ModelInfo;
  /** Answers a question, a conversation or tokens. Leaving the loop, or the signal, stops the compute. */
  generate(asked: string | Message[] | number[], options?: GenerateOptions): AsyncGenerator<SessionEvent, void, void>;
}

/** A session's books. `paid` and `refund` are the chain's word, and 0 before the session has ended. */
export interface Ledger {
  usage: Usage;
  deposit: bigint;
  owed: bigint;
  paid: bigint;
  refund: bigint;
}

/** A host's offer of a model in a token. Prices are base units per 1,000,000 LLM tokens. */
export interface HostOffer {
  host: Address;
  signer: Address;
  url: string;
  metadata: string;
  modelId: Hash;
  token: Address;
  inputPrice: bigint;
  outputPrice: bigint;
}

/** A paid session with a host, over a native connection. */
export class Session extends Native {
  private constructor();
  /** Asks the next question; vouchers are signed as the answer is pulled. Leaving the loop stops it, what came is owed. */
  prompt(asked: string | Message[], options?: { signal?: AbortSignal } & Params): AsyncGenerator<SessionEvent, void, void>;
  /** Adds to the deposit. Sends a transaction. */
  topUp(amount: Integer): Promise<void>;
  /** Ends the session: the host settles, and the rest of the deposit comes back. */
  close(): Promise<Ledger>;
  readonly ledger: Ledger;
  readonly id: bigint;
  readonly terms: {
    host: Address;
    token: Address;
    modelId: Hash;
    inputPrice: bigint;
    outputPrice: bigint;
    feeBps: number;
    expiresAt: bigint;
  };
  readonly messages: Message[];
}

/** A renter that pays with a key and keeps its sessions, and their keys, in a file. */
export class Renter extends Native {
  private constructor();
  static connect(options: {
    rpc: string;
    market: Address;
    key: Bytes;
    /** The file. */
    store: string;
    chainId?: number;
    confirmations?: number;
    allowPlaintext?: boolean;
  }): Promise<Renter>;
  readonly address: Address;
  /** Offers in the registry, cheapest output first. */
  offers(filter?: { host?: Address; modelId?: Hash; token?: Address }): Promise<HostOffer[]>;
  /** Locks a deposit and opens a session at the cheapest host that fits. Sends a transaction. */
  open(options: {
    deposit: Integer;
    host?: Address;
    modelId?: Hash;
    token?: Address;
    durationSeconds?: number;
    graceSeconds?: number;
  }): Promise<Session>;
  readonly sessions: { sessionId: string; standing: 'opening' | 'open' | 'ended' }[];
  /** What the renter has of a token, or of the chain's coin. */
  balance(token?: Address): Promise<bigint>;
  /** Leaves a session without its host. */
  cancel(sessionId: Integer): Promise<void>;
  /** Ends a session whose time is over. */
  timeOut(sessionId: Integer): Promise<void>;
}

/** Something that a renter's prompt needs of this program. Left unanswered, it ends in an error that the renter reads. */
declare class Job extends Native {
  protected constructor();
  /** The whole conversation; empty in answers of a program that makes its own tokens. */
  readonly messages: Message[];
  /** Whether nothing more is wanted. */
  readonly cancelled: boolean;
  /** Refuses, in words that the renter reads. */
  fail(message: string): void;
}

/** Messages to turn into tokens, where the program makes the tokens. */
export class RenderJob extends Job {
  /** How many of the messages are in the session's tokens already. */
  readonly committed: number;
  readonly lastToken: number | null;
  /** The tokens that continue the session: the new messages and the beginning of an answer. */
  answer(tokens: Iterable<number>): void;
}

/** An answer to make. Fractions are integers in thousandths. */
export class AnswerJob extends Job {
  readonly sequence: bigint;
  readonly tokens: number[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly turnSeed: Hash;
  readonly stop: string[];
  /** Conversations that are over: what is cached for them can go. */
  readonly ended: bigint[];
  /** Adds text, where a token is a byte. Waits for room; false once nothing more is wanted. */
  write(text: string): Promise<boolean>;
  /** Adds a token and what it stands for. Waits for room; false once nothing more is wanted. */
  push(token: number, text: string | Uint8Array): Promise<boolean>;
  /** Ends the answer: complete, or cut at its length. */
  finish(options?: { complete?: boolean }): void;
}

export interface QueueOptions {
  weightsBlake3?: Bytes;
  weightsBytes?: number;
  /** Names of what computes and chooses, committed in every transcript. */
  runtime?: string;
  sampler?: string;
  contextLength?: number;
  /** With `templateOverhead`, the program makes the tokens, and is asked to render each prompt. */
  vocabulary?: number;
  templateOverhead?: number;
  patienceMs?: number;
  waiting?: number;
  ahead?: number;
}

/** A model that this program serves. Without a vocabulary it deals in text, and a token is a byte. */
export class Queue extends Native implements AsyncIterable<RenderJob | AnswerJob> {
  constructor(name: string, options?: QueueOptions);
  readonly modelId: Hash;
  /** The next job; undefined once the queue is closed. */
  next(): Promise<RenderJob | AnswerJob | undefined>;
  [Symbol.asyncIterator](): AsyncGenerator<RenderJob | AnswerJob, void, void>;
  /** Answers with what a function yields, as many at once as are asked for; resolves once the queue is closed. */
  serve(
    answer: (job: AnswerJob) => Iterable<string> | AsyncIterable<string>,
    options?: { onError?: (error: unknown) => void },
  ): Promise<void>;
  /** Takes no more jobs. A process that waits for one ends only after this. */
  close(): void;
}

export interface HostOptions {
  rpc: string;
  market: Address;
  /** The hot key, which signs and settles. */
  key: Bytes;
  /** That of the account which stakes and is paid, where it is another. */
  accountKey?: Bytes;
  account?: Address;
  /** The journal's file. */
  journal: string;
  chainId?: number;
  listen?: string;
  url?: string;
  name?: string;
  creditTokens?: number;
  checkpointTokens?: number;
  confirmations?: number;
  retentionSeconds?: number;
  voucherPatienceSeconds?: number;
  maxSessions?: number;
  maxConnections?: number;
  maxOutputTokens?: number;
  maxPromptBytes?: number;
  allowPlaintext?: boolean;
}

export interface HostState {
  url: string;
  account: Address;
  signer: Address;
  models: { id: Hash; name: string; contextLength: number }[];
  sessions: number;
  connected: number;
  settling: number;
}

/** A host: serve models, start, register, stop. */
export class Host extends Native {
  constructor(options: HostOptions);
  /** Serves a model at these prices, base units per 1,000,000 tokens, in the coin or a token. Before `start`. */
  serve(model: Model | Queue, prices: { input: Integer; output: Integer; token?: Address }): void;
  /** Listens, and settles what an earlier run left in the journal. */
  start(): Promise<void>;
  /** Joins the market, or brings what the registry says to what is served; the transactions' hashes. */
  register(): Promise<Hash[]>;
  readonly state: HostState;
  readonly url: string;
  /** Stops: every session closed and settled, within about a minute. */
  stop(): Promise<void>;
  /** Stops and frees. */
  free(): Promise<void>;
}

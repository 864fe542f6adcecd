import { Held } from './core.js';
import { FabstirError } from './errors.js';
import { Reader, TERMS, join, pack, random32, sized, toBytes, toHex } from './words.js';

const FINISH = ['stop', 'length', 'cancelled', 'credit'];
const ROLES = ['system', 'user', 'assistant'];
const LEFT_OUT = 2n ** 256n - 1n;
const SAMPLING = ['temperature', 'topK', 'topP', 'minP', 'maxTokens'];
const STATE = {
  id: 'uint256', deposit: 'uint256', owed: 'uint256', inputTokens: 'uint64', outputTokens: 'uint64', isOpen: 'bool',
  isAnswering: 'bool',
};
const OPENED = {
  settled: 'uint256', creditTokens: 'uint32', checkpointTokens: 'uint32', context: 'uint32',
  retentionSeconds: 'uint32', overhead: 'uint32',
};
const PROFILE = {
  modelId: 'bytes32', kvTypeK: 'uint8', kvTypeV: 'uint8', flashAttention: 'bool', contextLength: 'uint32',
  vocabulary: 'uint32', runtime: 'bytes32', sampler: 'bytes32',
};

/** Readers of the events, in the order of the core's numbers; 0 is none. */
const EVENTS = [
  () => undefined,
  () => ({ type: 'opened' }),
  () => ({ type: 'resumed' }),
  (words) => ({ type: 'accepted', inputTokens: words.value('uint64') }),
  (words) => ({ type: 'token', token: words.number(), text: words.text() }),
  (words) => ({ type: 'voucher', usage: usage(words), owed: words.value('uint256') }),
  (words) => ({ type: 'done', reason: FINISH[words.number()] ?? 'unknown', usage: usage(words) }),
  (words) => ({ type: 'evicted', tokens: words.number() }),
  (words) => refused(words),
  (words) => closed(words),
  () => ({ type: 'pong' }),
];

function usage(words) {
  return { inputTokens: words.value('uint64'), outputTokens: words.value('uint64') };
}

function refused(words) {
  const retryable = words.number() === 1;
  return { type: 'refused', code: words.text(), message: words.text(), retryable };
}

function closed(words) {
  const close = { ...usage(words), deadline: words.value('uint64') };
  return { type: 'closed', close: { ...close, signature: toHex(words.sized()) } };
}

/** Packs a question as the core reads it. */
function question(asked, { nonce = random32(), reread = false, stop = [], ...sampling }) {
  const words = [];
  const number = (value) => words.push(pack({ value: 'uint256' }, { value }));
  const text = (value) => words.push(sized(new TextEncoder().encode(value)));
  words.push(toBytes(nonce, 32));
  number(reread ? 1 : 0);
  SAMPLING.forEach((name) => number(sampling[name] ?? LEFT_OUT));
  number(stop.length);
  stop.forEach(text);
  if (typeof asked === 'string') {
    number(0);
    text(asked);
  } else {
    number(asked.length);
    for (const { role, content } of asked) {
      if (!ROLES.includes(role)) throw new FabstirError('invalid_params', `no such role: ${role}`, { number: 405 });
      number(ROLES.indexOf(role));
      text(content);
    }
  }
  return join(...words);
}

/** The renter's side of a session without a socket: frames in, frames and events out. See `Session` for one with it. */
export class Engine extends Held {
  constructor(market, { terms, deposit, secret, key, snapshot }) {
    const words =
      snapshot ?? join(market.words, pack(TERMS, terms), pack({ deposit: 'uint256' }, { deposit }), toBytes(secret, 32));
    super((core) =>
      snapshot
        ? core.RenterEngine.restore(market.words, snapshot)
        : new core.RenterEngine(words, toBytes(key, 32)),
    );
  }

  /** The first frame of a connection. */
  connect() {
    return this.call((engine) => engine.connect(random32()));
  }

  /** What to do after a frame of the host, in this order: record, send, tell. */
  receive(frame) {
    const stream = new Reader(this.call((engine) => engine.receive(frame)));
    const record = stream.number() === 1;
    const send = Array.from({ length: stream.number() }, () => stream.sized());
    return { record, send, event: EVENTS[stream.number()](stream) };
  }

  prompt(asked, params) {
    const stream = question(asked, params);
    return this.call((engine) => engine.prompt(stream));
  }

  cancel() {
    return this.call((engine) => engine.cancel());
  }

  close() {
    return this.call((engine) => engine.close());
  }

  depositRaised(deposit) {
    const words = pack({ deposit: 'uint256' }, { deposit });
    this.call((engine) => engine.depositRaised(words));
  }

  snapshot() {
    return this.call((engine) => engine.snapshot());
  }

  get state() {
    return new Reader(this.call((engine) => engine.state())).struct(STATE);
  }

  get terms() {
    return new Reader(this.call((engine) => engine.terms())).struct(TERMS);
  }

  get opened() {
    const bytes = this.call((engine) => engine.opened());
    if (!bytes.length) return undefined;
    const reader = new Reader(bytes);
    return { ...reader.struct(OPENED), profile: reader.struct(PROFILE) };
  }

  get messages() {
    const reader = new Reader(this.call((engine) => engine.messages()));
    const one = () => ({ role: ROLES[reader.number()], content: reader.text() });
    return Array.from({ length: reader.number() }, one);
  }

  get verifiedText() {
    return this.call((engine) => engine.verifiedText());
  }

  get voucher() {
    const bytes = this.call((engine) => engine.voucher());
    if (!bytes.length) return undefined;
    const reader = new Reader(bytes);
    return { ...usage(reader), head: reader.value('bytes32'), signature: toHex(reader.bytes(65)) };
  }
}

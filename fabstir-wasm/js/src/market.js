import { call } from './core.js';
import { FabstirError } from './errors.js';
import { DOMAIN, Reader, TERMS, USAGE, join, pack, sized, toBytes, toHex } from './words.js';

const AMOUNT = { amount: 'uint256' };
const VOUCHER = { ...USAGE, head: 'bytes32' };
const CLOSE = { ...USAGE, deadline: 'uint64' };
const NO_VOUCHER = { inputTokens: 0n, outputTokens: 0n, head: `0x${'0'.repeat(64)}`, signature: '0x' };
const NO_QUOTE = { validUntil: 0n, signature: '0x' };
const QUOTE = { validUntil: 'uint64' };
const FUNDING = ['balance', 'permit', 'authorization'];

/** Names of the events' fields; their types come from the contract's interface. */
const EVENTS = {
  SessionJobCreated: ['sessionId', 'renter', 'host', 'deposit'],
  SessionSettled: ['sessionId', 'inputTokens', 'outputTokens', 'head', 'paid'],
  SessionJobCompleted: ['sessionId', 'settled', 'refund'],
  SessionJobTimedOut: ['sessionId', 'settled', 'refund', 'cancellationFee'],
  SessionJobCancelled: ['sessionId', 'closingAt'],
  SessionExtended: ['sessionId', 'deposit', 'extensionHours'],
  SessionToppedUp: ['sessionId', 'from', 'amount'],
  SessionInvalidated: ['sessionId'],
  BalanceDeposited: ['renter', 'token', 'amount'],
  BalanceWithdrawn: ['renter', 'token', 'to', 'amount'],
  DelegateAuthorized: ['renter', 'delegate', 'token', 'cap', 'expiry'],
  Withdrawn: ['account', 'token', 'to', 'amount'],
  RefundBounced: ['sessionId', 'renter', 'amount'],
  Held: ['sessionId', 'amount'],
  HeldPaid: ['sessionId', 'amount'],
  HeldReleased: ['sessionId', 'amount'],
};

/** Calldata of a contract's call by its name. */
export function calldata(name, ...stream) {
  const bytes = join(...stream);
  return toHex(call((core) => core.calldata(name, bytes)));
}

/** A signature, or any other bytes, in a stream. */
function bytes(value) {
  return sized(toBytes(value));
}

/** Fields and the signature over them. */
function signed(fields, message) {
  return join(pack(fields, message), bytes(message.signature));
}

/** The allowance a market needs before it can take a token. */
export function approve(token, spender, amount) {
  const words = pack({ spender: 'address', ...AMOUNT }, { spender, amount });
  return { to: token, data: calldata('token.approve', words), value: 0n };
}

/** One market on one chain: what to send to it, what to sign for it, what it tells. Pure: it opens no connection. */
export class Market {
  constructor({ chainId, market, registry }) {
    this.chainId = BigInt(chainId);
    this.address = toHex(toBytes(market, 20));
    this.registry = registry && toHex(toBytes(registry, 20));
    this.words = pack(DOMAIN, { chainId, market });
  }

  #transaction(name, ...stream) {
    return { to: this.address, data: calldata(name, ...stream), value: 0n };
  }

  /** A call that brings money: the coin is sent along, a token is taken from the allowance. */
  #paying(token, amount, name, ...stream) {
    return { ...this.#transaction(name, ...stream), value: BigInt(token) ? 0n : BigInt(amount) };
  }

  /** The id that a session with these terms has, known before anything is sent. */
  sessionId(terms) {
    return BigInt(this.digest('Terms', terms));
  }

  createSessionJob(terms, deposit, quote = NO_QUOTE) {
    const stream = [pack(TERMS, terms), pack({ deposit: 'uint256' }, { deposit }), signed(QUOTE, quote)];
    return this.#paying(terms.token, deposit, 'createSessionJob', ...stream);
  }

  createSessionJobFor(terms, deposit, authorization) {
    const { funding, deadline, validAfter = 0n, validBefore = 0n, quote = NO_QUOTE } = authorization;
    return this.#transaction(
      'createSessionJobFor',
      pack(TERMS, terms),
      pack({ deposit: 'uint256', funding: 'uint8' }, { deposit, funding: FUNDING.indexOf(funding) }),
      pack({ deadline: 'uint64' }, { deadline }),
      bytes(authorization.orderSignature ?? '0x'),
      pack({ validAfter: 'uint256', validBefore: 'uint256' }, { validAfter, validBefore }),
      bytes(authorization.fundingSignature ?? '0x'),
      signed(QUOTE, quote),
    );
  }

  invalidate(terms) {
    return this.#transaction('invalidate', pack(TERMS, terms));
  }

  deposit(token, amount) {
    return this.#paying(token, amount, 'deposit', pack({ token: 'address', ...AMOUNT }, { token, amount }));
  }

  withdrawBalance(token, amount, to) {
    const words = pack({ token: 'address', ...AMOUNT, to: 'address' }, { token, amount, to });
    return this.#transaction('withdrawBalance', words);
  }

  authorizeDelegate(delegate, token, cap, expiry) {
    const fields = { delegate: 'address', token: 'address', cap: 'uint96', expiry: 'uint64' };
    return this.#transaction('authorizeDelegate', pack(fields, { delegate, token, cap, expiry }));
  }

  settle(terms, voucher) {
    return this.#transaction('settle', pack(TERMS, terms), signed(VOUCHER, voucher));
  }

  completeSessionWithClose(terms, close, voucher = NO_VOUCHER) {
    const stream = [pack(TERMS, terms), signed(VOUCHER, voucher), signed(CLOSE, close)];
    return this.#transaction('completeSessionWithClose', ...stream);
  }

  /** Without a signature the renter itself must send it. */
  cancelSession(terms, request) {
    const asked = { deadline: 0n, signature: '0x', ...request };
    return this.#transaction('cancelSession', pack(TERMS, terms), signed(CLOSE, asked));
  }

  extendSession(terms, amount, hours) {
    const words = pack({ ...AMOUNT, hours: 'uint16' }, { amount, hours });
    return this.#paying(terms.token, amount, 'extendSession', pack(TERMS, terms), words);
  }

  topUp(terms, amount) {
    return this.#paying(terms.token, amount, 'topUp', pack(TERMS, terms), pack(AMOUNT, { amount }));
  }

  triggerSessionTimeout(terms) {
    return this.#transaction('triggerSessionTimeout', pack(TERMS, terms));
  }

  withdraw(token, to) {
    return this.#transaction('withdraw', pack({ token: 'address', to: 'address' }, { token, to }));
  }

  /** What a wallet is asked to sign (`eth_signTypedData_v4`, viem's `signTypedData`). */
  typedData(primaryType, message) {
    return {
      domain: { name: 'Fabstir', version: '1', chainId: this.chainId, verifyingContract: this.address },
      types: typesOf(primaryType),
      primaryType,
      message,
    };
  }

  /** The digest of a message in this market's domain. */
  digest(primaryType, message) {
    const words = join(this.words, packMessage(typesOf(primaryType), primaryType, message));
    return toHex(call((core) => core.messageDigest(primaryType, words)));
  }

  /** The hash of this market's EIP-712 domain. */
  separator() {
    return toHex(call((core) => core.domainSeparator(this.words)));
  }

  /** The market's events among these logs, in order; logs of other contracts and kinds are left out. */
  decodeLogs(logs) {
    return logs.filter((log) => BigInt(log.address) === BigInt(this.address)).flatMap((log) => decode(log) ?? []);
  }
}

function decode({ topics, data }) {
  const fields = join(...topics.map((topic) => toBytes(topic, 32)));
  const signature = call((core) => core.event(fields, toBytes(data)));
  if (!signature) return undefined;
  const [name, ...types] = signature.split(/[(),]+/).filter(Boolean);
  const reader = new Reader(join(fields.slice(32), toBytes(data)));
  const event = { name };
  EVENTS[name].forEach((field, at) => {
    event[field] = reader.value(types[at]);
  });
  if (name === 'SessionJobCreated') event.terms = reader.struct(TERMS);
  return event;
}

/** The fields of a message, parsed from the type that the core signs. */
function typesOf(primaryType) {
  const types = {};
  for (const [, name, fields] of call((core) => core.messageType(primaryType)).matchAll(/(\w+)\(([^)]*)\)/g)) {
    types[name] = fields.split(',').map((field) => {
      const [type, label] = field.split(' ');
      return { name: label, type };
    });
  }
  return types;
}

function packMessage(types, name, message) {
  return join(
    ...types[name].map(({ name: field, type }) => {
      if (message?.[field] === undefined) throw new FabstirError('invalid_value', `${field} is missing`);
      return types[type] ? packMessage(types, type, message[field]) : pack({ [field]: type }, message);
    }),
  );
}

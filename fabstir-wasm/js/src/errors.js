/** Numbers of the codes that this half raises itself; the others come with their errors from the core. */
const OURS = {
  overflow: 100,
  invalid_value: 101,
  unknown_session: 300,
  wrong_chain: 303,
  session_busy: 313,
  unexpected_message: 404,
  connection_lost: 408,
  unsupported: 409,
  rpc_unavailable: 600,
  rpc_invalid: 601,
  reverted: 602,
  transaction_timeout: 604,
  storage: 700,
  invalid_config: 800,
  internal: 900,
};

/** What can go wrong, with the stable code that every binding shares. */
export class FabstirError extends Error {
  constructor(code, message, options = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'FabstirError';
    this.code = code;
    this.number = options.number ?? OURS[code] ?? OURS.internal;
    this.retryable = options.retryable ?? false;
  }
}

/** The core's error as thrown across the boundary: `number name retryable message`. */
export function fromCore(text) {
  const [, number, code, retryable, message] = /^(\d+) (\S+) ([01]) ([^]*)$/.exec(text) ?? [];
  if (!code) return new FabstirError('internal', text);
  return new FabstirError(code, message, { number: Number(number), retryable: retryable === '1' });
}

import { call } from './native.js';

/** An event of the library's as the SDK has it; undefined for those of no interest. */
function event(native) {
  const usage = { inputTokens: BigInt(native.input), outputTokens: BigInt(native.output) };
  switch (native.kind) {
    case 'accepted':
      return { type: 'accepted', inputTokens: usage.inputTokens };
    case 'token':
      return { type: 'token', token: native.token, text: native.text };
    case 'voucher':
      return { type: 'voucher', usage, owed: BigInt(native.owed) };
    case 'resumed':
      return { type: 'resumed' };
    case 'done':
      return { type: 'done', reason: native.reason, usage };
    default:
      return undefined;
  }
}

/**
 * Yields what happens until the end. Leaving early, or a signal, has the answer stop and takes what is on its way, so that
 * the next one can begin. An aborted signal is thrown after that.
 */
export async function* answer(kind, handle, signal, over = () => {}) {
  const stop = () => call(`${kind}Cancel`, handle);
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  let ended = false;
  const next = async () => {
    const native = await call(`${kind}Next`, handle).catch((error) => {
      ended = true;
      throw error;
    });
    ended ||= native === null;
    return native;
  };
  try {
    while (!ended) {
      const native = await next();
      const told = native && event(native);
      if (told) yield told;
    }
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', stop);
    if (!ended) stop();
    while (!ended) await next();
    over();
  }
}

/** All of an answer's text. */
export async function text(events) {
  let whole = '';
  for await (const told of events) if (told.type === 'token') whole += told.text;
  return whole;
}

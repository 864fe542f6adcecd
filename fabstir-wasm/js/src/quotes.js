import { FabstirError } from './errors.js';
import { call } from './core.js';
import { PRICES, Reader, USAGE, join, pack } from './words.js';

const AMOUNT = { amount: 'uint256' };
const RATE = { amount: 'uint256', bps: 'uint16' };

function amount(use) {
  return new Reader(call(use)).value('uint256');
}

/** What these tokens cost, rounded down. */
export function gross(usage, prices) {
  const words = join(pack(USAGE, usage), pack(PRICES, prices));
  return amount((core) => core.gross(words));
}

/** What a session with this deposit pays for them. */
export function payable(usage, prices, deposit) {
  const words = join(pack(USAGE, usage), pack(PRICES, prices), pack(AMOUNT, { amount: deposit }));
  return amount((core) => core.payable(words));
}

/** The market's fee in a payment. */
export function fee(paid, feeBps) {
  const words = pack(RATE, { amount: paid, bps: feeBps });
  return amount((core) => core.fee(words));
}

/** What the host gets of the unspent deposit if the renter leaves alone. */
export function cancellationFee(unspent, cancelBps) {
  const words = pack(RATE, { amount: unspent, bps: cancelBps });
  return amount((core) => core.cancellationFee(words));
}

/** What one settlement credits to host and market. */
export function increment(settledBefore, settledAfter, feeBps) {
  const words = join(pack(AMOUNT, { amount: settledBefore }), pack(RATE, { amount: settledAfter, bps: feeBps }));
  return new Reader(call((core) => core.increment(words))).struct({ host: 'uint256', fee: 'uint256' });
}

/** The most output tokens that a deposit pays for, after this many input tokens. */
export function affordable(deposit, prices, inputTokens = 0n) {
  let [low, high] = [0n, 1n];
  const fits = (outputTokens) => gross({ inputTokens, outputTokens }, prices) <= BigInt(deposit);
  if (!BigInt(prices.outputPrice)) return undefined;
  while (fits(high)) [low, high] = [high, high * 2n];
  // Bisected over the one price formula rather than inverted: there is no second formula to keep in step.
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Base units as people write them: `"1.5"` of a token with this many decimals. */
export function formatUnits(units, decimals) {
  const text = BigInt(units).toString().padStart(decimals + 1, '0');
  const fraction = decimals ? text.slice(-decimals).replace(/0+$/, '') : '';
  return text.slice(0, text.length - decimals) + (fraction && `.${fraction}`);
}

/** Base units from what people write. */
export function parseUnits(text, decimals) {
  const match = /^(\d*)\.?(\d*)$/.exec(text.trim());
  if (!match || !(match[1] + match[2]) || match[2].length > decimals) {
    throw new FabstirError('invalid_value', `not an amount with at most ${decimals} decimals: ${text}`);
  }
  return BigInt(match[1] + match[2].padEnd(decimals, '0'));
}

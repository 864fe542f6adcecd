import { formatUnits } from '@fabstir/sdk/bundler';

/** Amounts of one token, as people read them. */
export class Money {
  constructor({ decimals, symbol }) {
    this.decimals = decimals;
    this.symbol = symbol;
  }

  /** Exact, never rounded: this is somebody's money. */
  exact(units) {
    return formatUnits(units, this.decimals);
  }

  with(units) {
    return `${this.exact(units)} ${this.symbol}`;
  }
}

const WHOLE = new Intl.NumberFormat('en');

/** A count. */
export const whole = (number) => WHOLE.format(number);

/** The beginning and the end of an address or id. */
export const short = (hex) => `${hex.slice(0, 6)}\u2026${hex.slice(-4)}`;

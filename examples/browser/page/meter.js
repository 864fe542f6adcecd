import { $, shape } from './dom.js';
import { whole } from './money.js';

const [WIDTH, HEIGHT] = [320, 120];

/** The meter: tokens, money spent and left, as figures and as a line that grows with every token. */
export class Meter {
  #money;
  #points = [[0, 0n]];
  #vouchers = [];
  #drawing = false;

  constructor(money, session) {
    this.#money = money;
    this.session = session;
    this.began = undefined;
    this.answered = 0;
    for (const place of document.querySelectorAll('[data-unit]')) place.textContent = money.symbol;
    const { voucher } = session;
    if (voucher) this.#vouchers.push(Number(voucher.inputTokens + voucher.outputTokens));
    this.signed(voucher ? session.owed : 0n, []);
    this.update();
  }

  /** An answer begins: its speed is measured from its first token on. */
  begin() {
    this.began = undefined;
    this.answered = 0;
  }

  /** A token arrived. */
  token() {
    this.began ??= performance.now();
    this.answered += 1;
    this.update();
  }

  /** Tokens a second of the answer, once it can be told. */
  get speed() {
    const seconds = (performance.now() - (this.began ?? Infinity)) / 1000;
    return this.answered > 2 && seconds > 0 ? (this.answered - 1) / seconds : undefined;
  }

  /** A voucher was signed. */
  signed(owed, usage) {
    $('signed').textContent = this.#money.exact(owed);
    if (usage.inputTokens !== undefined) this.#vouchers.push(Number(usage.inputTokens + usage.outputTokens));
  }

  /** Reads the session and draws, at most once a frame. */
  update() {
    const { usage, owed } = this.session;
    const tokens = Number(usage.inputTokens + usage.outputTokens);
    const last = this.#points.at(-1);
    if (tokens > last[0]) this.#points.push([tokens, owed]);
    // A resumed session goes back to its last checkpoint.
    while (this.#points.length > 1 && this.#points.at(-1)[0] > tokens) this.#points.pop();
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#draw();
    });
  }

  #draw() {
    const { usage, owed, deposit } = this.session;
    const exact = (units) => this.#money.exact(units);
    $('spent').textContent = exact(owed);
    $('left').textContent = exact(deposit - owed);
    $('locked').textContent = exact(deposit);
    $('bar-spent').style.width = `${Number((owed * 10_000n) / (deposit || 1n)) / 100}%`;
    $('input-tokens').textContent = whole(usage.inputTokens);
    $('output-tokens').textContent = whole(usage.outputTokens);
    if (this.speed) $('speed').textContent = `${Math.round(this.speed)} /s`;
    this.#drawChart(Number(usage.inputTokens + usage.outputTokens), owed);
    const label = `${this.#money.with(owed)} spent for ${usage.inputTokens} tokens read and ${usage.outputTokens} written`;
    $('chart').setAttribute('aria-label', owed ? `${label}; ${exact(deposit - owed)} left` : 'Nothing spent yet');
  }

  #drawChart(tokens, owed) {
    const most = Math.max(tokens, 1);
    const top = Number(owed) || 1;
    const x = (count) => (count / most) * WIDTH;
    const y = (units) => HEIGHT - 4 - (Number(units) / top) * (HEIGHT - 16);
    const line = this.#points.map(([count, units], at) => `${at ? 'L' : 'M'}${x(count).toFixed(1)} ${y(units).toFixed(1)}`);
    const path = line.join('');
    const at = (count) => this.#points.findLast(([some]) => some <= count)?.[1] ?? 0n;
    $('chart').replaceChildren(
      ...[0.25, 0.5, 0.75, 1].map((part) => shape('path', { class: 'grid', d: `M0 ${HEIGHT * part}H${WIDTH}` })),
      shape('path', { class: 'area', d: `${path}V${HEIGHT}H0Z` }),
      shape('path', { class: 'line', d: path }),
      // A line of no length with round ends stays a circle however the chart is stretched.
      ...this.#vouchers.map((count) => shape('path', { class: 'voucher', d: `M${x(count)} ${y(at(count))}h0.001` })),
    );
    $('chart-to').textContent = `${whole(tokens)} tokens`;
  }
}

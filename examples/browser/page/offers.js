import { affordable, parseUnits } from '@fabstir/sdk/bundler';
import { $, element } from './dom.js';
import { Money, short, whole } from './money.js';

const SPEEDS = 'fabstir.speeds';

/** Tokens a second that hosts reached here before, by address. */
export function knownSpeeds() {
  try {
    return JSON.parse(localStorage.getItem(SPEEDS)) ?? {};
  } catch {
    return {};
  }
}

/** Remembers what a host reached. */
export function rememberSpeed(host, perSecond) {
  localStorage.setItem(SPEEDS, JSON.stringify({ ...knownSpeeds(), [host]: perSecond }));
}

/** Milliseconds until a host takes a connection; nothing if it takes none. */
function reach(url) {
  return new Promise((resolve) => {
    const began = performance.now();
    const socket = new WebSocket(`${url.replace(/^http/, 'ws').replace(/\/$/, '')}/v1/session`, 'fabstir.v1.cbor');
    const settle = (value) => {
      clearTimeout(timer);
      socket.close();
      resolve(value);
    };
    const timer = setTimeout(() => settle(undefined), 3000);
    socket.onopen = () => settle(performance.now() - began);
    socket.onerror = () => settle(undefined);
  });
}

/** Offers with what the page shows of them: a name, the token's units, how fast the host answers. */
export async function readOffers(renter) {
  const offers = await renter.offers();
  const tokens = [...new Set(offers.map(({ token }) => token))];
  const each = (list, ask) => Promise.all(list.map(async (one) => [one, await ask(one)])).then((all) => new Map(all));
  const units = await each(tokens, (token) => renter.chain.tokenUnits(token));
  const limits = await each(tokens, (token) => renter.chain.requirements(token));
  const urls = [...new Set(offers.map(({ url }) => url))];
  const reached = await each(urls, (url) => reach(url).catch(() => undefined));
  const speeds = knownSpeeds();
  return offers.map((offer) => ({
    ...offer,
    name: nameOf(offer),
    money: new Money(units.get(offer.token)),
    limits: limits.get(offer.token),
    latency: reached.get(offer.url),
    speed: speeds[offer.host],
  }));
}

/** The name a host gives itself: shown as text, believed in nothing. */
function nameOf({ metadata, host }) {
  try {
    const { name } = JSON.parse(metadata);
    if (typeof name === 'string' && name.trim()) return name.trim().slice(0, 60);
  } catch {
    // Metadata is free form.
  }
  return short(host);
}

const BY = {
  // Amounts of different tokens cannot be compared; they stay together, each cheapest first.
  price: (a, b) => a.money.symbol.localeCompare(b.money.symbol) || Number(a.outputPrice - b.outputPrice),
  speed: (a, b) => (b.speed ?? 0) - (a.speed ?? 0) || (a.latency ?? Infinity) - (b.latency ?? Infinity),
};

/** Draws the offers, sorted; the one chosen before stays chosen. */
export function drawOffers(offers, sort, chosen) {
  const sorted = [...offers].sort(BY[sort]);
  const selected = chosen ?? sorted.find(({ latency }) => latency !== undefined) ?? sorted[0];
  $('offers').replaceChildren(
    ...sorted.map((offer) => {
      const id = `offer-${offers.indexOf(offer)}`;
      const radio = { type: 'radio', name: 'offer', id, value: offers.indexOf(offer), checked: offer === selected };
      const speed = offer.speed ? `${Math.round(offer.speed)} tokens/s last time, ` : '';
      const latency = offer.latency === undefined ? 'does not answer' : `answers in ${Math.max(1, Math.round(offer.latency))} ms`;
      return element(
        'label',
        { className: 'offer', htmlFor: id },
        element('input', { ...radio, disabled: offer.latency === undefined }),
        element('span', { className: 'name', textContent: offer.name }),
        element('span', { className: 'price', textContent: offer.money.with(offer.outputPrice) }),
        element('span', { className: 'detail', textContent: `model ${short(offer.modelId)} \u00b7 ${speed}${latency}` }),
        element('span', { className: 'detail', textContent: `per million written, ${offer.money.exact(offer.inputPrice)} read` }),
      );
    }),
  );
  return selected;
}

/** A deposit that lasts for a good talk, in round figures. */
export function suggestDeposit({ outputPrice, limits }) {
  const talk = (outputPrice * 5_000n) / 1_000_000n;
  const least = talk > limits.minDeposit ? talk : limits.minDeposit;
  const round = 10n ** BigInt(least.toString().length - 1);
  return ((least + round - 1n) / round) * round;
}

/** What the deposit in the form would buy; draws it and returns the deposit, or nothing if it is none. */
export function drawEstimate(offer) {
  const { limits } = offer;
  const field = $('deposit');
  const refuse = (text) => {
    field.setAttribute('aria-invalid', 'true');
    $('estimate').textContent = text;
    return undefined;
  };
  let deposit;
  try {
    deposit = parseUnits(field.value, offer.money.decimals);
  } catch {
    return refuse('An amount, please: digits and a point.');
  }
  if (deposit < limits.minDeposit) return refuse(`The market takes deposits from ${offer.money.with(limits.minDeposit)}.`);
  if (deposit > limits.maxDeposit) return refuse(`The market takes deposits up to ${offer.money.with(limits.maxDeposit)}.`);
  field.removeAttribute('aria-invalid');
  const tokens = affordable(deposit, offer);
  const words = element('b', { textContent: `${whole(tokens)} tokens` });
  const pages = whole(tokens / 650n > 0n ? tokens / 650n : 1n);
  $('estimate').replaceChildren('Buys up to ', words, ` written, about ${pages} ${pages === '1' ? 'page' : 'pages'}. What you do not use comes back.`);
  return deposit;
}

import { Market, Renter, gross, indexedDbStore, init } from '@fabstir/sdk/bundler';
import { $, alarm, element, show, tell } from './dom.js';
import { Meter } from './meter.js';
import { Money, short, whole } from './money.js';
import { drawEstimate, drawOffers, readOffers, suggestDeposit } from './offers.js';
import { Talk } from './talk.js';
import { wallets } from './wallets.js';

const STEPS = {
  allowing: 'Your wallet is asked to let the market take the deposit.',
  opening: 'Your wallet is asked to lock the deposit.',
  connecting: 'The deposit is locked. Reaching the host.',
};

let renter;
let offers = [];
let chosen;
let talk;
let current;

/** Runs what a button started; what goes wrong is told, never swallowed. */
async function act(work) {
  alarm();
  try {
    await work();
  } catch (error) {
    console.error(error);
    alarm(error);
  }
}

async function start() {
  tell('Loading', true);
  const [place] = await Promise.all([fetch('market.json').then((response) => response.json()), init()]);
  const list = await wallets(place);
  tell(list.length ? '' : 'There is no wallet here. Install one, or open this page beside a local market.');
  show('connect');
  $('wallets').replaceChildren(
    ...list.map((wallet, at) => {
      const button = element('button', { type: 'button', className: at ? 'secondary' : 'primary' });
      button.textContent = wallet.local ? 'Use the local test account' : `Connect ${wallet.name}`;
      button.onclick = () => act(() => connect(wallet, place));
      return button;
    }),
  );
}

async function connect(wallet, place) {
  tell('Connecting', true);
  const { provider, account } = await wallet.connect();
  const market = new Market({ chainId: place.chain_id, market: place.market, registry: place.registry });
  renter = new Renter({ provider, account, market, store: indexedDbStore() });
  await renter.chain.check();
  $('account').hidden = false;
  $('account').textContent = short(account);
  sessionStorage.setItem('fabstir.wallet', wallet.name);
  const kept = await renter.sessions();
  if (kept.length) return resume(kept[0]);
  await choose();
}

async function choose() {
  tell('Reading the registry', true);
  show('choose');
  offers = await readOffers(renter);
  if (!offers.length) return tell('No host offers a model on this market yet.');
  tell(`${offers.length} offers. Every price is the host's own.`);
  pick(drawOffers(offers, sorting()));
}

const sorting = () => document.querySelector('input[name=sort]:checked').value;

function pick(offer) {
  chosen = offer;
  $('deposit-unit').textContent = offer.money.symbol;
  $('deposit').value = offer.money.exact(suggestDeposit(offer));
  drawEstimate(offer);
}

async function open() {
  const deposit = drawEstimate(chosen);
  if (deposit === undefined) return $('deposit').focus();
  $('open').disabled = true;
  try {
    const session = await renter.open(chosen, { deposit, progress: (step) => tell(STEPS[step], true) });
    tell('The line is open. You are charged for what arrives, token by token.');
    enter(session, chosen.money);
  } finally {
    $('open').disabled = false;
  }
}

/** Comes back to a session that this browser has kept. */
async function resume(id) {
  tell('Coming back to your session', true);
  let session;
  try {
    session = await renter.restore(id);
  } catch (error) {
    const { status } = await renter.chain.session(id);
    if (status === 'active') throw error;
    // It ended while the page was away, or was never opened: the chain has settled it already.
    await renter.forget(id);
    return choose();
  }
  const money = new Money(await renter.chain.tokenUnits(session.terms.token));
  tell('Back in your session.');
  enter(session, money);
  if (session.isAnswering) await talk.goOn();
}

function enter(session, money) {
  show('talk');
  const meter = new Meter(money, session);
  talk = new Talk(session, meter, money);
  current = { session, money };
  drawCost();
  $('prompt').focus();
}

/** What the question in the form costs at most before its answer begins. */
function drawCost() {
  const { session, money } = current;
  const { terms, opened } = session;
  const bytes = new TextEncoder().encode($('prompt').value).length;
  const most = gross({ inputTokens: bytes + (opened?.overhead ?? 0), outputTokens: 0 }, terms);
  const token = gross({ inputTokens: 0, outputTokens: 100 }, terms);
  const question = bytes ? `Your question: at most ${money.with(most)}. ` : '';
  $('cost').textContent = `${question}Each 100 tokens of the answer: ${money.with(token)}.`;
}

async function ask() {
  const question = $('prompt').value.trim();
  if (!question) return;
  $('prompt').value = '';
  drawCost();
  await talk.ask(question);
}

async function close() {
  const { session, money } = current;
  tell('Closing: the host settles on chain.', true);
  $('close').disabled = true;
  try {
    const { usage, paid, refund } = await renter.close(session);
    await renter.forget(session.id);
    tell('');
    drawReceipt(session, money, usage, paid, refund);
  } finally {
    $('close').disabled = false;
  }
}

function drawReceipt(session, money, usage, paid, refund) {
  const row = (label, value, className = '') =>
    element('div', { className }, element('dt', { textContent: label }), element('dd', { textContent: value }));
  const price = (count, each) => money.exact(gross({ inputTokens: count, outputTokens: 0 }, { inputPrice: each, outputPrice: 0n }));
  const { inputPrice, outputPrice } = session.terms;
  $('receipt').replaceChildren(
    row(`${whole(usage.inputTokens)} tokens read`, price(usage.inputTokens, inputPrice)),
    row(`${whole(usage.outputTokens)} tokens written`, price(usage.outputTokens, outputPrice)),
    row('Paid to the host, fee included', money.with(paid)),
    row('Locked', money.with(session.deposit)),
    row('Back to you', money.with(refund), 'total'),
  );
  $('seal').textContent = `Session 0x${session.id.toString(16)}, settled on chain by your signature over these very counts.`;
  show('done');
  $('done-title').focus();
}

$('open-form').addEventListener('submit', (event) => {
  event.preventDefault();
  act(open);
});
$('open-form').addEventListener('input', ({ target }) => {
  if (target.name === 'sort') drawOffers(offers, sorting(), chosen);
  else if (target.name === 'offer') pick(offers[target.value]);
  else if (target.name === 'deposit') drawEstimate(chosen);
});
$('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  act(ask);
});
$('prompt').addEventListener('input', drawCost);
$('prompt').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (!$('send').hidden) $('ask').requestSubmit();
});
addEventListener('keydown', (event) => {
  if (event.key === 'Escape') talk?.stop();
});
$('stop').addEventListener('click', () => talk.stop());
$('close').addEventListener('click', () => act(close));
$('again').addEventListener('click', () => act(choose));

act(start);

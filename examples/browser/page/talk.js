import { $, alarm, element, tell } from './dom.js';
import { rememberSpeed } from './offers.js';

const WHO = { user: 'You', assistant: 'Host', system: 'Instructions' };
const ENDINGS = { length: 'cut at its length', cancelled: 'stopped', credit: 'stopped: the deposit is used up' };

/** One message in the log. */
function draw(role, text) {
  const words = element('span', { className: 'words', textContent: text });
  const turn = element('article', { className: `turn ${role}` }, element('span', { className: 'who', textContent: WHO[role] }), words);
  $('log').append(turn);
  turn.scrollIntoView({ block: 'end' });
  return { turn, words };
}

/** A conversation on the page. */
export class Talk {
  #session;
  #meter;
  #money;
  #stopping;

  constructor(session, meter, money) {
    this.#session = session;
    this.#meter = meter;
    this.#money = money;
    $('log').replaceChildren();
    $('log').dataset.empty = 'The line is open. Ask something.';
    for (const { role, content } of session.messages) draw(role, content);
  }

  /** Has the host stop. */
  stop() {
    this.#stopping?.abort();
  }

  async ask(question) {
    draw('user', question);
    // Long enough for a story, short enough not to be a surprise.
    await this.#stream((signal) => this.#session.prompt(question, { signal, maxTokens: 400, temperature: 700 }), '');
  }

  /** Goes on with an answer that a reload cut off. */
  async goOn() {
    const before = this.#session.verifiedText;
    await this.#stream((signal) => this.#session.answer({ signal }), before);
  }

  async #stream(start, before) {
    const { turn, words } = draw('assistant', before);
    turn.setAttribute('aria-busy', 'true');
    this.#stopping = new AbortController();
    this.#meter.begin();
    this.#busy(true);
    const owed = this.#session.owed;
    try {
      for await (const event of start(this.#stopping.signal)) this.#take(event, turn, words);
      const cost = this.#session.owed - owed;
      tell(`The answer is complete. It cost ${this.#money.with(cost)}.`);
    } catch (error) {
      alarm(error);
    } finally {
      turn.removeAttribute('aria-busy');
      if (!words.textContent) turn.remove();
      if (this.#meter.speed) rememberSpeed(this.#session.terms.host, this.#meter.speed);
      this.#meter.update();
      this.#busy(false);
    }
  }

  #take(event, turn, words) {
    if (event.type === 'token') {
      words.textContent += event.text;
      this.#meter.token();
      $('log').scrollTop = $('log').scrollHeight;
    } else if (event.type === 'voucher') {
      this.#meter.signed(event.owed, event.usage);
    } else if (event.type === 'resumed') {
      tell('The connection dropped and is back; nothing was lost.');
    } else if (event.type === 'done') {
      const { inputTokens, outputTokens } = event.usage;
      const ending = ENDINGS[event.reason] ? `, ${ENDINGS[event.reason]}` : '';
      turn.append(element('span', { className: 'note', textContent: `${inputTokens} read, ${outputTokens} written${ending}` }));
      $('log').scrollTop = $('log').scrollHeight;
    }
  }

  #busy(busy) {
    $('send').hidden = busy;
    $('stop').hidden = !busy;
    $('close').disabled = busy;
    if (busy) {
      tell('');
      alarm();
    } else $('prompt').focus({ preventScroll: true });
  }
}

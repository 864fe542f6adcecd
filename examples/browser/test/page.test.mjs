// The page in headless Chromium against a real market and model; screenshots into target/screenshots to be looked at.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { servePage, startMarket } from '../serve.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SHOTS = `${ROOT}target/screenshots/`;
const PATIENCE = 20_000;

let market;
let page;
let browser;

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  market = await startMarket();
  page = await servePage(market.place);
  const executablePath = process.env.FABSTIR_CHROMIUM ?? execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'];
  browser = await chromium.launch({ executablePath, args });
});

after(async () => {
  await browser?.close();
  page?.stop();
  await market?.stop();
});

/** A tab whose errors fail the test: broken CSP rules and exceptions nobody caught among them. */
async function tab(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1180, height: 780 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const opened = await context.newPage();
  const errors = [];
  opened.on('pageerror', (error) => errors.push(error));
  opened.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await opened.goto(page.url);
  return { context, tab: opened, errors };
}

const shot = (on, name) => on.screenshot({ path: `${SHOTS}${name}.png` });
const text = (on, selector) => on.locator(selector).innerText();
/** What the page complains of, told by the test that waits in vain. */
async function complaint(on) {
  return `${await text(on, '#alert')} ${await text(on, '#status')}`;
}

const idle = (on) => on.locator('#send').waitFor();

async function connect(on) {
  await on.getByRole('button', { name: 'Use the local test account' }).click();
  await on.getByRole('heading', { name: 'Choose a host' }).waitFor();
  await on.locator('.offer').first().waitFor();
}

async function ask(on, question) {
  await on.getByRole('textbox', { name: 'Your question' }).fill(question);
  await on.keyboard.press('Enter');
}

async function answered(on, count) {
  await on.waitForFunction((wanted) => document.querySelectorAll('.turn .note').length === wanted, count);
  await idle(on);
}

test('a paid conversation: choose, open, talk, stop, reload, close', async () => {
  const { context, tab: on, errors } = await tab();
  await on.getByRole('heading', { name: /Pay by the token/ }).waitFor();
  await shot(on, '1-connect');

  await connect(on);
  assert.equal(await on.locator('.offer').count(), 2, 'an offer in the coin and one in dollars');
  await on.locator('.offer', { hasText: 'tUSD' }).click();
  await on.waitForFunction(() => /Buys up to/.test(document.querySelector('#estimate').textContent));
  await on.locator('#open-form').getByText('Speed').click();
  assert.ok(await on.locator('.offer', { hasText: 'tUSD' }).locator('input').isChecked(), 'the choice outlives sorting');
  await on.locator('#deposit').fill('nonsense');
  assert.match(await text(on, '#estimate'), /digits/);
  await on.locator('#deposit').fill('1');
  assert.match(await text(on, '#estimate'), /Buys up to 208,333 tokens/);
  await shot(on, '2-choose');
  await on.getByRole('button', { name: 'Open the session' }).click();

  await on.getByRole('textbox', { name: 'Your question' }).waitFor();
  await ask(on, 'Who lives in the yellow house?');
  await answered(on, 1);
  assert.match(await text(on, '.turn.assistant'), /Rosa/);
  await ask(on, 'Tell me about Brindle.');
  await answered(on, 2);
  await shot(on, '3-talk');
  const spent = Number(await text(on, '#spent'));
  assert.ok(spent > 0 && spent < 1, `${spent} spent`);
  assert.equal((spent + Number(await text(on, '#left'))).toFixed(6), '1.000000', 'spent and left are the deposit');
  assert.equal(await text(on, '#signed'), await text(on, '#spent'), 'all of it was signed for');

  // Stop an answer that would be long.
  await ask(on, 'Count to 100.');
  await on.waitForFunction(() => (document.querySelector('.turn:last-child .words')?.textContent.length ?? 0) > 12);
  await shot(on, '4-streaming');
  await on.keyboard.press('Escape');
  await answered(on, 3);
  assert.match(await text(on, '.turn:last-child .note'), /stopped|written/);

  // Come back after a reload, in the middle of an answer.
  await ask(on, 'Sing a song.');
  await on.waitForFunction(() => (document.querySelector('.turn:last-child .words')?.textContent.length ?? 0) > 8);
  await on.reload();
  await on.getByRole('button', { name: 'Use the local test account' }).click();
  await on.locator('.turn.user', { hasText: 'yellow house' }).waitFor();
  await on.waitForFunction(() => document.querySelectorAll('.turn.assistant').length === 4);
  await idle(on);
  await ask(on, 'And what is two plus three?');
  await answered(on, (await on.locator('.turn .note').count()) + 1);
  await shot(on, '5-resumed');

  await on.getByRole('button', { name: /Close, take the rest back/ }).click();
  await on.getByRole('heading', { name: 'Settled' }).waitFor();
  const [paid, locked, back] = await on.locator('#receipt dd').evaluateAll((all) => all.slice(2).map((one) => parseFloat(one.textContent)));
  assert.equal(locked, 1);
  assert.equal((paid + back).toFixed(6), '1.000000');
  assert.ok(paid > spent, 'later answers were paid for too');
  await shot(on, '6-receipt');
  await on.getByRole('button', { name: 'Open another session' }).click();
  await on.locator('.offer').first().waitFor();
  await on.waitForFunction(() => /tokens\/s last time/.test(document.querySelector('#offers').textContent));
  assert.deepEqual(errors, []);
  await context.close();
});

test('a phone, in the dark, by keyboard alone', async () => {
  const viewport = { width: 390, height: 760 };
  const { context, tab: on, errors } = await tab({ viewport, colorScheme: 'dark', hasTouch: true, reducedMotion: 'reduce' });
  await on.getByRole('button', { name: 'Use the local test account' }).waitFor();
  await shot(on, '7-phone-connect');
  await on.getByRole('button', { name: 'Use the local test account' }).focus();
  await on.keyboard.press('Enter');
  await on.locator('.offer').first().waitFor();
  const sort = on.getByRole('radio', { name: 'Price' });
  await sort.focus();
  await on.keyboard.press('ArrowRight');
  assert.ok(await on.getByRole('radio', { name: 'Speed' }).isChecked());
  await shot(on, '8-phone-choose');
  await on.keyboard.press('Tab');
  await on.keyboard.press('ArrowDown');
  await on.keyboard.press('Tab');
  assert.equal(await on.evaluate(() => document.activeElement.id), 'deposit');
  await on.keyboard.press('Enter');
  await on.locator('#prompt').waitFor().catch(async () => assert.fail(await complaint(on)));
  assert.equal(await on.evaluate(() => document.activeElement.id), 'prompt', 'the focus is where one types');
  await on.keyboard.type('What colour is the sky?');
  await on.keyboard.press('Enter');
  await answered(on, 1);
  await shot(on, '9-phone-talk');
  const wide = await on.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(wide, false, 'nothing sticks out sideways');
  assert.equal(await on.evaluate(() => document.activeElement.id), 'prompt', 'the focus waits for the next question');
  assert.equal(await on.locator('[role=log] article[aria-busy]').count(), 0, 'a finished answer is announced');
  assert.match(await on.locator('#chart').getAttribute('aria-label'), /spent for \d+ tokens read/);
  const unnamed = await on.evaluate(() =>
    [...document.querySelectorAll('button, input, textarea')].filter((one) => one.checkVisibility() && !one.labels?.length && !one.textContent.trim() && !one.ariaLabel).map((one) => one.outerHTML));
  assert.deepEqual(unnamed, [], 'every control has a name');
  assert.deepEqual(errors, []);
  await context.close();
});

test('a wallet in the page is asked, and its refusal is told', async () => {
  const { context, tab: on } = await tab();
  await on.addInitScript(({ rpc, account }) => {
    globalThis.ethereum = {
      async request({ method, params }) {
        if (method === 'eth_requestAccounts') return [account];
        if (method === 'eth_sendTransaction') throw Object.assign(new Error('User rejected the request.'), { code: 4001 });
        const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
        return (await (await fetch(rpc, { method: 'POST', body, headers: { 'content-type': 'application/json' } })).json()).result;
      },
    };
  }, { rpc: market.place.rpc, account: market.place.renter.address });
  await on.reload();
  await on.getByRole('button', { name: 'Connect browser wallet' }).click();
  await on.locator('.offer').first().waitFor();
  await on.getByRole('button', { name: 'Open the session' }).click();
  await on.getByRole('alert').filter({ hasText: 'User rejected' }).waitFor();
  assert.ok(await on.getByRole('button', { name: 'Open the session' }).isEnabled());
  await context.close();
});

test('the shared vectors hold in the browser', async () => {
  const { context, tab: on } = await tab();
  const sdk = await serveFolder(`${ROOT}fabstir-wasm/js/`);
  await on.goto(`${sdk.url}test/vectors.html`);
  const read = (name) => JSON.parse(readFileSync(`${ROOT}vectors/${name}`, 'utf8'));
  const vectors = Object.fromEntries(['settlement.json', 'messages.json', 'transcript.json'].map((name) => [name, read(name)]));
  const count = await on.evaluate(async (files) => {
    const sdk = await import('/src/browser.js');
    const { check } = await import('/test/vectors.mjs');
    await sdk.init();
    return check(sdk, async (name) => files[name]);
  }, vectors);
  assert.ok(count > 1000, `${count} comparisons`);
  sdk.stop();
  await context.close();
});

test('the story under Node', () => {
  const story = fileURLToPath(new URL('../story.mjs', import.meta.url));
  const run = spawnSync(process.execPath, [story], { input: JSON.stringify(market.place), encoding: 'utf8', timeout: 60_000 });
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /the chain agrees/);
});

/** A folder as a web server has it, without a bundler. */
async function serveFolder(folder) {
  const types = { js: 'text/javascript', mjs: 'text/javascript', wasm: 'application/wasm' };
  const server = createServer((request, response) => {
    if (request.url.endsWith('.html')) return response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>');
    try {
      const body = readFileSync(folder + request.url.slice(1));
      response.writeHead(200, { 'content-type': types[request.url.split('.').at(-1)] ?? 'text/plain' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
}

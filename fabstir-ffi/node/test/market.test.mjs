// Renting and selling on a real chain, against the Rust host and as a host; the examples, as people run them.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FabstirError, Host, Model, Queue, RenderJob, Renter, gross, init, text } from '@fabstir/node';

const root = fileURLToPath(new URL('../../../', import.meta.url));
// Where cargo put the market and the command.
const built = process.env.FABSTIR_BUILT ?? join(root, 'target/debug');
const tiny = join(root, 'models/tiny/fabstir-tiny.gguf');
const prices = { input: 400_000_000_000_000n, output: 1_600_000_000_000_000n };
const milliether = 10n ** 15n;
const folders = [];
let process_;
let market;

/** The first line that a program prints. */
function line(running) {
  return new Promise((resolve, reject) => {
    let said = '';
    running.stdout.on('data', (chunk) => {
      said += chunk;
      if (said.includes('\n')) resolve(said.slice(0, said.indexOf('\n')));
    });
    running.once('exit', () => reject(new Error(`it ended after ${JSON.stringify(said)}`)));
  });
}

function folder() {
  const made = mkdtempSync(join(tmpdir(), 'fabstir-node-'));
  folders.push(made);
  return made;
}

before(async () => {
  await init();
  process_ = spawn(join(built, 'market'), { stdio: ['pipe', 'pipe', 'inherit'] });
  market = JSON.parse(await line(process_));
});

after(async () => {
  const ended = new Promise((resolve) => process_.once('exit', resolve));
  process_.stdin.end();
  assert.equal(await ended, 0);
  for (const made of folders) rmSync(made, { recursive: true });
});

const renter = () =>
  Renter.connect({ rpc: market.rpc, market: market.market, key: market.renter.key, store: join(folder(), 'r.redb') });
const host = (options = {}) =>
  new Host({ rpc: market.rpc, market: market.market, key: market.newcomer.key, journal: join(folder(), 'h.redb'), ...options });
const refused = (code) => (error) => error instanceof FabstirError && error.code === code;

async function all(events) {
  const list = [];
  for await (const event of events) list.push(event);
  return list;
}

test('a paid conversation', async () => {
  const me = await renter();
  assert.equal(me.address.toLowerCase(), market.renter.address.toLowerCase());
  const session = await me.open({ deposit: milliether, modelId: market.model_id });
  const events = await all(session.prompt('Who are you?'));
  assert.deepEqual([events[0].type, events.at(-1).type], ['accepted', 'done']);
  assert.ok(events.some((event) => event.type === 'voucher'));
  assert.ok(await text(session.prompt('What is two plus three?', { temperature: 0 })));
  assert.equal(session.messages.length, 4);
  const { usage, owed, paid } = session.ledger;
  assert.deepEqual([owed, paid], [gross(usage, session.terms), 0n]);
  const closed = await session.close();
  assert.deepEqual([closed.paid, closed.refund], [owed, milliether - owed]);
  await assert.rejects(all(session.prompt('More?')), refused('session_not_active'));
  session.free();
  session.free();
  await assert.rejects(all(session.prompt('More?')), refused('bad_handle'));
});

test('leaving, aborting and topping up', async () => {
  const me = await renter();
  const session = await me.open({ deposit: milliether, modelId: market.model_id });
  for await (const event of session.prompt('Tell me a long story.')) if (event.type === 'token') break;
  const stop = new AbortController();
  await assert.rejects(async () => {
    for await (const event of session.prompt('Tell me a long story.', { signal: stop.signal })) {
      if (event.type === 'token') stop.abort(new Error('enough'));
    }
  }, /enough/);
  assert.ok(await text(session.prompt('Who are you?')));
  await session.topUp(milliether);
  const closed = await session.close();
  assert.equal(closed.deposit, 2n * milliether);
  assert.equal(closed.paid + closed.refund, closed.deposit);
});

test('refusals have codes', async () => {
  const me = await renter();
  await assert.rejects(me.open({ deposit: 1n, modelId: market.model_id }), refused('invalid_params'));
  await assert.rejects(me.open({ deposit: milliether, modelId: `0x${'ab'.repeat(32)}` }), refused('model_not_served'));
  assert.throws(() => new Host({ rpc: 'x', key: '0x12', market: market.market, journal: 'x' }), refused('invalid_value'));
  assert.throws(() => new Queue(''), refused('invalid_config'));
  await assert.rejects(Model.load('/none.gguf'), refused('model_missing'));
});

test('many answers of a model at once', async () => {
  const model = await Model.load(tiny);
  assert.equal(model.info.name, 'Fabstir Tiny');
  const seed = new Uint8Array(32).fill(7);
  const ask = (question) => text(model.generate(question, { seed, maxTokens: 24 }));
  const questions = ['Who are you?', 'What is two plus three?', 'Tell me a story.'];
  const alone = [];
  for (const question of questions) alone.push(await ask(question));
  assert.deepEqual(await Promise.all(questions.map(ask)), alone);
  const stop = new AbortController();
  await assert.rejects(async () => {
    for await (const event of model.generate('Tell me a long story.', { maxTokens: 2000, signal: stop.signal })) {
      if (event.type === 'token') stop.abort(new Error('enough'));
    }
  }, /enough/);
  model.free();
});

test('a host that sells what a function says', async () => {
  const queue = new Queue('shout');
  const errors = [];
  const served = queue.serve(
    async function* (job) {
      const said = job.messages.at(-1).content;
      if (said === 'fail') throw new Error('not for the renter');
      for (const word of said.split(' ')) yield `${word.toUpperCase()} \u00e9 `;
    },
    { onError: (error) => errors.push(error.message) },
  );
  const mine = host();
  mine.serve(queue, prices);
  await mine.start();
  assert.equal((await mine.register()).length > 0, true);
  assert.deepEqual(await mine.register(), []);
  const me = await renter();
  const session = await me.open({ deposit: milliether, modelId: queue.modelId });
  assert.equal(await text(session.prompt('one two')), 'ONE \u00e9 TWO \u00e9 ');
  await assert.rejects(text(session.prompt('fail')), refused('backend_failed'));
  assert.deepEqual(errors, ['not for the renter']);
  assert.equal(await text(session.prompt('on')), 'ON \u00e9 ');
  assert.equal(mine.state.connected, 1);
  const closed = await session.close();
  assert.equal(closed.paid, gross(closed.usage, session.terms));
  queue.close();
  await served;
  await mine.stop();
  await mine.free();
});

test('a program with tokens of its own sees a cancellation', async () => {
  const queue = new Queue('words', { vocabulary: 100, templateOverhead: 2 });
  const mine = host();
  mine.serve(queue, prices);
  await mine.start();
  await mine.register();
  const seen = (async () => {
    for await (const job of queue) {
      if (job instanceof RenderJob) {
        job.answer(job.messages.slice(job.committed).flatMap(({ content }) => content.split(' ').map((word) => word.length)));
      } else {
        while (await job.push(7, 'seven '));
        const { cancelled } = job;
        job.free();
        return cancelled;
      }
    }
    return undefined;
  })();
  const me = await renter();
  const session = await me.open({ deposit: milliether, modelId: queue.modelId });
  for await (const event of session.prompt('one two three', { maxTokens: 4000 })) {
    if (event.type === 'token') {
      assert.deepEqual([event.token, event.text], [7, 'seven ']);
      break;
    }
  }
  assert.equal(await seen, true);
  assert.equal(session.ledger.usage.inputTokens, 3n);
  await session.close();
  queue.close();
  await mine.free();
});

const expected = (source) => {
  const lines = source.slice(source.indexOf('xpected output')).split('\n').slice(2);
  return lines.slice(0, lines.findIndex((text) => !text.startsWith('//'))).map((text) => text.slice(7)).join('\n');
};

/** An example, in a folder of its own where the package is installed as people install it. */
function example(name) {
  const place = folder();
  cpSync(join(root, 'examples/node', name), join(place, name));
  const source = readFileSync(join(place, name), 'utf8');
  assert.ok(source.split('\n').length <= 80, `${name} is too long`);
  const staged = spawnSync('node', [join(root, 'fabstir-ffi/node/tools/stage.mjs'), place], { encoding: 'utf8' });
  assert.equal(staged.status, 0, staged.stderr);
  const made = spawnSync('sh', ['-c', 'npm init -y >/dev/null && npm install --offline --no-audit --no-fund ./*.tgz'], { cwd: place, encoding: 'utf8' });
  assert.equal(made.status, 0, `${made.stdout}${made.stderr}`);
  return { place, source };
}

test('the story, in an empty project', () => {
  const { place, source } = example('story.mjs');
  const run = spawnSync('node', ['story.mjs', JSON.stringify(market)], { cwd: place, encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  assert.equal(run.stdout.trimEnd(), expected(source));
});

test('a renter in Rust rents from the host in Node', async () => {
  const { place, source } = example('host.mjs');
  const running = spawn('node', ['host.mjs', JSON.stringify(market), tiny], { cwd: place, stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  running.stdout.on('data', (chunk) => (said += chunk));
  await line(running);
  const common = ['--rpc', market.rpc, '--market', market.market, '--dev-key', '3', '--data-dir', place, '--json'];
  const chat = ['chat', '--host', market.newcomer.address, '--model', market.model_id, '--deposit', '0.001'];
  const rented = spawn(join(built, 'fabstir'), [...common, ...chat, '--ask', 'Who are you?']);
  let events = '';
  let errors = '';
  rented.stdout.on('data', (chunk) => (events += chunk));
  rented.stderr.on('data', (chunk) => (errors += chunk));
  assert.equal(await new Promise((resolve) => rented.once('exit', resolve)), 0, errors);
  const kinds = events.trim().split('\n').map((event) => JSON.parse(event).event);
  for (const kind of ['opened', 'voucher', 'answer', 'closed']) assert.ok(kinds.includes(kind), kind);
  const ended = new Promise((resolve) => running.once('exit', resolve));
  running.stdin.end();
  assert.equal(await ended, 0);
  assert.equal(said.trimEnd().replace(/ws:\S+/, 'URL'), expected(source).replace(/ws:\S+/, 'URL'));
});

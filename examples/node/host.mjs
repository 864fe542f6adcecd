// A host in Node.js: it serves the shipped model, and beside it a function of its own, to whoever rents.
//
//     node examples/node/host.mjs "$MARKET" models/tiny/fabstir-tiny.gguf
//
// MARKET is the line that `cargo run -p fabstir-examples --bin market` prints; the host stops when its input is closed.
// Expected output, with another URL:
//
//     serving Fabstir Tiny and shout at ws://127.0.0.1:8700
//     stopped with 0 sessions
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Host, Model, Queue } from '@fabstir/node';

const market = JSON.parse(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), 'fabstir-'));
const prices = { input: 400_000_000_000_000n, output: 1_600_000_000_000_000n }; // wei per million tokens

const model = await Model.load(process.argv[3]);
const queue = new Queue('shout');
const { rpc, market: address, newcomer } = market;
const host = new Host({ rpc, market: address, key: newcomer.key, journal: join(folder, 'host.redb') });
host.serve(model, prices);
host.serve(queue, prices);
await host.start();
await host.register();

const served = queue.serve(function* (job) {
  for (const word of job.messages.at(-1).content.split(' ')) yield `${word.toUpperCase()} `;
});
const names = host.state.models.map((offer) => offer.name);
console.log(`serving ${names.join(' and ')} at ${host.url}`);
for await (const _ of process.stdin);

const { sessions } = host.state;
queue.close();
await served;
await host.stop();
console.log(`stopped with ${sessions} sessions`);
rmSync(folder, { recursive: true });

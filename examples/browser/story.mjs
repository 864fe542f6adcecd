// A paid conversation in JavaScript: open, talk twice, sign, close, compare the ledger.
//
//   cargo run -q -p fabstir-examples --bin market        prints what this program reads, and serves
//   node story.mjs < market.json
//
// Prints (the words are the model's):
//
//   session 0x6c0f...e1: 1000000000000000 wei locked
//   > Where is the cat?
//   The cat is in the kitchen.
//   > ...
//   paid for 29 + 15 tokens: 35600000000; refunded 999964400000000; the chain agrees
import { readFileSync } from 'node:fs';
import { Market, Renter, gross, httpProvider, init } from '@fabstir/sdk';
import { WebSocket } from 'ws';

const place = JSON.parse(readFileSync(0, 'utf8').split('\n')[0]);
await init();
const market = new Market({ chainId: place.chain_id, market: place.market });
const provider = httpProvider(place.rpc);
const renter = new Renter({ provider, account: place.renter.address, market, WebSocket });

// The cheapest offer of the model, in the chain's coin.
const [offer] = await renter.offers({ modelId: place.model_id, token: `0x${'0'.repeat(40)}` });
const session = await renter.open(offer, { deposit: 10n ** 15n });
console.log(`session 0x${session.id.toString(16)}: ${session.deposit} wei locked`);

let signed = 0n;
for (const question of ['Where is the cat?', 'Who has the ball?']) {
  console.log(`> ${question}`);
  for await (const event of session.prompt(question, { maxTokens: 48, temperature: 0 })) {
    if (event.type === 'token') process.stdout.write(event.text);
    if (event.type === 'voucher') signed = event.owed;
    if (event.type === 'done') console.log();
  }
}

const owed = gross(session.usage, offer);
const { usage, paid, refund } = await renter.close(session);
const [ending] = (await renter.chain.events({ sessionId: session.id })).filter(({ name }) => name === 'SessionJobCompleted');
if (paid !== owed || paid !== signed) throw new Error(`owed ${owed}, signed ${signed}, paid ${paid}`);
if (ending.settled !== paid || ending.refund !== refund || paid + refund !== 10n ** 15n) throw new Error('the chain disagrees');
console.log(`paid for ${usage.inputTokens} + ${usage.outputTokens} tokens: ${paid}; refunded ${refund}; the chain agrees`);

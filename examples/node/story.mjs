// A paid conversation: open, talk twice, sign, close, compare the ledger.
//
//     node examples/node/story.mjs "$MARKET"
//
// MARKET is the line that `cargo run -p fabstir-examples --bin market` prints. Expected output:
//
//     > Who are you?
//     I am Fabstir Tiny, a very small language model. I know the village of Brindle.
//     > What is two plus three?
//     2 plus 3 is 5.
//     signed for 27 input and 32 output tokens
//     deposit 0.001 ETH
//        host 0.0000000527
//         fee 0.0000000093
//      refund 0.000999938
//     missing 0
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Renter, fee, formatUnits, init, parseUnits, payable } from '@fabstir/node';

const market = JSON.parse(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), 'fabstir-'));
await init();

const deposit = parseUnits('0.001', 18);
const { rpc, market: address } = market;
const renter = await Renter.connect({ rpc, market: address, key: market.renter.key, store: join(folder, 'sessions.redb') });
const [offer] = await renter.offers({ host: market.host.address });
const session = await renter.open({ deposit, host: offer.host, modelId: offer.modelId });

let signed;
for (const question of ['Who are you?', 'What is two plus three?']) {
  console.log('>', question);
  for await (const event of session.prompt(question, { temperature: 0 })) {
    if (event.type === 'token') process.stdout.write(event.text);
    if (event.type === 'voucher') signed = event;
  }
  console.log();
}
console.log(`signed for ${signed.usage.inputTokens} input and ${signed.usage.outputTokens} output tokens`);

const { feeBps, ...prices } = session.terms;
const ledger = await session.close();

// The same numbers four times: what we signed for, what the price formula says, what the chain paid, what it left.
const owed = payable(ledger.usage, prices, deposit);
assert.deepEqual(signed.usage, ledger.usage);
assert.deepEqual([signed.owed, ledger.paid, ledger.refund], [owed, owed, deposit - owed]);
const protocol = fee(ledger.paid, feeBps);
console.log(`deposit ${formatUnits(deposit, 18)} ETH`);
console.log(`   host ${formatUnits(ledger.paid - protocol, 18)}`);
console.log(`    fee ${formatUnits(protocol, 18)}`);
console.log(` refund ${formatUnits(ledger.refund, 18)}`);
console.log(`missing ${deposit - ledger.paid - ledger.refund}`);
rmSync(folder, { recursive: true });

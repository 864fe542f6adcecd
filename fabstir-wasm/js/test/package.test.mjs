// The package in Node: vectors, viem both ways, errors, and what it promises about loading.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { decodeFunctionData, encodeFunctionData, encodeEventTopics, hashTypedData, recoverTypedDataAddress } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import * as sdk from '@fabstir/sdk';
import * as slim from '@fabstir/sdk/slim';
import { check } from './vectors.mjs';

const file = (path) => new URL(`../../../${path}`, import.meta.url);
const json = async (path) => JSON.parse(await readFile(file(path), 'utf8'));
const KEY = `0x${'42'.repeat(32)}`;
const PLACE = { chainId: 31337, market: '0x5fbdb2315678afecb367f032d93f642f64180aa3' };
const address = (digit) => `0x${digit.repeat(40)}`;
const terms = {
  renter: address('1'), host: address('2'), hostSigner: address('3'), voucherSigner: address('4'), token: address('0'),
  modelId: `0x${'5'.repeat(64)}`, inputPrice: 60_000n, outputPrice: 240_000n, expiresAt: 1_800_000_000n, grace: 3600,
  feeBps: 1500, cancelBps: 0, proofCap: 0n, salt: 7n,
};

test('nothing works before init, and says so', () => {
  assert.throws(() => sdk.gross({ inputTokens: 1, outputTokens: 1 }, terms), { name: 'FabstirError', code: 'invalid_config' });
});

test('the shared vectors', async () => {
  await sdk.init();
  const count = await check(sdk, (name) => json(`vectors/${name}`));
  assert.ok(count > 1000, `${count} comparisons`);
});

test('the slim entry knows ids and prices, and no keys', async () => {
  await slim.init();
  const market = new slim.Market(PLACE);
  assert.equal(typeof market.sessionId(terms), 'bigint');
  assert.equal(slim.gross({ inputTokens: 1_000_000, outputTokens: 0 }, terms), 60_000n);
  assert.throws(() => market.digest('Voucher', {}), { code: 'invalid_value' });
  assert.equal('signDigest' in slim, false);
  await sdk.init();
});

test('viem verifies what we sign, and we verify what viem signs', async () => {
  await sdk.init();
  const market = new sdk.Market(PLACE);
  const account = privateKeyToAccount(KEY);
  assert.equal(sdk.addressOfKey(KEY), account.address.toLowerCase());
  const sessionId = market.sessionId(terms);
  const word = `0x${'ab'.repeat(32)}`;
  const counts = { sessionId, inputTokens: 12n, outputTokens: 2n ** 64n - 1n };
  const messages = {
    Terms: terms,
    Order: { terms, deposit: 10n ** 15n, deadline: 1_800_000_000n },
    Voucher: { ...counts, head: word },
    Request: { sessionId, turn: 1n, context: word, tokens: word, params: word, maxTokens: 5n, nonce: word, hostSeed: word },
    Open: { sessionId, challenge: word, channelKey: word },
    CloseRequest: { ...counts, deadline: 9n },
    Checkpoint: { ...counts, sequence: 3n, head: word },
    Close: { ...counts, deadline: 9n },
    Quote: { sessionId, validUntil: 9n },
    Hello: { challenge: word, channelKey: word },
  };
  for (const [name, message] of Object.entries(messages)) {
    const typed = market.typedData(name, message);
    assert.equal(market.digest(name, message), hashTypedData(typed), name);
    const theirs = await account.signTypedData(typed);
    sdk.verifyMessage(market, name, message, theirs, account.address);
    const ours = sdk.signMessage(market, name, message, KEY);
    assert.equal(await recoverTypedDataAddress({ ...typed, signature: ours }), account.address, name);
  }
});

test('calldata is what viem encodes from the contract\'s ABI', async () => {
  await sdk.init();
  const { abi } = await json('contracts/artifacts/SessionMarket.json');
  const market = new sdk.Market(PLACE);
  const signature = `0x${'9'.repeat(130)}`;
  const voucher = { inputTokens: 1n, outputTokens: 2n, head: terms.modelId, signature };
  const close = { inputTokens: 1n, outputTokens: 2n, deadline: 3n, signature };
  const none = { inputTokens: 0n, outputTokens: 0n, head: `0x${'0'.repeat(64)}`, signature: '0x' };
  const calls = [
    [market.createSessionJob(terms, 5n), 'createSessionJob', [terms, 5n, { validUntil: 0n, signature: '0x' }], 5n],
    [market.settle(terms, voucher), 'settle', [terms, voucher]],
    [market.completeSessionWithClose(terms, close), 'completeSessionWithClose', [terms, none, close]],
    [market.completeSessionWithClose(terms, close, voucher), 'completeSessionWithClose', [terms, voucher, close]],
    [market.cancelSession(terms, close), 'cancelSession', [terms, close]],
    [market.extendSession(terms, 5n, 2), 'extendSession', [terms, 5n, 2], 5n],
    [market.topUp({ ...terms, token: address('9') }, 5n), 'topUp', [{ ...terms, token: address('9') }, 5n]],
    [market.triggerSessionTimeout(terms), 'triggerSessionTimeout', [terms]],
    [market.invalidate(terms), 'invalidate', [terms]],
    [market.deposit(address('0'), 5n), 'deposit', [address('0'), 5n], 5n],
    [market.withdrawBalance(address('9'), 5n, address('8')), 'withdrawBalance', [address('9'), 5n, address('8')]],
    [market.authorizeDelegate(address('7'), address('9'), 5n, 6n), 'authorizeDelegate', [address('7'), address('9'), 5n, 6n]],
    [market.withdraw(address('9'), address('8')), 'withdraw', [address('9'), address('8')]],
    [
      market.createSessionJobFor(terms, 5n, { funding: 'authorization', deadline: 9n, fundingSignature: signature }),
      'createSessionJobFor',
      [terms, 5n, {
        funding: 2, deadline: 9n, orderSignature: '0x', validAfter: 0n, validBefore: 0n, fundingSignature: signature,
        quote: { validUntil: 0n, signature: '0x' },
      }],
    ],
  ];
  for (const [transaction, functionName, args, value = 0n] of calls) {
    assert.equal(transaction.data, encodeFunctionData({ abi, functionName, args }), functionName);
    assert.equal(transaction.value, value, functionName);
    assert.equal(transaction.to, market.address);
    assert.equal(decodeFunctionData({ abi, data: transaction.data }).functionName, functionName);
  }
});

test('events carry the names that the contract\'s interface gives their fields', async () => {
  await sdk.init();
  const { abi } = await json('contracts/artifacts/SessionMarket.json');
  const market = new sdk.Market(PLACE);
  const word = (number) => number.toString(16).padStart(64, '0');
  const events = abi.filter(({ type, name }) => type === 'event' && /^(Session|Balance|Delegate|Withdrawn|Refund|Held)/.test(name));
  assert.equal(events.length, 16);
  for (const event of events) {
    const flat = event.inputs.flatMap((input) => (input.components ? input.components : [input]));
    const indexed = event.inputs.filter((input) => input.indexed).length;
    const [topic] = encodeEventTopics({ abi, eventName: event.name });
    const values = flat.map((_, at) => word(at + 1));
    const log = { address: PLACE.market, topics: [topic, ...values.slice(0, indexed).map((value) => `0x${value}`)] };
    const [decoded] = market.decodeLogs([{ ...log, data: `0x${values.slice(indexed).join('')}` }]);
    assert.equal(decoded.name, event.name);
    for (const input of event.inputs) {
      const at = flat.indexOf(input);
      if (at >= 0) assert.equal(BigInt(decoded[input.name]), BigInt(at + 1), `${event.name}.${input.name}`);
      else assert.deepEqual(Object.keys(decoded.terms), input.components.map(({ name }) => name));
    }
    assert.throws(() => market.decodeLogs([{ ...log, data: '0x00' }]), { code: 'rpc_invalid' }, event.name);
  }
  assert.deepEqual(market.decodeLogs([{ address: address('9'), topics: [], data: '0x' }]), []);
});

test('values that do not fit are refused with their code', async () => {
  await sdk.init();
  const market = new sdk.Market(PLACE);
  const cases = [
    [() => market.sessionId({ ...terms, grace: 2 ** 32 }), 'overflow'],
    [() => market.sessionId({ ...terms, salt: -1n }), 'overflow'],
    [() => market.sessionId({ ...terms, renter: '0x12' }), 'invalid_value'],
    [() => market.sessionId({ ...terms, inputPrice: '1.5' }), 'invalid_value'],
    [() => market.sessionId({ ...terms, salt: undefined }), 'invalid_value'],
    [() => sdk.recoverSigner('0x12', KEY), 'invalid_value'],
    [() => sdk.addressOfKey(new Uint8Array(32)), 'invalid_value'],
    [() => sdk.parseUnits('1.2345678', 6), 'invalid_value'],
    [() => sdk.gross({ inputTokens: 2n ** 64n, outputTokens: 0n }, terms), 'overflow'],
  ];
  for (const [use, code] of cases) assert.throws(use, { name: 'FabstirError', code });
});

test('what a deposit affords is the last count that the price formula lets it pay', async () => {
  await sdk.init();
  for (const [deposit, outputPrice] of [[10n ** 15n, 1_600_000_000_000_000n], [999_999n, 1n], [0n, 3n], [7n, 2_000_000n]]) {
    const prices = { inputPrice: 0n, outputPrice };
    const most = sdk.affordable(deposit, prices);
    assert.ok(sdk.gross({ inputTokens: 0, outputTokens: most }, prices) <= deposit);
    assert.ok(sdk.gross({ inputTokens: 0, outputTokens: most + 1n }, prices) > deposit);
  }
});

test('the types name every code of the core', async () => {
  const rust = await readFile(file('fabstir-core/src/error.rs'), 'utf8');
  const types = await readFile(file('fabstir-wasm/js/src/slim.d.ts'), 'utf8');
  const codes = [...rust.matchAll(/= (\d+), "(\w+)"/g)].map(([, , name]) => name);
  const union = types.slice(types.indexOf('export type Code'), types.indexOf('/** What can go wrong. */'));
  assert.deepEqual([...union.matchAll(/'(\w+)'/g)].map(([, name]) => name), codes);
  const numbers = new Map([...rust.matchAll(/= (\d+), "(\w+)"/g)].map(([, number, name]) => [name, Number(number)]));
  const errors = await readFile(file('fabstir-wasm/js/src/errors.js'), 'utf8');
  for (const [, name, number] of errors.matchAll(/^ {2}(\w+): (\d+),$/gm)) assert.equal(numbers.get(name), Number(number), name);
});

test('a fault of the core becomes an error, and a new start repairs it', async () => {
  await sdk.init();
  const before = new sdk.Transcript({ sessionId: 1n, profile: terms.modelId, secret: KEY });
  // More than wasm32 can address: the allocator gives up, which is as deep a fault as there is.
  const huge = { length: 0xf000_0000 };
  assert.throws(() => sdk.recoverSigner(new Uint8Array(32), Object.assign(Object.create(Uint8Array.prototype), huge)), /./);
  const bytes = new Uint8Array(0xf000_0000);
  assert.throws(() => sdk.recoverSigner(bytes.subarray(0, 32), bytes), { name: 'FabstirError', code: 'internal' });
  assert.throws(() => sdk.addressOfKey(KEY), { code: 'internal' }, 'a broken core is not used on');
  await sdk.init();
  assert.match(sdk.addressOfKey(KEY), /^0x/);
  assert.throws(() => before.state, { code: 'internal' }, 'nor is what lived in it');
});

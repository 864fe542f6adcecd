// The shared vectors through the package, in Node and in Chromium alike: `check(sdk, read)` throws at the first that differs.

/** Rows of a group of columns; none would be a test that cannot fail. */
function rows(columns) {
  const names = Object.keys(columns);
  const length = columns[names[0]].length;
  if (!length) throw new Error('no cases');
  return Array.from({ length }, (_, at) => Object.fromEntries(names.map((name) => [name, columns[name][at]])));
}

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
const renamed = (row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [camel(name), value]));

let count = 0;
function equal(actual, expected, what) {
  count += 1;
  const [a, b] = [actual, expected].map((value) => String(value).toLowerCase());
  if (a !== b) throw new Error(`${what}: ${a}, expected ${b}`);
}

function refused(use, code, what) {
  count += 1;
  try {
    use();
  } catch (error) {
    if (error.code === code) return;
    throw new Error(`${what}: ${error.code}, expected ${code}`, { cause: error });
  }
  throw new Error(`${what}: nothing was thrown, expected ${code}`);
}

function settlement(sdk, vectors) {
  for (const row of rows(vectors.gross)) {
    const { name, gross, ...given } = renamed(row);
    equal(sdk.gross(given, given), gross, `gross, ${name}`);
  }
  for (const row of rows(vectors.payable)) {
    const { name, paid, deposit, ...given } = renamed(row);
    equal(sdk.payable(given, given, deposit), paid, `payable, ${name}`);
  }
  for (const { paid, fee_bps: bps, fee } of rows(vectors.fee)) equal(sdk.fee(paid, bps), fee, 'fee');
  for (const row of rows(vectors.increments)) {
    const split = sdk.increment(row.settled_before, row.settled_after, row.fee_bps);
    equal(split.host, row.host, `host, ${row.name}`);
    equal(split.fee, row.fee, `fee, ${row.name}`);
  }
  for (const row of rows(vectors.cancellation)) {
    equal(sdk.cancellationFee(row.unspent, row.cancel_bps), row.agreed, row.name);
  }
  refused(() => sdk.increment(2, 1, 0), 'voucher_backwards', 'a payment that falls');
}

const SIGNED = {
  voucher: 'Voucher', request: 'Request', open: 'Open', close_request: 'CloseRequest', checkpoint: 'Checkpoint',
  close: 'Close', quote: 'Quote', hello: 'Hello',
};

function signed(sdk, market, name, message, row) {
  equal(market.digest(name, message), row.digest, `${name} digest`);
  equal(sdk.signMessage(market, name, message, row.private_key), row.signature, `${name} signature`);
  sdk.verifyMessage(market, name, message, row.signature, row.signer);
  const zero = `0x${'0'.repeat(40)}`;
  refused(() => sdk.verifyMessage(market, name, message, row.signature, zero), 'wrong_signer', name);
}

function messages(sdk, vectors) {
  const market = (row) => new sdk.Market({ chainId: row.chain_id, market: row.market });
  for (const row of rows(vectors.domains)) equal(market(row).separator(), row.separator, 'domain');
  const terms = rows(vectors.terms);
  for (const row of terms) equal(market(row).sessionId(renamed(row)), row.session_id, 'session id');
  for (const [group, name] of Object.entries(SIGNED)) {
    for (const row of rows(vectors[group])) signed(sdk, market(row), name, renamed(row), row);
  }
  for (const row of rows(vectors.order)) {
    const at = terms[Number(row.terms)];
    const order = { terms: renamed(at), deposit: row.deposit, deadline: row.deadline };
    signed(sdk, market(at), 'Order', order, row);
  }
  for (const row of rows(vectors.accepted)) equal(sdk.recoverSigner(row.digest, row.signature), row.signer, row.name);
  for (const row of rows(vectors.refused)) {
    const recover = () => sdk.recoverSigner(row.digest, row.signature);
    if (row.verdict === 'bad_signature') refused(recover, 'bad_signature', row.name);
    else equal(recover(), row.recovered, row.name);
  }
}

function replay(sdk, history) {
  const { session_id: sessionId, profile, secret, name } = history;
  const transcript = new sdk.Transcript({ sessionId, profile, secret });
  equal(transcript.state.salt, history.salt, `${name}, salt`);
  for (const op of history.ops) {
    if (op.op === 'begin_turn') transcript.beginTurn();
    else if (op.op === 'feed') transcript.feed(op.tokens, op.fingerprint);
    else if (op.op === 'sample') transcript.sample(...op.tokens);
    else if (op.op === 'reread') transcript.reread(op.tokens);
    else if (op.op === 'edit') transcript.edit(op.a, op.b);
    else if (op.op === 'checkpoint') transcript.checkpoint(op.fingerprints);
    else throw new Error(`no such operation: ${op.op}`);
    for (const [field, value] of Object.entries(op.expect ?? {})) {
      const ours = { sequence: 'sequence', input_tokens: 'inputTokens', output_tokens: 'outputTokens' }[field] ?? field;
      if (ours in transcript.state) equal(transcript.state[ours], value, `${name}, ${op.op}: ${field}`);
    }
  }
  transcript.free();
}

function transcript(sdk, vectors) {
  for (const row of rows(vectors.models)) equal(sdk.modelId(row), row.model_id, 'model id');
  for (const row of rows(vectors.profiles)) equal(sdk.profileHash(renamed(row)), row.hash, 'profile');
  for (const history of vectors.histories) replay(sdk, history);
}

/** Runs every vector; returns how many were compared. */
export async function check(sdk, read) {
  count = 0;
  settlement(sdk, await read('settlement.json'));
  messages(sdk, await read('messages.json'));
  transcript(sdk, await read('transcript.json'));
  return count;
}

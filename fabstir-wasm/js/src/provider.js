import { FabstirError } from './errors.js';

const POLL_MS = 500;

/** An EIP-1193 provider over an endpoint's URL, for pages and programs without a wallet. */
export function httpProvider(url) {
  let id = 0;
  return {
    async request({ method, params = [] }) {
      id += 1;
      const body = JSON.stringify({ jsonrpc: '2.0', id, method, params });
      let answer;
      try {
        const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
        answer = await response.json();
      } catch (cause) {
        throw new FabstirError('rpc_unavailable', `${url} does not answer ${method}`, { cause, retryable: true });
      }
      if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
      return answer.result;
    },
  };
}

/** Asks a provider; what it refuses becomes a FabstirError with the wallet's or node's own error as its cause. */
export async function request(provider, method, params) {
  try {
    return await provider.request({ method, params });
  } catch (cause) {
    if (cause instanceof FabstirError) throw cause;
    const code = cause?.code === 4001 ? 'unauthorized' : cause?.code === 3 ? 'reverted' : 'rpc_unavailable';
    throw new FabstirError(code, `${method}: ${cause?.message ?? cause}`, { cause });
  }
}

/** Sends one of the market's transactions from an account; returns its hash. */
export function sendTransaction(provider, from, { to, data, value }) {
  const transaction = { from, to, data, value: `0x${value.toString(16)}` };
  return request(provider, 'eth_sendTransaction', [transaction]);
}

/** Waits until a transaction is mined and throws if it reverted. */
export async function waitForReceipt(provider, hash, { signal, timeout = 120_000 } = {}) {
  const deadline = Date.now() + timeout;
  for (;;) {
    signal?.throwIfAborted();
    const receipt = await request(provider, 'eth_getTransactionReceipt', [hash]);
    if (receipt && BigInt(receipt.status)) return receipt;
    if (receipt) throw new FabstirError('reverted', `transaction ${hash} was reverted`);
    if (Date.now() > deadline) {
      throw new FabstirError('transaction_timeout', `transaction ${hash} is not mined yet`, { retryable: true });
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Has a wallet sign typed data; numbers go out as decimal strings, as wallets expect them. */
export function signTypedData(provider, account, typedData) {
  const types = { EIP712Domain: DOMAIN_TYPE, ...typedData.types };
  const write = (_, value) => (typeof value === 'bigint' ? value.toString() : value);
  return request(provider, 'eth_signTypedData_v4', [account, JSON.stringify({ ...typedData, types }, write)]);
}

const DOMAIN_TYPE = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
];

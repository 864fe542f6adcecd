import { httpProvider } from '@fabstir/sdk/bundler';

/** Wallets that announce themselves (EIP-6963), the one that was there before that, and the local chain's test account. */
export async function wallets(place) {
  const found = new Map();
  addEventListener('eip6963:announceProvider', ({ detail: { info, provider } }) => {
    found.set(info.uuid, { name: info.name, connect: () => injected(provider) });
  });
  dispatchEvent(new Event('eip6963:requestProvider'));
  // Wallets answer at once; a turn of the event loop is all they need.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const list = [...found.values()];
  if (!list.length && globalThis.ethereum) list.push({ name: 'browser wallet', connect: () => injected(globalThis.ethereum) });
  if (place.renter && place.rpc) list.push({ name: 'test account', local: true, connect: async () => local(place) });
  return list;
}

async function injected(provider) {
  const [account] = await provider.request({ method: 'eth_requestAccounts' });
  return { provider, account };
}

/** An account that the local chain itself signs for: its keys are public, its coins worth nothing. */
function local(place) {
  return { provider: httpProvider(place.rpc), account: place.renter.address };
}

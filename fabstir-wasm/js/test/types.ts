// The types as a user meets them; `tsc --noEmit` compiles this and nothing runs it.
import { FabstirError, Market, Renter, httpProvider, indexedDbStore, init, type SessionEvent, type Transaction } from '@fabstir/sdk';
import { Market as SlimMarket, gross } from '@fabstir/sdk/slim';

export async function conversation(): Promise<string> {
  await init();
  const market = new Market({ chainId: 8453, market: '0x00000000000000000000000000000000000fab57' });
  const provider = httpProvider('http://127.0.0.1:8545');
  const account = '0x0000000000000000000000000000000000000001';
  const renter = new Renter({ provider, account, market, store: indexedDbStore() });
  const [offer] = await renter.offers();
  if (!offer) throw new FabstirError('unknown_session', 'no host');
  const session = await renter.open(offer, { deposit: 10n ** 15n });
  let text = '';
  for await (const event of session.prompt('Where is the cat?', { signal: AbortSignal.timeout(1000), maxTokens: 32 })) {
    text += shown(event);
  }
  const { paid, refund } = await renter.close(session);
  const left: bigint = session.deposit - paid - refund;
  return text + left;
}

function shown(event: SessionEvent): string {
  switch (event.type) {
    case 'token':
      return event.text;
    case 'voucher':
      return `${event.owed satisfies bigint}`;
    default:
      return '';
  }
}

export function slim(market: SlimMarket, terms: Parameters<Market['sessionId']>[0]): Transaction {
  const cost: bigint = gross({ inputTokens: 1, outputTokens: 2n }, terms);
  // @ts-expect-error a number is no amount of money
  const wrong: number = cost;
  // @ts-expect-error the slim entry has no keys
  void (market as unknown as { sign: never }).sign.key;
  void wrong;
  return market.createSessionJob(terms, cost);
}

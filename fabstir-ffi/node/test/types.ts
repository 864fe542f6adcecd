// What the types promise, checked by the compiler alone.
import { Host, Model, Queue, RenderJob, Renter, text, type Ledger, type SessionEvent } from '@fabstir/node';

export async function rent(signal: AbortSignal): Promise<Ledger> {
  const key = new Uint8Array(32);
  const renter = await Renter.connect({ rpc: 'http://127.0.0.1:8545', market: '0x00', key, store: 'sessions.redb' });
  const session = await renter.open({ deposit: 10n ** 15n });
  for await (const event of session.prompt('Hello', { signal, temperature: 0 })) show(event);
  const whole: string = await text(session.prompt([{ role: 'user', content: 'And?' }]));
  console.log(whole, session.terms.inputPrice + 1n);
  // @ts-expect-error amounts are bigints or integers, never texts
  await session.topUp('1');
  return session.close();
}

function show(event: SessionEvent): void {
  if (event.type === 'token') console.log(event.text);
  else if (event.type === 'voucher') console.log(event.owed + 1n, event.usage.inputTokens);
}

export async function sell(): Promise<void> {
  const model = await Model.load('model.gguf', { sequences: 4 });
  const queue = new Queue('own', { vocabulary: 10, templateOverhead: 2 });
  const host = new Host({ rpc: 'x', market: '0x00', key: new Uint8Array(32), journal: 'host.redb' });
  host.serve(model, { input: 1n, output: 2n });
  host.serve(queue, { input: 1, output: 2, token: '0x00' });
  await host.start();
  for await (const job of queue) {
    if (job instanceof RenderJob) job.answer([1, 2]);
    else if (await job.push(1, 'a')) job.finish();
  }
  // @ts-expect-error a session is opened by a renter
  new Model(1);
}

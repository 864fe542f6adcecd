import { Native, bytes, call, read, settings } from './native.js';
import { Model } from './model.js';

/** Something that a renter's prompt needs of this program. */
class Job extends Native {
  constructor(handle, asked) {
    super(handle, 'jobFree');
    Object.assign(this, asked);
  }

  get cancelled() {
    return call('jobCancelled', this.handle);
  }

  fail(message) {
    call('jobFail', this.handle, message);
    this.free();
  }
}

/** Messages to turn into tokens. */
export class RenderJob extends Job {
  answer(tokens) {
    call('jobRender', this.handle, Array.from(tokens));
    this.free();
  }
}

/** An answer to make. */
export class AnswerJob extends Job {
  write(text) {
    return call('jobWrite', this.handle, text);
  }

  push(token, text) {
    return call('jobPush', this.handle, token, Buffer.from(text));
  }

  finish({ complete = true } = {}) {
    call('jobFinish', this.handle, complete);
    this.free();
  }
}

/** A model that this program serves. */
export class Queue extends Native {
  constructor(name, options = {}) {
    super(call('queueNew', settings({ name, ...options })), 'queueFree');
  }

  get modelId() {
    return call('queueModelId', this.handle);
  }

  /** The next job; undefined once the queue is closed. */
  async next() {
    const handle = await call('queueNext', this.handle);
    if (handle === null) return undefined;
    const { kind, ...asked } = read(call('jobJson', handle));
    if (kind === 'render') return new RenderJob(handle, asked);
    const numbers = { sequence: BigInt(asked.sequence), ended: asked.ended.map(BigInt) };
    return new AnswerJob(handle, { ...asked, ...numbers });
  }

  async *[Symbol.asyncIterator]() {
    for (let job = await this.next(); job; job = await this.next()) yield job;
  }

  /** Answers with what a function yields, as many at once as are asked for, until the queue is closed. */
  async serve(answer, { onError = () => {} } = {}) {
    for await (const job of this) void this.#answer(job, answer, onError);
  }

  async #answer(job, answer, onError) {
    try {
      if (job instanceof RenderJob) return job.fail('this program deals in text');
      for await (const piece of answer(job)) if (!(await job.write(piece))) return job.free();
      return job.finish();
    } catch (error) {
      onError(error);
      return job.fail('the program behind this model failed');
    }
  }

  close() {
    call('queueClose', this.handle);
  }
}

/** A host. */
export class Host extends Native {
  constructor({ key, accountKey, ...options }) {
    const account = accountKey === undefined ? null : bytes(accountKey, 32, 'account key');
    super(call('hostNew', settings(options), bytes(key, 32, 'key'), account), 'hostFree');
  }

  serve(model, { input, output, token }) {
    const prices = settings([{ token, input: BigInt(input), output: BigInt(output) }]);
    call(model instanceof Model ? 'hostServeModel' : 'hostServeQueue', this.handle, model.handle, prices);
  }

  start() {
    return call('hostStart', this.handle);
  }

  async register() {
    return JSON.parse(await call('hostRegister', this.handle));
  }

  get state() {
    return read(call('hostState', this.handle));
  }

  get url() {
    return this.state.url;
  }

  stop() {
    return call('hostStop', this.handle);
  }
}

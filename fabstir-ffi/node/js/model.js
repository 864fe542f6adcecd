import { Native, call, read, settings } from './native.js';
import { answer } from './answer.js';

/** A GGUF, loaded. */
export class Model extends Native {
  static async load(path, options = {}) {
    return new Model(await call('modelLoad', settings({ path, ...options })));
  }

  constructor(handle) {
    super(handle, 'modelFree');
  }

  get info() {
    const info = read(call('modelInfo', this.handle));
    return { ...info, size: BigInt(info.size) };
  }

  async *generate(asked, { signal, ...options } = {}) {
    const messages = typeof asked === 'string' ? [{ role: 'user', content: asked }] : asked;
    const prompt = typeof messages[0] === 'number' ? { tokens: messages } : { messages };
    const handle = await call('generationNew', this.handle, settings({ ...prompt, ...options }));
    yield* answer('generation', handle, signal, () => call('generationFree', handle));
  }
}

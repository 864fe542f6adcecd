// What is pure comes from the WebAssembly: one truth. What is native takes precedence over its namesake there.
export * from '@fabstir/sdk';
export { text } from './answer.js';
export { AnswerJob, Host, Queue, RenderJob } from './host.js';
export { Model } from './model.js';
export { Renter, Session } from './renter.js';

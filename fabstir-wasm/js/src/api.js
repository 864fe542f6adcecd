export * from './slim-api.js';
export {
  addressOfKey, generateKey, messageSigner, publicKeyOf, recoverSigner, signDigest, signMessage, verifyMessage,
} from './keys.js';
export { Renter } from './renter.js';
export { Session, storeKey } from './session.js';
export { indexedDbStore, memoryStore } from './store.js';
export { Transcript, modelId, profileHash } from './transcript.js';

import { Held, call } from './core.js';
import { Reader, join, pack, toBytes, toHex } from './words.js';

const PROFILE = {
  modelId: 'bytes32', kvTypeK: 'uint8', kvTypeV: 'uint8', flashAttention: 'bool', contextLength: 'uint32',
  vocabulary: 'uint32', runtime: 'bytes32', sampler: 'bytes32',
};
const STATE = {
  salt: 'bytes32', head: 'bytes32', context: 'bytes32', sequence: 'uint64', turn: 'uint64', position: 'uint64',
  inputTokens: 'uint64', outputTokens: 'uint64',
};

/** The id of a model file, from its BLAKE3 and size. */
export function modelId(file) {
  const words = pack({ blake3: 'bytes32', size: 'uint64' }, file);
  return toHex(call((core) => core.modelId(words)));
}

/** The digest of everything that decides which tokens come out. */
export function profileHash(profile) {
  const words = pack(PROFILE, profile);
  return toHex(call((core) => core.profileHash(words)));
}

/** A session's transcript, to be replayed: the same calls in the same order give the heads that the host signed. */
export class Transcript extends Held {
  constructor({ sessionId, profile, secret }) {
    const fields = { sessionId: 'uint256', profile: 'bytes32', secret: 'bytes32' };
    const words = pack(fields, { sessionId, profile, secret });
    super((core) => new core.SessionTranscript(words));
  }

  beginTurn() {
    this.call((transcript) => transcript.beginTurn());
  }

  feed(tokens, fingerprint = new Uint8Array(32)) {
    this.call((transcript) => transcript.feed(Uint32Array.from(tokens), toBytes(fingerprint, 32)));
  }

  sample(...tokens) {
    this.call((transcript) => transcript.sample(Uint32Array.from(tokens)));
  }

  reread(tokens) {
    this.call((transcript) => transcript.reread(Uint32Array.from(tokens)));
  }

  edit(start, end) {
    this.call((transcript) => transcript.edit(BigInt(start), BigInt(end)));
  }

  checkpoint(fingerprints = []) {
    const words = join(...fingerprints.map((fingerprint) => toBytes(fingerprint, 32)));
    this.call((transcript) => transcript.checkpoint(words));
  }

  get state() {
    return new Reader(this.call((transcript) => transcript.state())).struct(STATE);
  }
}

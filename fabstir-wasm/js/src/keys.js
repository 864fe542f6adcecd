import { call } from './core.js';
import { FabstirError } from './errors.js';
import { random32, toBytes, toHex } from './words.js';

/** A new private key, from the platform's randomness. */
export function generateKey() {
  for (;;) {
    const key = random32();
    try {
      call((core) => core.addressOfKey(key));
      return key;
    } catch (error) {
      // One in 2^128 is no key.
      if (error.code !== 'invalid_value') throw error;
    }
  }
}

/** The address of a private key. */
export function addressOfKey(key) {
  return toHex(call((core) => core.addressOfKey(toBytes(key, 32))));
}

/** The compressed public key of a private key, 33 bytes. */
export function publicKeyOf(key) {
  return call((core) => core.publicKey(toBytes(key, 32)));
}

/** Signs a digest: deterministic, low s, v 27 or 28. */
export function signDigest(digest, key) {
  return toHex(call((core) => core.signDigest(toBytes(digest, 32), toBytes(key, 32))));
}

/** Who signed a digest. */
export function recoverSigner(digest, signature) {
  return toHex(call((core) => core.recoverSigner(toBytes(digest), toBytes(signature))));
}

/** Signs a message in a market's domain. */
export function signMessage(market, primaryType, message, key) {
  return signDigest(market.digest(primaryType, message), key);
}

/** Who signed a message in a market's domain. */
export function messageSigner(market, primaryType, message, signature) {
  return recoverSigner(market.digest(primaryType, message), signature);
}

/** Throws unless `expected` signed a message in a market's domain. */
export function verifyMessage(market, primaryType, message, signature, expected) {
  const actual = messageSigner(market, primaryType, message, signature);
  if (BigInt(actual) !== BigInt(expected)) {
    throw new FabstirError('wrong_signer', `signed by ${actual}, expected ${expected}`, { number: 201 });
  }
}

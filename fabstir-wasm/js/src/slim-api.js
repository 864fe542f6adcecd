export { FabstirError } from './errors.js';
export { Chain } from './chain.js';
export { Market, approve, calldata } from './market.js';
export { httpProvider, sendTransaction, signTypedData, waitForReceipt } from './provider.js';
export { affordable, cancellationFee, fee, formatUnits, gross, increment, parseUnits, payable } from './quotes.js';
export { toBytes, toHex } from './words.js';

import { FabstirError } from './errors.js';

const TABLE = 'sessions';

/** Sessions kept as long as the page is open. */
export function memoryStore() {
  const records = new Map();
  return {
    get: async (id) => records.get(id),
    put: async (id, record) => void records.set(id, record),
    delete: async (id) => void records.delete(id),
    ids: async () => [...records.keys()],
  };
}

/** Sessions kept in the browser's IndexedDB. They hold voucher keys: whoever can run scripts on the origin has them. */
export function indexedDbStore(name = 'fabstir') {
  let opening;
  const database = () => {
    opening ??= settled(indexedDB.open(name, 1), (request) => {
      request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
    });
    return opening;
  };
  const use = async (mode, act) => {
    const transaction = (await database()).transaction(TABLE, mode);
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(failed(transaction.error));
    });
    const result = await settled(act(transaction.objectStore(TABLE)));
    // A record is kept once its transaction is complete, not before.
    await done;
    return result;
  };
  return {
    get: (id) => use('readonly', (table) => table.get(id)),
    put: (id, record) => use('readwrite', (table) => table.put(record, id)).then(() => {}),
    delete: (id) => use('readwrite', (table) => table.delete(id)).then(() => {}),
    ids: () => use('readonly', (table) => table.getAllKeys()),
  };
}

function settled(request, prepare) {
  return new Promise((resolve, reject) => {
    prepare?.(request);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(failed(request.error));
    request.onblocked = () => reject(failed(new Error('blocked by another tab')));
  });
}

function failed(cause) {
  return new FabstirError('storage', `the browser's storage: ${cause?.message ?? cause}`, { cause, retryable: true });
}

// What this browser keeps, in IndexedDB: identities (keys that cannot be read out) and drafts.
//
// Drafts hold what was typed about a child, so they are never kept in clear: each is sealed with AES-GCM under a key
// that cannot be read out either. sessionStorage would be simpler, but browsers write it to disk in clear, and a phone
// that drops the tab at 02:00 drops it too. Whoever can unlock this browser's profile can still open the pages and read a draft;
// that is what a draft is for. Drafts go when the event is signed, on signing out, and after a day.

const DAY_MS = 86_400_000;

let opened;

/** The database; one connection per page. */
function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("sijill-desk", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("identities", { keyPath: "kid" });
      request.result.createObjectStore("drafts", { keyPath: "id" });
      request.result.createObjectStore("secrets");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

/** Runs `act` on a store and waits until it is on disk. */
async function within(store, mode, act) {
  const transaction = (await database()).transaction(store, mode, { durability: "strict" });
  const request = act(transaction.objectStore(store));
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
  return request?.result;
}

/** Keeps an identity: `{kid, key, x, agency, officer, origin, made}`; `made` in Unix milliseconds. */
export async function keepIdentity(identity) {
  // Asks not to be cleared when the disk is full; a browser may say no, and the key can then be lost.
  await navigator.storage?.persist?.();
  await within("identities", "readwrite", (store) => store.put(identity));
}

/** All identities of this browser, the newest first. */
export async function identities() {
  const all = await within("identities", "readonly", (store) => store.getAll());
  return all.sort((a, b) => b.made - a.made);
}

/** The identity of a key, if this browser holds it. */
export const identity = (kid) => within("identities", "readonly", (store) => store.get(kid));

/** Forgets a key for good. */
export const forgetIdentity = (kid) => within("identities", "readwrite", (store) => store.delete(kid));

/** The key that seals drafts; made once. */
async function draftKey() {
  const held = await within("secrets", "readonly", (store) => store.get("drafts"));
  if (held) return held;
  const fresh = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  // Another tab may have been first: `add` refuses to overwrite, and then its key is the one.
  await within("secrets", "readwrite", (store) => store.add(fresh, "drafts")).catch(() => {});
  return within("secrets", "readonly", (store) => store.get("drafts"));
}

/** Keeps a draft, any value that JSON can hold. `id` names the form and the officer. */
export async function keepDraft(id, value) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const additionalData = new TextEncoder().encode(id);
  const text = new TextEncoder().encode(JSON.stringify(value));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, await draftKey(), text);
  await within("drafts", "readwrite", (store) => store.put({ id, iv, sealed, kept: Date.now() }));
}

/** The draft, or nothing if there is none, it is a day old, or it cannot be opened. */
export async function draft(id) {
  const held = await within("drafts", "readonly", (store) => store.get(id));
  if (!held) return undefined;
  if (Date.now() - held.kept > DAY_MS) return forgetDraft(id);
  const additionalData = new TextEncoder().encode(id);
  try {
    const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv: held.iv, additionalData }, await draftKey(), held.sealed);
    return JSON.parse(new TextDecoder().decode(text));
  } catch {
    return forgetDraft(id);
  }
}

/** Forgets a draft. */
export const forgetDraft = (id) => within("drafts", "readwrite", (store) => void store.delete(id));

/** Forgets all drafts: on signing out. */
export const forgetDrafts = () => within("drafts", "readwrite", (store) => void store.clear());

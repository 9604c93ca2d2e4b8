// Bytes and their text forms. base64url is RFC 4648 §5, unpadded and canonical (docs/ledger-format.md, Annex A).

const utf8 = new TextEncoder();

/** The UTF-8 bytes of a text. */
export const bytesOf = (text) => utf8.encode(text);

/** base64url of bytes, without padding. */
export function base64url(bytes) {
  let binary = "";
  for (const byte of new Uint8Array(bytes)) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The bytes of canonical base64url; throws on anything else. */
export function fromBase64url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new TypeError("not base64url");
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  // atob forgives unused bits that are not zero; a second spelling of the same bytes would have another hash.
  if (base64url(bytes) !== text) throw new TypeError("not canonical base64url");
  return bytes;
}

/** SHA-256 of bytes, as bytes. */
export const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

/** `length` bytes from the browser's random source. */
export const randomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));

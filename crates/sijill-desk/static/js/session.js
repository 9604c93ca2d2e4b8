// Signing in: whoever holds a key proves it by signing a fresh challenge.

import { sign, signInMessage } from "./key.js";
import { call } from "./ledger.js";

/** Signs in with an identity of this browser; afterwards it has a session. Where its officer begins. */
export async function signIn({ kid, key }) {
  const { nonce } = await call("POST", "/desk/session/challenge");
  const signature = await sign(key, signInMessage(location.origin, nonce, kid));
  const { home } = await call("POST", "/desk/session", { nonce, kid, signature });
  return home;
}

// Signs what standard input says, for the round trip with the ledger's own parser (`tests/javascript.rs`).

import { readFileSync } from "node:fs";

import { fromBase64url } from "../../static/js/bytes.js";
import { possessionMessage, publicJwk, sign, signInMessage, thumbprint } from "../../static/js/key.js";
import { signEvent } from "../../static/js/sd_jwt.js";
import { keyFromSeed } from "./vectors.js";

const { seed, x, agency, officer, origin, prepared, event, site, nonce } = JSON.parse(readFileSync(0, "utf8"));
const key = await keyFromSeed(fromBase64url(seed));
const kid = await thumbprint(publicJwk(x));
const answer = {
  kid,
  event: await signEvent({ kid, key, agency, officer, origin }, prepared, event),
  possession: await sign(key, possessionMessage(origin, agency, officer, kid)),
  signIn: await sign(key, signInMessage(site, nonce, kid)),
};
process.stdout.write(JSON.stringify(answer));

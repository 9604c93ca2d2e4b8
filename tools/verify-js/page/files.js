// Which file somebody chose: told by what is in it, never by its name.

import { bytesOf, hexOf, Refused, require, textOf } from "../bytes.js";
import { Event } from "../event.js";
import { readEvidence, unpacked } from "../evidence.js";
import { readTrust } from "../held.js";
import { isObject, strictJson } from "../json.js";
import { Checkpoint, Receipt } from "../note.js";
import { sha256 } from "../sha256.js";
import { say } from "./words.js";

const JWT = /^[\w-]+\.[\w-]+\.[\w-]+(?:~[\w-]+)*~?\s*$/;

/** What a file is (`kind`), and what is read of it; or `why` it cannot be read. */
export async function recognise(name, raw) {
  try {
    return { name, raw, print: hexOf(sha256(raw)), ...await reading(raw) };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { name, kind: "unknown", why: () => say("unknown", { why: error.message }) };
  }
}

async function reading(raw) {
  const bytes = await unpacked(raw);
  const text = textOf(bytes);
  if (/^\s*\{/.test(text)) {
    const value = strictJson(text);
    if (isObject(value) && value.sijill === "trust/1") return { kind: "trust", value: readTrust(bytes) };
    if (isObject(value) && "proof" in value) return { kind: "receipt", value: new Receipt(value) };
    return { kind: "evidence", value: await readEvidence(bytes) };
  }
  if (JWT.test(text)) {
    const jwt = bytesOf(text.trim().split("~")[0]);
    return { kind: "event", value: { jwt, event: new Event(jwt) } };
  }
  require(text.includes("\n\n"), say("notOne"));
  return { kind: "checkpoint", value: new Checkpoint(bytes) };
}

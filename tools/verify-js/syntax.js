// The syntax of every member (docs/ledger-format.md, Annex A): a rule is a pattern for strings, or a function. Other files
// add the rules of what they read.

import { fromBase64url } from "./bytes.js";
import { isGoodPoint } from "./ed25519.js";
import { isObject } from "./json.js";

const CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]";
const DATE_TIME = new RegExp(
  `^([0-9]{4})-([0-9]{2})-([0-9]{2})T(${CLOCK}):([0-5][0-9])(?:\\.([0-9]{1,9}))?(?:Z|([+-])(${CLOCK}))$`);
const FOUR_CENTURIES = 146_097 * 86_400_000;

/** Unix milliseconds, rounded down, of an RFC 3339 date-time; undefined if it is not one. */
export function instantMs(text) {
  const found = typeof text === "string" && DATE_TIME.exec(text);
  if (!found) return undefined;
  const [year, month, day] = found.slice(1, 4).map(Number);
  // Date takes the years 0 to 99 for those of the last century; the calendar repeats itself every four.
  const shifted = year + 400;
  const last = new Date(Date.UTC(shifted, month, 0)).getUTCDate();
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > last) return undefined;
  const minutes = (clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
  const offset = found[8] ? (found[7] === "-" ? -1 : 1) * minutes(found[8]) : 0;
  return Date.UTC(shifted, month - 1, day) - FOUR_CENTURIES + (minutes(found[4]) - offset) * 60_000
    + Number(found[5]) * 1000 + Number((found[6] ?? "").padEnd(3, "0").slice(0, 3));
}

const AGENCY = "(?!ledger$)[a-z0-9][a-z0-9-]{0,31}";
export const ORIGIN = "[!-*,-~]{1,255}";

function pattern(text, flags = "") {
  const compiled = new RegExp(`^(?:${text})$`, flags);
  return (value) => typeof value === "string" && compiled.test(value);
}

function isKey(value) {
  return shaped(value, "crv kty x=hash") && isGoodPoint(fromBase64url(value.x));
}

const isInteger = (value) => typeof value === "number" && value >= 0; // strict JSON has no others that are numbers
const isCount = (value) => isInteger(value) && value > 0;

const RULES = {
  int: isInteger, count: isCount, v: (value) => isCount(value) && value <= 9999,
  time: (value) => instantMs(value) !== undefined,
  object: isObject, array: Array.isArray, string: (value) => typeof value === "string",
  bool: (value) => typeof value === "boolean",
  hash: pattern("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"), // 32 bytes; the last character has two unused bits
  salt: pattern("[A-Za-z0-9_-]{21}[AQgw]"), signature: pattern("[A-Za-z0-9_-]{85}[AQgw]"), // 16 and 64 bytes
  id: pattern("[a-z0-9][a-z0-9-]{0,31}"), agency: pattern(AGENCY), officer: pattern("[a-z0-9][a-z0-9._-]{0,63}"),
  word: pattern("[a-z][a-z0-9_]{0,63}"), origin: pattern(ORIGIN),
  stream: pattern(`ledger|log|agency/${AGENCY}|(contact|case|auto|access)/[A-Za-z0-9][A-Za-z0-9._-]{0,127}`),
  type: pattern("(?=.{1,64}$)[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)+"),
  jti: pattern("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
  alg: pattern("Ed25519|EdDSA"), typ: pattern("case-event\\+sd-jwt"), _sd_alg: pattern("sha-256"),
  crv: pattern("Ed25519"), kty: pattern("OKP"),
  seen: (value) => shaped(value, "size=count root=hash"), key: isKey,
};

/** Adds rules: functions, or patterns as text. */
export function addRules(rules) {
  for (const [name, rule] of Object.entries(rules)) RULES[name] = typeof rule === "string" ? pattern(rule, "su") : rule;
}

export function fits(rule, value) {
  return RULES[rule](value);
}

const shapes = new Map();

function shapeOf(text) {
  if (!shapes.has(text)) {
    const terms = [...text.matchAll(/(\w+)(\??)=?(\w*)/g)];
    shapes.set(text, new Map(terms.map(([, name, optional, rule]) => [name, [rule || name, optional === "?"]])));
  }
  return shapes.get(text);
}

/** Whether `value` is an object of just the members listed: `name`, `name?` if optional, `name=RULE`. */
export function shaped(value, text) {
  if (!isObject(value)) return false;
  const shape = shapeOf(text);
  for (const name in value) if (!shape.has(name)) return false;
  for (const [name, [rule, optional]] of shape) {
    if (name in value ? !RULES[rule](value[name]) : !optional) return false;
  }
  return true;
}

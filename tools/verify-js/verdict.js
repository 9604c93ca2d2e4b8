// The verdict as JSON: docs/ledger-format.md Annex D.

import { base64url } from "./bytes.js";

const AUTHORITY = ["key-not-valid", "not-authorised", "heads"];
const QUIET = ["ledger", "agency", "log"]; // streams whose entries are no exhibits
const NOT_RUN = { status: "not_run", checked: 0, why: "this verifier does not know this level" };

function level(atFault, checked, unchecked, reasons) {
  const why = reasons.filter(Boolean).join("; ") || null;
  return { status: atFault ? "faults" : unchecked > 0 ? "partial" : "clean", checked, unchecked, why };
}

export function report(audit) {
  const { point, entries, unchecked, replayed } = audit;
  const faults = [...audit.faults.values()].sort((one, other) => (one.index ?? -1) - (other.index ?? -1)
    || (one.code < other.code ? -1 : Number(one.code > other.code)));
  const size = point?.size ?? 0n;
  const absent = size - BigInt(audit.counted);
  const [atAuthority, atIntegrity] = [true, false].map((wanted) => faults.some(({ code }) => AUTHORITY.includes(code) === wanted));
  const integrity = level(atIntegrity, entries - unchecked, absent + BigInt(unchecked), [
    absent && `${absent} entries are not there`,
    unchecked && `${unchecked} have disclosures withheld or erased, or rest on entries that are not held`]);
  const unplayed = absent + BigInt(entries - replayed);
  const unjudged = unplayed < size ? unplayed : size;
  const authority = level(atAuthority, replayed, unjudged, [unjudged && `${unjudged} entries could not be judged`]);
  const notRun = { ...NOT_RUN, unchecked: size };
  return {
    origin: point?.origin ?? null, size: point?.size ?? null, root: point ? base64url(point.root) : null, entries,
    anchored: audit.trust !== undefined,
    levels: { integrity, authority: point ? authority : notRun, rules: notRun, figures: notRun },
    faults, intervals: audit.intervals ?? null,
    ...(audit.source.whole || !point ? {} : { exhibits: exhibits(audit, faults) }),
    seconds: audit.seconds ?? 0,
  };
}

function exhibits(audit, faults) {
  const shown = audit.exhibits.filter(({ event }) => !QUIET.includes(event.place.kind));
  return shown.map(({ index, received, event: { payload }, entry }) => ({
    index, stream: payload.stream, seq: payload.seq, type: payload.type, iss: payload.iss, sub: payload.sub, act: payload.act ?? null,
    iat: payload.iat, occurred: payload.occurred ?? null, received, after: entry.after ?? null, before: entry.before ?? null,
    faults: faults.filter((fault) => fault.index === index).map(({ code }) => code),
  }));
}

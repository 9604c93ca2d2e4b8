// What `data` holds, by stream and event type, and what an action of a proposal holds, by its `do`: docs/ledger-format.md
// Annex B, docs/casework.md §1. In the notation of `shaped`.

import { bytesOf, Refused } from "./bytes.js";
import { isObject } from "./json.js";
import { Policy } from "./policy.js";
import { addRules, fits, shaped } from "./syntax.js";

/** The grant that a role needs of its agency; a registrar needs none. */
export const GRANT_OF_ROLE = {
  registrar: undefined, casework: "casework", importer: "casework", specialist: "casework", supervisor: "casework",
  auditor: "audit", oversight: "oversight", mirror: "mirror",
};
export const NOT_IN_CASES = ["ledger", "proposal", "agency", "unit", "officer", "key", "roles", "certificate", "log", "heads"];

export const GENESIS = "origin log_key=key operator_key=key services clock founders quorum=count witnesses rules=released";
export const EVENTS = {
  ledger: {
    "ledger.ratified": "created=hash", "proposal.opened": "action effective?=time", "proposal.approved": "proposal=hash",
    "holiday.announced": "calendar=id from=day to=day name",
  },
  agency: {
    "unit.opened": "unit=id name", "unit.renamed": "unit=id name", "unit.closed": "unit=id",
    "unit.calendar_set": "unit=id calendar=id",
    "officer.enrolled": "officer kind unit=id roles key proof", "officer.moved": "officer unit=id",
    "officer.removed": "officer reason=word", "roles.set": "officer roles",
    "certificate.granted": "officer certificate=id expires=time", "key.added": "officer key proof",
    "key.revoked": "kid=hash reason=word", "key.compromised": "kid=hash since=time",
  },
  log: {
    "heads.committed": "size=count streams=hash keys=hash",
    "projection.attested": "size=count models buckets", "log.witnessed": "checkpoint=string",
    "audit.recorded": "size=count root=hash entries?=count anchored=bool levels faults tool=id version=officer started=time ended=time",
    "figures.published": "month=count size=count version=count figures stocks",
  },
};
export const CALENDAR_TYPES = ["holiday.announced", "unit.calendar_set"]; // from rule-set 2 on

const ACTIONS = {
  "agency.admit": "agency name root_key=key proof grants member=bool quorum?=count",
  "agency.remove": "agency quorum?=count", "agency.merge": "agency into=agency quorum?=count",
  "agency.rename": "agency name", "grants.set": "agency grants", "root_key.replace": "agency key proof",
  "service_key.replace": "service key proof", "registrar.suspend": "agency officer",
  "registrar.reinstate": "agency officer", "document.publish": "kind=document id version=count hash",
  "quorum.set": "quorum=count", "rules.set": "version=count", "witnesses.set": "policy=witness_rule",
};

function isAction(value) {
  return isObject(value) && typeof value.do === "string" && Object.hasOwn(ACTIONS, value.do)
    && shaped(value, `do=string ${ACTIONS[value.do]}`);
}

function isWitnessRule(value) {
  if (typeof value !== "string" || bytesOf(value).length > 16_384) return false;
  try {
    const policy = new Policy(value);
    return policy.logs.length === 0 && policy.groups.size <= 256 && (policy.quorum === "none" || policy.quorumsIntersect());
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

const each = (shape) => (value) => Array.isArray(value) && value.every((one) => shaped(one, shape));
const ascending = (...words) => (value) => Array.isArray(value)
  && value.every((word, at) => words.includes(word) && (at === 0 || value[at - 1] < word));

addRules({
  action: isAction, proof: (value) => fits("signature", value),
  released: (value) => fits("count", value) && value <= 2,
  day: (value) => typeof value === "string" && value.length === 10 && fits("time", `${value}T00:00:00Z`),
  name: (value) => shaped(value, "ar=text en=text"), text: ".{1,200}",
  roles: ascending(...Object.keys(GRANT_OF_ROLE)), grants: ascending("audit", "calendar", "casework", "mirror", "oversight"),
  kind: "officer|service", document: "policy|code_list|manual|calendar",
  service: "log|automation|access|operator", services: each("service key proof"),
  clock: "live|simulated|imported", founders: each("agency name root_key=key grants"),
  witnesses: "quorum none", witness_rule: isWitnessRule,
  models: (value) => each("name=id version=count root=hash gaps?=count")(value)
    && value.length > 0 && new Set(value.map((one) => one.name)).size === value.length,
  verdict: "clean|faults|not_run|partial",
  level: (value) => shaped(value, "status=verdict checked?=count unchecked?=count"),
  levels: (value) => shaped(value, "integrity=level authority=level rules=level figures=level"),
  faults: each("code=id count"),
  buckets: (value) => Array.isArray(value) && value.length === 256 && value.every((one) => fits("hash", one)),
  figures: each("indicator=id total?=count tables"), tables: each("by=id cells?"), cells: each("value=text n?=count"),
  stocks: each("indicator=id least?=count"),
});

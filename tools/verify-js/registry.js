// Who may sign what: docs/ledger-format.md Annex B, and docs/casework.md §1 for rule-set 2. What events and actions hold is in
// contents.js; here is the one judge.

import { bytesOf, fromBase64url, Refused, require, sameBytes } from "./bytes.js";
import { CALENDAR_TYPES, EVENTS, GENESIS, GRANT_OF_ROLE, NOT_IN_CASES } from "./contents.js";
import { possesses, thumbprint } from "./ed25519.js";
import { isObject } from "./json.js";
import { Checkpoint, LOG, noteKey } from "./note.js";
import { instantMs, shaped } from "./syntax.js";

/** How many entries a record of heads lies at most behind the tree it speaks of. */
export const HEADS_REACH = 65_536;

/** Whether it is a month, such as 202611, that was over in Oman (UTC+4) at this time. */
function monthOver(number, received) {
  const [year, month] = [Math.floor(number / 100), number % 100];
  if (year < 1970 || year > 9998 || month < 1 || month > 12) return false;
  return Date.UTC(year, month) - 4 * 3_600_000 <= received;
}

/**
 * What the accepted events so far established. A refused one changes nothing; `Refused` says the code. An agency or officer
 * is all that was said of it, the last of each member. An agency is removed if its `do` is that, and merged if it has `into`;
 * an officer is removed if it has a `reason`, and suspended if its `do` is that. Names of officers are `agency/officer`.
 */
export class Registry {
  #origin;
  #quorum = 0;
  #keys = new Map(); // kid -> owner, for good (undefined for the log's); good after entry `added` and up to `revoked`
  #at = 0; // the entry that what happens now is reckoned from
  #agencies = new Map();
  #units = new Map(); // `agency/unit` -> whether it is open
  #officers = new Map();
  #founders = new Set();
  #unratified = new Set();
  #documents = new Map(); // `kind/id` -> version
  #parties = new Map();
  #proposals = new Map();
  #scheduled = []; // in the order in which they come into force

  constructor(origin) {
    this.#origin = origin;
    this.changed = new Set(); // kids whose status changed; whoever keeps heads takes them out
    this.created = undefined; // hash of entry 0
    this.rules = 1;
    this.clock = undefined;
    this.logKey = undefined;
    this.published = new Set(); // hashes of documents
  }

  /** Brings into force what was scheduled up to this time. */
  async advance(index, received) {
    this.#at = index - 1;
    while (this.#scheduled.length > 0 && this.#scheduled[0].effective <= received) {
      const { action } = this.#scheduled.shift();
      try {
        await this.#do(action.do, action, action.agency);
      } catch (error) {
        if (!(error instanceof Refused)) throw error; // then it is void
      }
    }
  }

  async admit(event, index, received) {
    await this.advance(index, received);
    this.#at = index;
    const said = event.payload;
    if (this.created === undefined) return this.#create(event, said, said.data);
    const { iss, data, type } = said;
    const signer = `${iss}/${said.sub}`;
    const key = this.#keys.get(event.kid);
    require(key?.owner === signer && key.revoked === undefined
      && (iss === "ledger" || this.#stands(this.#now(iss))), "key-not-valid");
    const officer = this.#officers.get(signer);
    const { kind, id } = event.place;
    require(!("act" in said) || officer?.kind === "service", "act-not-allowed");
    require(this.#unratified.size === 0 || (kind === "ledger" && type === "ledger.ratified"), "not-ratified");
    if (kind === "case" || kind === "contact") return this.#work(said, officer);
    if ((kind === "auto" || kind === "access") && this.rules === 2) return this.#serve(said, signer, officer, kind, id);
    require(kind in EVENTS && (kind !== "log" || this.rules === 2), "stream-reserved");
    if (kind === "log") {
      const audits = this.#mayUse(officer, iss, "auditor", "audit");
      if (type === "audit.recorded") require(audits, "role-missing");
      else require(signer === "ledger/log", "not-the-service");
    }
    require(Object.hasOwn(EVENTS[kind], type) && (!CALENDAR_TYPES.includes(type) || this.rules === 2), "type-not-here");
    require(said.v === 1 && shaped(data, EVENTS[kind][type]), "data-malformed");
    if (kind === "log") return this.#record(said, index, received);
    if (type === "holiday.announced") {
      require(said.sub === "root" && this.#agencies.get(iss).grants.includes("calendar"), "grant-missing");
      return require(data.from <= data.to, "data-malformed");
    }
    if (kind === "ledger") {
      require(said.sub === "root" && this.#agencies.get(iss).member, "not-a-member");
      return this.#govern(event, iss, index, received);
    }
    require(this.#stands(id), "agency-unknown");
    const registrar = said.sub === "root" || (officer?.roles.includes("registrar") && officer.do !== "registrar.suspend");
    const own = officer && iss === id && "kid" in data && this.#keys.get(data.kid)?.owner === signer;
    require(own || (registrar && (iss === id || iss === this.#now(id))), "not-registrar");
    return this.#do(type, data, id);
  }

  #mayUse(officer, agency, role, grant) {
    return officer !== undefined && officer.roles.includes(role) && this.#agencies.get(agency).grants.includes(grant);
  }

  /** Known and not removed; it may be merged. */
  #stands(name) {
    return this.#agencies.has(name) && this.#agencies.get(name).do !== "agency.remove";
  }

  /** Whoever the agency is now: the end of the chain of merges. */
  #now(name) {
    let now = name;
    while (this.#agencies.get(now).into !== undefined) now = this.#agencies.get(now).into;
    return now;
  }

  /** Whether somebody belongs to an agency, or to one that became part of it. */
  #isNow(owner, agency) {
    const home = owner.split("/")[0];
    return home !== "ledger" && this.#now(home) === agency;
  }

  /** If this refuses nothing is ever admitted: what it has changed by then does not matter. */
  async #create(event, said, data) {
    require(said.type === "ledger.created" && said.stream === "ledger" && said.seq === 0 && said.iss === "ledger"
      && said.sub === "operator" && said.v === 1 && !("act" in said) && shaped(data, GENESIS)
      && data.origin === said.aud, "data-malformed");
    await this.#newKey(undefined, data.log_key);
    this.logKey = noteKey(this.#origin, LOG, fromBase64url(data.log_key.x));
    require(event.kid === await this.#newKey("ledger/operator", data.operator_key), "key-not-valid");
    for (const one of data.services) await this.#newKey(`ledger/${one.service}`, one.key, one.proof);
    for (const one of data.founders) {
      await this.#newKey(`${one.agency}/root`, one.root_key);
      this.#agencies.set(one.agency, { ...one, do: "agency.admit", member: true });
    }
    const owners = new Set([...this.#keys.values()].map((key) => key.owner));
    require(owners.size === this.#keys.size, "data-malformed"); // somebody stands twice
    this.#quorum = this.#checkedQuorum(data.quorum);
    this.clock = data.clock;
    this.rules = data.rules;
    this.#founders = new Set(this.#agencies.keys());
    this.#unratified = new Set(this.#founders);
    this.created = event.hash;
  }

  /** Where it is used this is the last check, because it is a change. */
  async #newKey(owner, jwk, proof) {
    const kid = thumbprint(jwk.x);
    require(!this.#keys.has(kid), "key-known");
    if (proof !== undefined) {
      const [agency, officer] = owner.split("/");
      require(await possesses(jwk, proof, this.#origin, agency, officer), "possession");
    }
    this.#keys.set(kid, { owner, added: this.#at });
    this.changed.add(kid);
    return kid;
  }

  /** Ends the keys that still sign and whose owner is meant. */
  #end(isMeant) {
    for (const [kid, key] of this.#keys) {
      if (key.revoked === undefined && key.owner !== undefined && isMeant(key.owner, kid)) {
        key.revoked = this.#at;
        this.changed.add(kid);
      }
    }
  }

  /** What Annex E says of a key: undefined if nobody may sign events with it. */
  keyStatus(kid) {
    const { owner, ...status } = this.#keys.get(kid) ?? {};
    if (owner === undefined) return undefined;
    const [iss, sub] = owner.split("/");
    return { iss, sub, ...status };
  }

  /** What an agency was last called; undefined if it is not known. */
  nameOf(agency) {
    return this.#agencies.get(agency)?.name;
  }

  #checkedQuorum(quorum, change = 0) {
    let members = change;
    for (const agency of this.#agencies.values()) members += Number(agency.member);
    require(members < 2 * quorum && quorum <= members, "quorum-arithmetic");
    return quorum;
  }

  /** Stream `log`. */
  async #record(said, index, received) {
    const { data, type } = said;
    if (type === "log.witnessed") {
      const note = new Checkpoint(bytesOf(data.checkpoint));
      return require(await note.isSignedBy(this.logKey) && note.signatures.length > 1 && note.size === BigInt(said.seen.size)
        && sameBytes(note.root, fromBase64url(said.seen.root)), "data-malformed");
    }
    if (type === "heads.committed") {
      return require(data.size === said.seen.size && index - data.size <= HEADS_REACH, "data-malformed");
    }
    if (type === "audit.recorded") {
      const codes = data.faults.map((fault) => fault.code);
      const atFault = Object.values(data.levels).some((level) => level.status === "faults");
      require((data.entries ?? 0) <= data.size && codes.every((code, at) => at === 0 || codes[at - 1] < code)
        && atFault === codes.length > 0 && instantMs(data.started) <= instantMs(data.ended), "data-malformed");
    }
    if (type === "figures.published") require(monthOver(data.month, received), "data-malformed");
    return require(data.size <= index, "data-malformed");
  }

  /** Stream `ledger`. */
  async #govern(event, iss, index, received) {
    const { type, data } = event.payload;
    if (type === "ledger.ratified") {
      require(this.#founders.has(iss), "type-not-here");
      require(data.created === this.created, "data-malformed");
      require(this.#unratified.has(iss), "already-ratified");
      this.#unratified.delete(iss);
      return;
    }
    if (type === "proposal.opened") {
      require(data.action.do !== "witnesses.set" || this.rules === 2, "data-malformed");
      if (this.#proposals.has(event.hash)) return;
      const effective = instantMs(data.effective) ?? 0;
      this.#proposals.set(event.hash, { action: data.action, effective, by: new Set(), open: true });
      return;
    }
    const proposal = this.#proposals.get(data.proposal);
    require(proposal, "proposal-unknown");
    require(proposal.open, "proposal-closed");
    require(!proposal.by.has(iss), "already-approved");
    const members = [...proposal.by, iss].filter((one) => this.#agencies.get(one).member);
    const enough = members.length >= this.#quorum;
    if (enough && proposal.effective > received) {
      this.#scheduled.push({ effective: proposal.effective, index, action: proposal.action });
      this.#scheduled.sort((one, other) => one.effective - other.effective || one.index - other.index);
    } else if (enough) {
      await this.#do(proposal.action.do, proposal.action, proposal.action.agency);
    }
    proposal.by.add(iss);
    proposal.open = !enough;
  }

  /** An action, or an event of stream `agency/X`: `home` is the agency. Every check comes before any change. */
  async #do(kind, data, home) {
    const agency = this.#agencies.get(home);
    const unit = `${home}/${data.unit}`;
    const person = `${home}/${data.officer}`;
    const document = `${data.kind}/${data.id}`;
    const leaves = kind === "agency.remove" || kind === "agency.merge";
    for (const name of kind === "agency.admit" ? [] : [data.agency, data.into]) {
      require(name === undefined || (this.#stands(name) && this.#now(name) === name), "agency-unknown");
    }
    require(kind !== "agency.admit" || !agency, "agency-known");
    require(kind !== "agency.merge" || data.into !== home, "merge-into-itself");
    require(kind !== "document.publish" || data.version === (this.#documents.get(document) ?? 0) + 1, "version-not-next");
    require(kind !== "rules.set" || (this.rules <= data.version && data.version <= 2), "rules-unknown");
    const joining = leaves ? -Number(agency.member) : Number(data.member ?? false);
    const quorum = this.#checkedQuorum(data.quorum ?? this.#quorum, joining); // it is right if nothing changes
    if (kind === "unit.opened") require(!this.#units.has(unit), "unit-known");
    else require(!("unit" in data) || this.#units.get(unit), "unit-unknown");
    const officer = this.#officers.get(person);
    if (kind === "officer.enrolled") require(!officer && data.officer !== "root", "officer-known");
    else require(!("officer" in data) || (officer && !("reason" in officer)), "officer-unknown");
    for (const role of data.roles ?? []) {
      require(GRANT_OF_ROLE[role] === undefined || agency.grants.includes(GRANT_OF_ROLE[role]), "role-not-granted");
    }
    if ("kid" in data) {
      const key = this.#keys.get(data.kid);
      require(this.#officers.has(key?.owner) && key.owner.startsWith(`${home}/`)
        && (kind === "key.compromised" || key.revoked === undefined), "key-unknown");
    }
    if ("proof" in data) {
      const owner = `${home ?? "ledger"}/${data.officer ?? data.service ?? "root"}`;
      const added = await this.#newKey(owner, data.key ?? data.root_key, data.proof);
      if (kind.endsWith("_key.replace")) this.#end((one, kid) => one === owner && kid !== added);
    }

    this.#quorum = quorum;
    if (kind === "rules.set") this.rules = data.version;
    if ("agency" in data) this.#agencies.set(home, { ...agency, ...data });
    if ("officer" in data) this.#officers.set(person, { ...officer, ...data });
    if ("unit" in data) this.#units.set(unit, kind !== "unit.closed");
    if (kind === "document.publish") {
      this.#documents.set(document, data.version);
      this.published.add(data.hash);
    }
    if (leaves) {
      this.#agencies.get(home).member = false;
      this.#end((owner) => owner === `${home}/root` || (kind === "agency.remove" && this.#isNow(owner, home)));
    }
    if (kind === "officer.removed") this.#end((owner) => owner === person);
    if ("kid" in data) this.#end((_, kid) => kid === data.kid);
    if (kind === "key.compromised") {
      const [key, since] = [this.#keys.get(data.kid), Math.max(0, instantMs(data.since))];
      key.since = Math.min(key.since ?? since, since);
      this.changed.add(data.kid);
    }
  }

  /** Streams `case/…` and `contact/…`. */
  #work(said, officer) {
    const role = this.clock === "imported" ? "importer" : "casework";
    require(officer?.roles.includes(role), "role-missing");
    require(this.#agencies.get(said.iss).grants.includes("casework"), "role-not-granted");
    require(role === "casework" || "occurred" in said, "occurred-missing");
    require(!NOT_IN_CASES.includes(said.type.split(".")[0]), "type-not-here");
    const members = this.rules === 2 && "members" in said.data ? said.data.members : [];
    require(Array.isArray(members), "agency-unknown");
    const named = this.#named([...addressed(said.data), ...members], (one) => this.#stands(one));
    const parties = this.#partiesOf(said.stream);
    const now = this.#now(said.iss);
    require(said.seq === 0 || [...parties].some((one) => this.#now(one) === now), "not-a-party");
    for (const one of [said.iss, ...named]) parties.add(one);
  }

  /** The agencies that an event names, if each of them is `known`. */
  #named(agencies, known) {
    require(agencies.every((one) => typeof one === "string" && known(one)), "agency-unknown");
    return agencies;
  }

  #partiesOf(stream) {
    if (!this.#parties.has(stream)) this.#parties.set(stream, new Set());
    return this.#parties.get(stream);
  }

  /** Streams `auto/…` and `access/…`: the parties are those of the case. */
  #serve(said, signer, officer, kind, id) {
    const parties = this.#parties.get(`case/${id}`);
    if (kind === "auto") {
      require(signer === "ledger/automation", "not-the-service");
      require(parties?.size > 0, "case-unknown");
      const named = this.#named(addressed(said.data), (one) => this.#agencies.has(one)); // what is owed outlives an agency
      for (const one of named) if (this.#stands(one)) parties.add(one);
      return;
    }
    const asks = this.#mayUse(officer, said.iss, "casework", "casework") || this.#mayUse(officer, said.iss, "auditor", "audit");
    require(asks || signer === "ledger/access", "role-missing");
    require(parties?.size > 0 || this.#parties.get(`contact/${id}`)?.size > 0, "case-unknown");
  }
}

/** What an event is addressed to, if it is. */
function addressed(data) {
  return "to" in data ? [isObject(data.to) ? data.to.agency : undefined] : [];
}

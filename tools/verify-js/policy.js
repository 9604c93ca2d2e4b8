// Witnesses: which cosignatures a checkpoint needs, and the times they prove. C2SP tlog-policy (draft), tlog-cosignature
// v1.0.1.

import { base64, Refused, require } from "./bytes.js";
import { LOG, WITNESS, parseVkey, signingTime } from "./note.js";

/** `logs` and `witnesses` (name -> key); a group is a threshold and its members. */
export class Policy {
  logs = [];
  witnesses = new Map();
  groups = new Map();
  quorum = undefined;
  #keys = new Set();
  #members = new Set();

  constructor(text) {
    require(!/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text), "a control character");
    require(text === "" || text.endsWith("\n"), "the last line does not end");
    for (const line of text.split("\n")) {
      const words = line.match(/[^ \t]+/g) ?? [];
      if (words.length > 0 && !words[0].startsWith("#")) this.#line(words);
    }
    require(this.quorum !== undefined, "no quorum line");
  }

  #line([keyword, ...words]) {
    const count = words.length;
    if (keyword === "log" && (count === 1 || count === 2)) {
      this.logs.push(this.#key(words[0], LOG));
    } else if (keyword === "witness" && (count === 2 || count === 3)) {
      this.witnesses.set(this.#new(words[0]), this.#key(words[1], WITNESS));
    } else if (keyword === "group" && count >= 2) {
      this.#group(words[0], words[1], words.slice(2));
    } else {
      require(keyword === "quorum" && count === 1 && this.quorum === undefined, `not a line of a policy: ${keyword}`);
      this.quorum = words[0] === "none" ? "none" : this.#known(words[0]);
    }
  }

  #group(name, threshold, members) {
    const needed = { any: "1", all: String(members.length) }[threshold] ?? threshold;
    require(/^[1-9][0-9]{0,5}$/.test(needed) && Number(needed) <= members.length, "a threshold that its members cannot meet");
    for (const member of members) {
      require(!this.#members.has(this.#known(member)), `${member} is a member twice`);
      this.#members.add(member);
    }
    this.groups.set(this.#new(name), { needed: Number(needed), members });
  }

  #key(text, kind) {
    const key = parseVkey(text, kind);
    require(!this.#keys.has(base64(key.bytes)), "a key stands twice");
    this.#keys.add(base64(key.bytes));
    return key;
  }

  #new(name) {
    require(name !== "none" && !this.#defines(name), `${name} is defined already`);
    return name;
  }

  #known(name) {
    require(this.#defines(name), `${name} is not defined`);
    return name;
  }

  #defines(name) {
    return this.witnesses.has(name) || this.groups.has(name);
  }

  /** The witnesses that cosigned, name -> time; a wrong line of one is refused. */
  async cosigned(checkpoint) {
    const times = new Map();
    for (const [name, key] of this.witnesses) {
      const time = await signingTime(checkpoint, key);
      if (time !== undefined) times.set(name, time);
    }
    return times;
  }

  /** When the quorum had cosigned: its k-th smallest time, or with `last` its k-th largest. Undefined if it has not. */
  quorumTime(times, last, name = this.quorum) {
    const group = this.groups.get(name);
    if (!group) return times.get(name);
    const found = group.members.map((member) => this.quorumTime(times, last, member)).filter((time) => time !== undefined);
    found.sort((one, other) => one < other ? -1 : Number(one > other));
    return last ? found.at(-group.needed) : found[group.needed - 1];
  }

  /** Whether a quorum cosigned; a wrong line of any of its witnesses spoils that. The log's is not looked at. */
  async isMet(checkpoint) {
    if (this.quorum === "none") return true;
    try {
      return this.quorumTime(await this.cosigned(checkpoint), false) !== undefined;
    } catch (error) {
      if (error instanceof Refused) return false;
      throw error;
    }
  }

  /** Judges a checkpoint by the policy alone: refused unless one of its logs signed, and the quorum. */
  async open(checkpoint) {
    const logs = this.logs.filter((key) => key.name === checkpoint.origin);
    const signed = await Promise.all(logs.map((key) => signingTime(checkpoint, key)));
    const times = await this.cosigned(checkpoint);
    require(signed.some((time) => time !== undefined), "none of the policy's logs signed");
    require(this.quorum === "none" || this.quorumTime(times, false) !== undefined, "too few witnesses cosigned");
    return times;
  }

  /** Whether any two quorums share a witness. */
  quorumsIntersect() {
    return this.quorum !== "none" && !this.#splits(this.quorum);
  }

  /** Whether two quorums of a member can be disjoint: a member that splits serves both, any other one of them. */
  #splits(name) {
    const group = this.groups.get(name);
    if (!group) return false;
    return group.members.length + group.members.filter((member) => this.#splits(member)).length >= 2 * group.needed;
  }
}

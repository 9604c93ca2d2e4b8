// What the witnesses' clocks say: docs/ledger-format.md Annex F. Bounds are Unix seconds, as BigInts.

const SKEW = 300n; // seconds

/** Entries wait here until a witnessed checkpoint covers them, or the end of the log comes. */
export class Clocks {
  #policy;
  #whole;
  #contradicted;
  #records = []; // witness records: index, size, by, since; all ascending
  #waiting = [];
  #counts = { both: 0, after: 0, before: 0, outside: [] };
  simulated = false;

  /**
   * By the policy of a trust file. In a source that is `whole` the first record that covers an entry bounds it.
   * `contradicted` is told the index of each entry whose `received` the clocks deny.
   */
  constructor(policy, whole, contradicted) {
    this.#policy = policy;
    this.#whole = whole;
    this.#contradicted = contradicted;
  }

  /** When the quorum had cosigned a checkpoint; undefined if it had not, or a witness's line is wrong. */
  async quorumTimes(checkpoint) {
    if (!await this.#policy.isMet(checkpoint)) return undefined;
    const times = await this.#policy.cosigned(checkpoint);
    return { by: this.#policy.quorumTime(times, false), since: this.#policy.quorumTime(times, true) };
  }

  /**
   * An entry, of which `after` and `before` are noted: its `index`, `received` and `iat`; whether it is `signed`, which an
   * interval needs; and the size it saw, if that is right.
   */
  enter(entry, seen) {
    const floor = this.#records.at(-1)?.since;
    if (entry.signed && seen !== undefined) entry.after = this.#records.findLast((record) => record.index < seen)?.since;
    this.#waiting.push({ entry, floor });
  }

  /** A `log.witnessed` that authority accepted and whose `seen` is right; `times` is what quorumTimes said of it. */
  record(index, size, times) {
    if (times === undefined || size <= (this.#records.at(-1)?.size ?? 0)) return;
    this.#records.push({ index, size, ...times });
    if (this.#whole) this.#settle(this.#records.at(-1));
  }

  /** The end of the log, and the witnessed checkpoints that are no records. What Annex D calls `intervals`. */
  finish(checkpoints) {
    const bounds = [...(this.#whole ? [] : this.#records), ...checkpoints];
    bounds.sort((one, other) => one.size - other.size || Number(one.by - other.by));
    for (const bound of [...bounds, { size: Infinity, by: undefined }]) this.#settle(bound);
    return this.#counts;
  }

  #settle({ size, by }) {
    const beyond = this.#waiting.findIndex(({ entry }) => entry.index >= size);
    const covered = this.#waiting.splice(0, beyond < 0 ? this.#waiting.length : beyond);
    for (const { entry, floor } of covered) {
      const received = BigInt(entry.received);
      const late = by !== undefined && received > 1000n * (by + SKEW);
      const early = floor !== undefined && received < 1000n * (floor - SKEW);
      if ((late || early) && !this.simulated) this.#contradicted(entry.index);
      if (entry.signed) this.#count(entry, by);
    }
  }

  #count(entry, before) {
    const { index, after } = entry;
    const iat = BigInt(entry.iat);
    entry.before = before;
    if (after !== undefined && before !== undefined) this.#counts.both += 1;
    else if (after !== undefined) this.#counts.after += 1;
    else if (before !== undefined) this.#counts.before += 1;
    if (!this.simulated && (iat > (before ?? iat) + SKEW || iat < (after ?? iat) - SKEW)) {
      this.#counts.outside.push({ index, iat: entry.iat, after: after ?? null, before: before ?? null });
    }
  }
}

// The verdict in plain words: what is wrong, what was checked, and a line for each entry.

import { deliver } from "../event.js";
import { element, facts, literal, notice } from "./dom.js";
import { either, faultWords, moment, say, spoken } from "./words.js";

/** Labels of event types and their fields, by type: [Arabic, English, fields]. */
const labels = JSON.parse(document.getElementById("labels").textContent);

export function verdict(audit, trustPrint) {
  const told = audit.report();
  const kind = told.faults.length > 0 ? "bad" : told.anchored ? "good" : "adrift";
  const box = notice({ bad: "bad", good: "good", adrift: "warn" }[kind], say(kind), say(`${kind}Why`),
    trustPrint && !told.anchored && say("noTrust"));
  return element("section", { "data-verdict": kind }, box,
    trustPrint && told.anchored && element("p", {}, say("trustPrint"), element("br"), element("code", { class: "print", dir: "ltr" }, trustPrint)),
    wrong(told.faults),
    facts([say("ledger"), literal(told.origin ?? "–")], [say("size"), String(told.size ?? "–")], [say("root"), literal(told.root ?? "–")],
      [say("count"), String(told.entries)]),
    levels(told.levels), timeline(audit, told));
}

function wrong(faults) {
  if (faults.length === 0) return undefined;
  const lines = faults.map(({ code, index, message }) => element("li", {},
    element("strong", {}, index === null ? say("whole") : element("a", { href: `#entry-${index}` }, say("entry", { index }))), " — ", faultWords(code),
    element("span", { class: "quiet", lang: "en", dir: "ltr" }, ` ${code}: ${message}`)));
  return [element("h2", {}, say("wrong")), element("ul", { class: "faults" }, lines)];
}

function levels(all) {
  const lines = Object.entries(all).map(([name, { status, checked, unchecked }]) => element("li", { class: `check check--${status}` },
    element("strong", {}, say(status)), " — ", say(name),
    status === "not_run" ? undefined : element("span", { class: "quiet" }, ` (${say("counted", { checked, unchecked })})`)));
  const open = all.integrity.unchecked > 0 || all.authority.unchecked > 0;
  return [element("h2", {}, say("levels")), element("ul", { class: "checks" }, lines), open && element("p", { class: "quiet" }, say("whyUnchecked"))];
}

function timeline(audit, { exhibits, intervals }) {
  const read = new Map(audit.exhibits.map((one) => [one.index, one]));
  const outside = new Set(intervals?.outside.map(({ index }) => index));
  const atFault = [...audit.faults.values()].some(({ index }) => index === null);
  const lines = (exhibits ?? []).map((one) => line(one, read.get(one.index), audit, { outside: outside.has(one.index), atFault }));
  return [element("h2", {}, say("entries")), element("p", { class: "quiet" }, say("muscat")), element("ol", { class: "timeline" }, lines)];
}

function line(one, read, audit, { outside, atFault }) {
  const label = labels[one.type];
  const name = audit.registry.nameOf(one.iss);
  const { data } = read.event.payload;
  const open = Object.entries(data).filter(([member]) => !isClass(read.event, member));
  const { absent, values } = deliver(read.event, read.texts);
  const shown = [...values].map(([place, value]) => [place.split(" ")[1], value]);
  const sound = one.faults.length === 0;
  return element("li", { id: `entry-${one.index}` },
    element("h3", {}, label ? either(label) : literal(one.type), " ", element("span", { class: "quiet" }, say("entry", { index: one.index }))),
    sound ? element("p", { class: atFault ? "warn" : "good" }, say(atFault ? "unproved" : "sound"))
      : element("p", { class: "bad" }, `${say("broken")}: ${one.faults.map(faultWords).join(" ")}`),
    facts([say("who"), ...(name ? [name[spoken()], " · "] : []), literal(`${one.iss}/${one.sub}`),
      one.act !== null && [" ", say("behalf", { act: one.act })]].flat(),
    [say("interval"), interval(one), outside && element("p", { class: "warn" }, say("outside"))],
    [say("claimed"), moment(one.iat * 1000)],
    one.occurred !== null && [say("occurred"), literal(one.occurred)],
    [say("received"), moment(one.received)],
    [say("stream"), literal(one.stream), " ", String(one.seq)],
    open.length > 0 && [say("open"), contents(label, open)],
    shown.length > 0 && [say("values"), contents(label, shown)],
    absent.length > 0 && [say("values"), say("withheld", { count: absent.length })]));
}

function isClass(event, member) {
  return [...event.digests.values()].includes(member);
}

function interval({ after, before }) {
  const at = (seconds) => moment(Number(seconds) * 1000);
  if (after !== null && before !== null) return say("between", { after: at(after), before: at(before) });
  if (after !== null) return say("onlyAfter", { after: at(after) });
  return before === null ? say("noInterval") : say("onlyBefore", { before: at(before) });
}

function contents(label, pairs) {
  const term = (name) => label?.[2][name] ? either(label[2][name]) : literal(name);
  return element("ul", { class: "values" }, pairs.map(([name, value]) =>
    element("li", {}, element("span", { class: "quiet" }, term(name), ": "), typeof value === "string" ? element("bdi", {}, value) : literal(JSON.stringify(value)))));
}

/** What a receipt says by itself: with the trust file, and with the event it was given for. */
export async function receiptLines(receipt, trust, event) {
  const check = (good, name) => element("li", { class: `check check--${good === undefined ? "not_run" : good ? "clean" : "faults"}` }, say(name));
  const lines = [];
  const { checkpoint } = receipt;
  let sound = true;
  if (trust) {
    const signed = checkpoint.origin === trust.origin && await checkpoint.isSignedBy(trust.logKey);
    sound &&= signed;
    lines.push(check(signed, signed ? "receiptSigned" : "receiptUnsigned"));
    const met = await trust.policy.isMet(checkpoint);
    lines.push(check(met || undefined, met ? "receiptQuorum" : "receiptNoQuorum"));
  } else {
    lines.push(check(undefined, "receiptNeedsTrust"));
  }
  if (event) {
    const proves = receipt.provesEntry(new Uint8Array([...new TextEncoder().encode(`${receipt.received} `), ...event.jwt]));
    sound &&= proves;
    lines.push(check(proves, proves ? "receiptProves" : "receiptProvesNot"), check(undefined, "receiptSigner"));
  } else {
    lines.push(check(undefined, "receiptNeeds"));
  }
  const kind = !sound ? "bad" : trust && event ? "good" : "adrift";
  const box = kind === "adrift" ? notice("warn", say("receiptOf", { index: receipt.told }))
    : notice(kind, say(kind), kind === "bad" && say("badWhy"));
  return element("section", { "data-verdict": kind }, box, element("ul", { class: "checks" }, lines),
    facts([say("ledger"), literal(checkpoint.origin)], [say("received"), moment(receipt.received)],
      event && [say("who"), literal(`${event.event.payload.iss}/${event.event.payload.sub}`)],
      event && [say("stream"), literal(event.event.payload.stream), " ", String(event.event.payload.seq)]));
}

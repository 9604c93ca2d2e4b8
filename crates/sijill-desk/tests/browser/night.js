// 02:00, from a call to the closure of the case that came of it, each desk in a browser of its own: the helpline (reading Arabic)
// logs the call and opens a case at high risk; the policy asks hospital, police and social services. The hospital answers at
// once, the police asks back, social services sleeps and is escalated; then it takes the case over, works it, and its
// supervisor approves the plan and closes. On the way a prosecutor breaks the glass, and that is reviewed. Every act is signed in
// the browser, on the pages people use. Writes the case's id.
//
// `node night.js '{"chromium":…,"site":…,"line":{"seed","x","kid","origin","agency","officer"},"hospital":{…},
// "police":{…},"social":{…},"chief":{…},"prosecutor":{…},"axe"?,"pictures"?}'`; `POST /later/{minutes}` of the site moves the ledger's clock.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { browser } from "./chrome.js";
import { inspector } from "./look.js";
import { officer } from "./officer.js";

const told = JSON.parse(process.argv[2]);
const { site, axe, pictures } = told;
const rules = axe && readFileSync(axe, "utf8");
const chrome = await browser(told.chromium);
const complaints = [];
const inspect = inspector({ site, rules, pictures, complaints });
const later = (minutes) => fetch(`${site}/later/${minutes}`, { method: "POST" });
const CASE = "/^\\/desk\\/cases\\/[0-9a-f-]{36}$/.test(location.pathname)";

/** What an act on the card that says `said` is about, as its address names it. */
const subject = (desk, type, said) => desk.until(`(() => {
  const card = [...document.querySelectorAll(".card")].find((card) => card.innerText.includes(${JSON.stringify(said)}));
  return new URL(card.querySelector('a[href*="/act/${type}"]').href).searchParams.get("subject");
})()`);

/** Opens a page until it says this. */
async function reads(desk, path, said) {
  for (const end = Date.now() + 20_000; ; await new Promise((resolve) => setTimeout(resolve, 200))) {
    await desk.open(path);
    if (said.test(await desk.text("main"))) return;
    assert.ok(Date.now() < end, `in vain: ${said} at ${path}`);
  }
}

/** The helpline writes the call down and opens the case; answers the paths of both. */
async function call(line) {
  await inspect(line, "/desk/contacts/new", "new contact");
  await line.open("/desk/contacts/new");
  await line.press("form[data-event] button[type=submit]");
  assert.match(await line.text(".wrongs"), /املأ هذا الحقل: نوع الاتصال/, "what is missing is named");
  await line.fill({
    "casework.kind": "someone_about_child", "casework.channel": "1100", "casework.concerns": "physical_abuse", "casework.governorate": "OM-MA",
    "casework.age_band": "5-11", "narrative.summary": "يسمع الجار بكاء الطفلة ليلًا.", "identity.child_name": "مها بنت سالم", "identity.child_birth_year": "2017",
  });
  await line.sign();
  // Signing also looked the child up; nobody knew it.
  await line.until("/^\\/desk\\/contacts\\/[0-9a-f-]{36}\\/known$/.test(location.pathname)");
  assert.match(await line.text("main"), /غير معروف/);
  await inspect(line, null, "a child nobody knows");
  const contact = (await line.ask("location.pathname")).replace("/known", "");
  await line.open(contact);
  assert.ok(!/مها|الجار/.test(await line.text("main")), "what was written is sealed");
  await inspect(line, contact, "contact");

  await line.open(contact);
  await line.press(".row a[href^='/desk/cases/new']");
  await line.fill({ "casework.risk": "high", "casework.sex": "female" });
  await line.sign();
  await line.until(CASE);
  return [contact, await line.ask("location.pathname")];
}

try {
  const hospital = await officer(chrome, site, told.hospital, "en");
  await hospital.open("/desk/queue");
  assert.match(await hospital.text("main"), /Nothing waits/);
  await inspect(hospital, "/desk/queue", "an empty queue");
  await hospital.open("/desk/queue");

  const line = await officer(chrome, site, told.line, "ar");
  const [contact, path] = await call(line);

  // 02:00. The hospital's page says by itself that something is new.
  await hospital.until("document.querySelector('[data-news]:not([hidden])')");
  await inspect(hospital, null, "queue with news");
  await hospital.press("[data-news] a");
  await hospital.press(".queue .button");
  await hospital.until("document.querySelector('h1')?.textContent.includes('Acknowledge the referral')");
  await hospital.sign();
  await hospital.at(path);
  await inspect(hospital, "/desk/queue", "queue");
  await inspect(hospital, path, "case of the recipient");

  // The police asks back, and is answered.
  const police = await officer(chrome, site, told.police, "ar");
  await police.act(path, "referral.acknowledged");
  await police.act(path, "referral.info_requested", { "narrative.question": "هل الشخص المنسوب إليه الفعل في البيت الآن؟" });
  await line.act(path, "referral.info_provided", { "narrative.answer": "نعم، بحسب المبلّغ." });
  await police.act(path, "referral.accepted");
  await hospital.act(path, "referral.accepted");

  // 02:31. Social services did not answer: a breach, and an escalation to its supervisor and to whoever asked.
  const social = await officer(chrome, site, told.social, "en");
  await social.open("/desk/queue");
  await later(31);
  // First it is late, then the automation has said so: the page tells of both.
  await social.until("document.querySelector('[data-news]:not([hidden])')");
  await reads(social, "/desk/queue", /Escalated/);
  await inspect(social, "/desk/queue", "queue with an escalation");
  await social.act(path, "referral.acknowledged");
  assert.match(await social.text(".card"), /Not in time: Acknowledgement/, "a late answer is taken, and stays late");
  await social.act(path, "escalation.resolved", { "casework.outcome": "done" });
  await line.act(path, "escalation.resolved", { "casework.outcome": "taken_up" });

  // The case changes hands, and gets a worker.
  await line.act(path, "case.transfer_requested", { "data.to": "cpc/ma", "casework.reason": "specialized_service" });
  await inspect(social, path, "case of who is asked to take it");
  await social.act(path, "case.transferred");
  await social.act(path, "case.assigned", { "data.officer": "ma" });
  await social.act(path, "child.registered", {
    "casework.age_band": "5-11", "casework.sex": "female", "identity.name": "مها بنت سالم بن حمد", "identity.birth_date": "2017-03-09",
  });

  // Who the child is the police may see, as far as it needs to; that it looked stays in the case.
  await police.open(`${path}/access`);
  await police.fill({ "data.classes": ["identity", "narrative"], "data.purpose": "referral" });
  await police.sign();
  assert.match(await police.until("document.querySelector('h1')?.textContent === 'ما أُتيح لك' && document.body.innerText"), /مها بنت سالم بن حمد/);
  await inspect(police, null, "what the police is shown");

  // Hospital and police do what they were asked, and say how it ended.
  await hospital.act(path, "referral.completed", { "casework.outcome": "service_provided", "narrative.report": "Examined and treated." });
  await police.act(path, "referral.completed", { "casework.outcome": "investigation_opened" });
  await social.act(path, "child.seen", { "casework.place": "hospital" });
  await inspect(social, path, "case of the owner");
  await inspect(social, `${path}/act/risk.assessed`, "an act");
  await inspect(social, `${path}/act/referral.requested`, "a long act");
  await social.act(path, "assessment.completed", { "casework.needs": ["psychosocial", "family_mediation"], "narrative.findings": "The aunt can take her in." });

  // A file: brought by the form, and fetched by whoever is shown that it is there.
  await inspect(social, `${path}/act/document.attached`, "an act with a file");
  await social.begin(path, "document.attached");
  await social.fill({ "casework.kind": "social_report", "narrative.title": "Home visit" });
  await social.choose("narrative.document", "visit.txt", "text/plain", "The aunt lives near the school.");
  await inspect(social, null, "a form with a file");
  await social.sign();
  await social.at(path);
  await social.open(`${path}/access`);
  await social.fill({ "data.classes": "narrative", "data.purpose": "casework" });
  await social.sign();
  await social.until("document.querySelector('a[href*=\"/files/\"]')");
  await inspect(social, null, "a file that is shown");
  assert.equal(await social.ask("fetch(document.querySelector('a[href*=\"/files/\"]').href).then((r) => r.text())"), "The aunt lives near the school.");

  // What the hospital does not do it refuses, with a reason; the owner decides what follows.
  await social.act(path, "referral.requested", {
    "data.to": "moh/hospital-ma", "casework.service": "psychosocial", "casework.priority": "routine", "casework.legal_basis": "best_interest",
  });
  await hospital.act(path, "referral.rejected", { "casework.reason": "out_of_mandate", "narrative.note": "Ask mental health services." });
  await social.open(path);
  assert.match(await social.text("main"), /Waits for the owner's decision/);
  const refused = await subject(social, "referral.disposed", "Rejected");
  await social.act(path, "referral.disposed", { "casework.disposition": "own_service" }, refused);
  await social.act(path, "referral.accepted");
  await social.act(path, "referral.completed", { "casework.outcome": "child_safe" });
  await social.act(path, "referral.disposed", { "casework.disposition": "late_answer_accepted" });

  // A plan, approved by somebody else; a week later it has held, and the case is closed.
  await social.act(path, "plan.proposed", { "casework.services": "psychosocial", "narrative.goals": "Safe with her aunt.", "narrative.child_wishes": "Stay near her school." });
  const chief = await officer(chrome, site, told.chief, "ar");

  // A prosecutor who has nothing to do with the case must see it now; the owner's supervisor judges that afterwards.
  const prosecutor = await officer(chrome, site, told.prosecutor, "en");
  await prosecutor.open(path);
  assert.match(await prosecutor.text("main"), /No case here/);
  await inspect(prosecutor, path, "a case one may not open");
  await prosecutor.open(path);
  await prosecutor.press("main a[href$='/break-glass']");
  await prosecutor.until("location.pathname.endsWith('/break-glass')");
  await inspect(prosecutor, `${path}/break-glass`, "break the glass");
  await prosecutor.open(`${path}/break-glass`);
  await prosecutor.fill({ "casework.reason": "danger_to_life", "narrative.why": "He is on his way to the school." });
  await prosecutor.sign();
  await prosecutor.at(path);
  assert.match(await prosecutor.text("main"), /broke the glass/);
  await prosecutor.open(`${path}/access`);
  await prosecutor.fill({ "data.classes": "identity", "data.purpose": "emergency" });
  await prosecutor.sign();
  assert.match(await prosecutor.until("document.querySelector('h1')?.textContent === 'What you are shown' && document.body.innerText"), /مها بنت سالم بن حمد/);

  await inspect(chief, path, "case of the supervisor");
  await chief.act(path, "break_glass.reviewed", { "casework.verdict": "justified" });
  await chief.act(path, "plan.approved");
  await later(5 * 24 * 60);
  await social.act(path, "follow_up.recorded", { "casework.outcome": "goals_met", "narrative.note": "Sleeps through the night." });
  await social.act(path, "case.closure_requested", { "casework.reason": "goals_met", "narrative.summary": "Safe, and followed up." });
  await chief.act(path, "case.closed");
  await inspect(chief, path, "a closed case");

  // Whoever may see what was written asks under their signature.
  await inspect(line, `${contact}/access`, "ask to see");
  await line.open(`${contact}/access`);
  await line.fill({ "data.classes": "identity", "data.purpose": "casework" });
  await line.sign();
  assert.match(await line.until("document.querySelector('h1')?.textContent === 'ما أُتيح لك' && document.body.innerText"), /مها/);
  await inspect(line, null, "what is shown");

  // Another call about the same child: it is known, and to whom.
  await hospital.open("/desk/contacts/new");
  await hospital.fill({
    "casework.kind": "someone_about_child", "casework.channel": "1100", "identity.child_name": "مها سالم حمد", "identity.child_birth_year": "2017",
  });
  await hospital.sign();
  await hospital.until("location.pathname.endsWith('/known')");
  assert.match(await hospital.text("main"), /The child is known[\s\S]*cpc\/ma/);
  await inspect(hospital, null, "a known child");

  const faults = [line, hospital, police, social, chief, prosecutor].flatMap((desk) => desk.faults);
  assert.deepEqual([...faults, ...complaints], []);
  console.log(path.split("/").at(-1));
} finally {
  await chrome.close();
}

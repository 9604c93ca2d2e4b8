// All that the page says: Arabic and English side by side. `{x}` is filled in.

const WORDS = {
  title: ["التحقق من دليل إلكتروني", "Check evidence"],
  brand: ["سجل", "Sijill"],
  other: ["English", "العربية"],
  lead: [
    "ضع هنا ملف الدليل أو الإيصال وملف الثقة، وستعرف هل غُيّر فيه شيء، ومن وقّع كل قيد ومتى.",
    "Put an evidence file or a receipt here, and the trust file. The page says whether anything was altered, who signed each entry, and when."],
  private: [
    "يجري التحقق كله في متصفحك ولا يُرسل شيء إلى أحد. يمكنك حفظ هذه الصفحة على حاسوبك وفتحها من غير شبكة.",
    "All of it is checked in your browser; nothing is sent anywhere. You may save this page and open it with no network."],
  save: ["حفظ هذه الصفحة", "Save this page"],
  files: ["الملفات", "Files"],
  choose: ["اختر ملفات", "Choose files"],
  drop: ["أو اسحبها إلى هنا.", "or drop them here."],
  need: [
    "الدليل: ملف ينتهي اسمه بـ ‎.evidence، أو إيصال. والثقة: trust.json، من جهة غير التي قدّمت لك الدليل.",
    "Evidence: a file named ….evidence, or a receipt. Trust: trust.json, from somebody other than who gave you the evidence."],
  remove: ["إزالة {name}", "Remove {name}"],
  none: ["لم تُختر ملفات بعد.", "No files chosen yet."],
  busy: ["جارٍ التحقق…", "Checking…"],
  failed: ["تعذّر إكمال التحقق في هذا المتصفح: {why}", "This browser could not finish the check: {why}"],
  noCrypto: [
    "هذا المتصفح لا يتحقق من تواقيع Ed25519. استعمل إصدارًا حديثًا من Chrome أو Edge أو Firefox أو Safari.",
    "This browser cannot check Ed25519 signatures. Use a recent Chrome, Edge, Firefox or Safari."],

  evidence: ["ملف دليل", "Evidence file"], trust: ["ملف ثقة", "Trust file"], receipt: ["إيصال", "Receipt"],
  checkpoint: ["نقطة تحقق محفوظة", "Held checkpoint"], event: ["قيد موقَّع", "Signed event"],
  unknown: ["لا يمكن قراءته: {why}", "It cannot be read: {why}"],
  notOne: ["ليس أيًّا من الملفات المطلوبة", "it is none of the files asked for"],
  twice: ["أكثر من ملف من هذا النوع: يُستعمل الأخير", "there are several of this kind: the last one counts"],

  verdict: ["النتيجة", "Verdict"],
  good: ["لا خلل فيما فُحص", "Nothing is wrong in what was checked"],
  goodWhy: [
    "الملف من السجل الذي يسميه ملف الثقة، ولم يُغيَّر فيه شيء، وكل من وقّع كان مخوّلًا بما وقّعه.",
    "The file is from the ledger that the trust file names, nothing in it was altered, and whoever signed was allowed to do what they signed."],
  adrift: ["لا خلل في الملف، لكن لا يُعرف من أي سجل هو", "Nothing is wrong in the file, but nobody vouches for the ledger"],
  adriftWhy: [
    "من دون ملف ثقة يبدو السجل المختلَق من أوله إلى آخره سليمًا مثل الحقيقي. اطلب ملف الثقة من جهة مستقلة ثم أعد التحقق.",
    "Without a trust file, a ledger invented from end to end looks the same as the real one. Get the trust file from an independent party and check again."],
  bad: ["يوجد خلل: لا تعتمد على هذا الملف", "Something is wrong: do not rely on this file"],
  badWhy: ["ما وُجد مبيَّن أدناه. أبلغ به الجهات الأعضاء في السجل، واحتفظ بالملف كما هو.", "What was found is listed below. Tell the member agencies of the ledger, and keep the file as it is."],
  trustPrint: [
    "بصمة ملف الثقة (SHA-256). قارنها هاتفيًّا أو على الورق بما لدى جهة تثق بها:",
    "SHA-256 of the trust file. Compare it by telephone or on paper with what somebody you trust holds:"],
  noTrust: ["ملف الثقة هذا لسجل آخر، فلم يُستعمل.", "This trust file is another ledger's: it was not used."],
  ledger: ["السجل", "Ledger"], size: ["حجمه عند نقطة التحقق", "Its size at the checkpoint"], root: ["بصمة الشجرة", "Root hash"],
  count: ["القيود في الملف", "Entries in the file"],
  levels: ["ما فُحص", "What was checked"],
  integrity: ["السلامة: لم يُغيَّر شيء أو يُحذف أو يُدَس", "Integrity: nothing was altered, dropped or slipped in"],
  authority: ["الصلاحية: كل موقّع كان مخوّلًا بما وقّعه", "Authority: whoever signed was allowed to"],
  rules: ["قواعد إدارة الحالة: يلزم لها السجل كله", "Rules of casework: they take the whole ledger"],
  figures: ["الأرقام: يلزم لها السجل كله", "Figures: they take the whole ledger"],
  clean: ["سليم", "clean"], faults: ["فيه خلل", "at fault"], partial: ["سليم فيما أمكن فحصه", "clean as far as it could be judged"],
  not_run: ["لم يُفحص", "not checked"],
  counted: ["فُحص {checked}، ولم يُفحص {unchecked}", "{checked} checked, {unchecked} not"],
  whyUnchecked: [
    "ما لم يُفحص هو قيود أخرى من السجل ليست في الملف، وما حُجب عن حامله من قيم.",
    "Not checked: entries of the ledger that are not in the file, and values that its holder may not have."],

  wrong: ["ما وُجد من خلل", "What is wrong"],
  whole: ["الملف كله", "The whole file"], entry: ["القيد {index}", "Entry {index}"],
  entries: ["القيود", "Entries"],
  sound: ["اجتاز كل فحص أمكن إجراؤه", "Passed every check that could be made"],
  unproved: ["لا خلل فيه وحده، لكن الملف كله معيب فلا يثبت به شيء", "Nothing is wrong with it by itself, but the file as a whole is at fault and proves nothing"],
  broken: ["لم يجتز التحقق", "Did not pass the checks"],
  who: ["الموقّع", "Signed by"], behalf: ["نيابة عن {act}", "on behalf of {act}"],
  interval: ["المدة الثابتة بالشهود", "Provable interval"],
  between: ["بعد {after} وقبل {before}", "after {after} and before {before}"],
  onlyAfter: ["بعد {after}؛ ولا حدّ لآخرها في هذا الملف", "after {after}; nothing here bounds it from above"],
  onlyBefore: ["قبل {before}؛ ولا حدّ لأولها في هذا الملف", "before {before}; nothing here bounds it from below"],
  noInterval: ["لا مدة ثابتة: لا شهود في ملف الثقة، أو لا يكفي ما في الملف", "None: the trust file names no witnesses, or the file does not hold enough"],
  outside: ["ادّعى الكاتب وقتًا خارج المدة الثابتة. العبرة بالمدة.", "The author claimed a time outside the provable interval. The interval is what counts."],
  claimed: ["وقت التوقيع كما ادّعاه الكاتب", "Signed, as its author claims"],
  occurred: ["وقت الحدث كما ادّعاه الكاتب", "Happened, as its author claims"],
  received: ["وقت التسلّم كما يقول السجل", "Received, as the ledger says"],
  stream: ["الموضع", "Place"], place: ["{stream}، رقم {seq}", "{stream}, number {seq}"],
  open: ["المحتوى المعلن", "Open content"], values: ["القيم المكشوفة", "Disclosed values"],
  withheld: ["قيم غير موجودة في هذا الملف: {count}", "Values that are not in this file: {count}"],

  receiptOf: ["إيصال القيد {index}", "Receipt of entry {index}"],
  receiptSigned: ["نقطة التحقق في الإيصال موقّعة بمفتاح السجل.", "The checkpoint in the receipt is signed with the ledger's key."],
  receiptUnsigned: ["نقطة التحقق في الإيصال ليست موقّعة بمفتاح السجل.", "The checkpoint in the receipt is not signed with the ledger's key."],
  receiptQuorum: ["وقّع عليها نصاب الشهود.", "A quorum of witnesses cosigned it."],
  receiptNoQuorum: ["لم يوقّع عليها نصاب الشهود بعدُ؛ وليس ذلك خللًا في إيصال.", "No quorum of witnesses cosigned it; in a receipt that is no fault."],
  receiptProves: ["يثبت الإيصال هذا القيد الموقَّع في موضعه.", "The receipt proves the signed event at its place."],
  receiptProvesNot: ["لا يثبت الإيصال هذا القيد الموقَّع.", "The receipt does not prove this signed event."],
  receiptNeeds: [
    "أضف القيد الموقَّع أو ملف الدليل لمعرفة ما الذي يثبته الإيصال.", "Add the signed event, or the evidence file, to see what the receipt proves."],
  receiptSigner: [
    "لا يقول الإيصال من وقّع القيد حقًّا وهل كان مخوّلًا: يلزم لذلك ملف الدليل.", "A receipt does not say who really signed the event, nor that they were allowed to: that takes an evidence file."],
  receiptNeedsTrust: ["أضف ملف الثقة للتحقق من التوقيع.", "Add the trust file to check the signature."],
  muscat: ["الأوقات بتوقيت عُمان.", "Times are Oman's (UTC+4)."],
  nothing: ["أضف ملف دليل أو إيصالًا.", "Add an evidence file or a receipt."],
  source: [
    "برنامج مستقل كُتب من المواصفة المنشورة docs/ledger-format.md، ولا يشترك مع برنامج السجل في شيء.",
    "An independent program, written from the published specification docs/ledger-format.md; it shares nothing with the ledger's own."],
};

/** What each fault means, by its code (docs/ledger-format.md §7). */
const FAULTS = {
  "checkpoint-signature": ["نقطة تحقّق ليست موقّعة بمفتاح السجل، أو ليست لهذا السجل.", "A checkpoint is not signed with the ledger's key, or is another ledger's."],
  quorum: ["لم يوقّع على نقطة التحقق نصاب الشهود الذي يطلبه ملف الثقة.", "The witnesses that the trust file asks for did not cosign the checkpoint."],
  genesis: ["القيد الأول ليس الذي يسميه ملف الثقة: هذا سجل آخر.", "Entry 0 is not the one that the trust file names: this is another ledger."],
  root: ["القيود لا تؤدي إلى بصمة السجل الموقّعة: غُيّر فيها شيء أو نقص.", "The entries do not lead to the signed root: something was altered or is missing."],
  "entry-format": ["القيد ليس على الصورة المقررة.", "The entry is malformed."],
  "event-signature": ["توقيع القيد غير صحيح.", "The entry's signature is not valid."],
  "key-unknown": ["وُقّع القيد بمفتاح لم يُعرَّف قبله.", "The entry is signed with a key that no earlier entry introduced."],
  "key-not-valid": ["لم يكن المفتاح حينها مفتاح من نُسب إليه القيد.", "The key was not that of whoever the entry names, then."],
  "stream-gap": ["قيد سابق من هذه السلسلة مفقود.", "An earlier event of this stream is missing."],
  "stream-fork": ["لا يكمل القيد آخر ما في سلسلته.", "The entry does not continue the last event of its stream."],
  "received-order": ["وقت التسلّم أسبق من وقت قيد قبله.", "It is said to have been received before an entry that precedes it."],
  "received-time": ["وقت التسلّم يناقض ساعات الشهود، أو أسبق من وقت التوقيع.", "When it is said to have been received contradicts the witnesses' clocks, or its own signing time."],
  "seen-mismatch": ["ما يقول الكاتب إنه رآه من السجل ليس ما كان عليه.", "What its author says to have seen of the ledger is not what it was."],
  "jti-reused": ["معرّف القيد مستعمل قبله.", "An earlier entry has its id."],
  "disclosure-mismatch": ["قيمة مكشوفة ليست من قيم هذا القيد.", "A disclosed value does not belong to this entry."],
  "disclosure-missing": ["قيمة مفقودة، ولا قيد يقول إنها مُحيت.", "A value is missing, and no entry says that it was erased."],
  "document-mismatch": ["وثيقة ليست كما نُشرت.", "A document is not the one that was published."],
  "not-authorised": ["لم يكن الموقّع مخوّلًا بهذا.", "Whoever signed was not allowed to do this."],
  heads: ["القيود ليست كل ما في سلسلتها كما أثبته السجل، أو الإثبات غير صحيح.", "The entries are not all of their stream as the ledger recorded it, or the proof is wrong."],
};

let language = "ar";

export function speak(chosen) {
  language = chosen;
}

export function spoken() {
  return language;
}

/** One of two texts, Arabic first. */
export function either([arabic, english]) {
  return language === "ar" ? arabic : english;
}

export function say(name, values = {}) {
  return either(WORDS[name]).replace(/\{(\w+)\}/g, (_, value) => String(values[value]));
}

export function faultWords(code) {
  return either(FAULTS[code] ?? [code, code]);
}

const formats = new Map();

/** A moment in Oman, Latin digits in both languages. */
export function moment(ms) {
  if (!formats.has(language)) {
    const locale = language === "ar" ? "ar-OM-u-nu-latn-ca-gregory" : "en-GB";
    const options = { year: "numeric", month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
    formats.set(language, new Intl.DateTimeFormat(locale, { ...options, timeZone: "Asia/Muscat" }));
  }
  return Math.abs(ms) <= 8.64e15 ? formats.get(language).format(ms) : String(ms);
}

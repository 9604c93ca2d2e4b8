//! What is checked of an entry, here and now, each check a sentence: signed, by whose key, chained, included, sealed.

use maud::{Markup, html};
use sijill_domain::{KeyRecord, Owner};
use sijill_event::{Digest, Entry, Kid};
use sijill_ledger::{Ledger, LedgerError};
use sijill_log::{Hash, TlogProof, leaf_hash};

use super::checkpoint::key_of;
use super::entry_link;
use crate::page::word;
use crate::text::texts;
use crate::{DeskError, Text, View};

texts! {
    SIGNED: "التوقيع يطابق هذه الكلمات حرفًا حرفًا، وهو بمفتاح {key}.", "The signature fits these very words, and was made with the key {key}.";
    NOT_SIGNED: "التوقيع لا يطابق هذه الكلمات.", "The signature does not fit these words.";
    KEY: "المفتاح باسم {who} منذ القيد {added}، ولم يُلغَ: فهو صحيح عند القيد {here}.", "The key has been {who}'s since entry {added} and was not revoked: it was good at entry {here}.";
    KEY_REVOKED: "كان المفتاح باسم {who} من القيد {added} إلى القيد {revoked} الذي ألغاه: فهو صحيح عند القيد {here}.", "The key was {who}'s from entry {added} up to entry {revoked}, which revoked it: it was good at entry {here}.";
    KEY_OF_GENESIS: "هذا القيد بداية السجل وجاء بمفاتيحه معه: يُعرف من ملف الثقة، لا من السجل نفسه.", "This entry is where the ledger begins, and it brought its keys along: it is known by the trust file, not by the ledger.";
    KEY_WRONG: "المفتاح ليس لصاحب هذا القيد، أو لم يكن صحيحًا عند موضعه.", "The key is not that of whoever this entry names, or was not good at its place.";
    DISPUTED: "أبلغ صاحب المفتاح أنه وقع في يد غيره قبل تسجيل هذا القيد: القيد محل نزاع.", "The key's owner has reported that it was in other hands before this entry was recorded: the entry is disputed.";
    FIRST: "هو أول قيد في مجراه {stream}.", "It is the first of its stream {stream}.";
    CHAINED: "يسمّي ببصمته القيد الذي قبله في مجراه {stream}، وهو القيد {before}: لا يمكن حذف شيء بينهما أو إضافته.", "It names by its hash the entry before it in its stream {stream}, entry {before}: nothing between the two can be removed or added.";
    NOT_CHAINED: "لا يسمّي القيد الذي قبله في مجراه {stream}.", "It does not name the entry before it in its stream {stream}.";
    SEEN: "كان كاتبه قد رأى السجل عند الحجم {size}، وبصمته حينها هي بصمة هذا السجل.", "Whoever signed it had seen the log at size {size}, and its root then is this log's.";
    NOT_SEEN: "البصمة التي رآها كاتبه عند الحجم {size} ليست بصمة هذا السجل.", "The root that whoever signed it had seen at size {size} is not this log's.";
    IN_ORDER: "سُجّل {moment}، بين القيد الذي قبله والقيد الذي بعده في الوقت أيضًا.", "It was recorded on {moment}, between the entries before and after it in time too.";
    NOT_IN_ORDER: "وقت تسجيله {moment} لا يقع بين وقتي القيدين المجاورين.", "The time of its recording, {moment}, does not lie between those of its neighbours.";
    INCLUDED: "هو الورقة رقم {here} في شجرة السجل عند الحجم {size}: يقود منه مسار من البصمات طوله {hashes} إلى بصمة السجل {root}.", "It is leaf {here} of the log's tree of size {size}: a path of {hashes} hashes leads from it to the root {root}.";
    NOT_INCLUDED: "لا يقود مسار من هذا القيد إلى بصمة السجل.", "No path leads from this entry to the log's root.";
    SEALED: "تلك البصمة موقّعة بمفتاح السجل {key} الذي سمّاه القيد الأول.", "That root is signed with the log's key {key}, which the first entry names.";
    NOT_SEALED: "بصمة السجل غير موقّعة بالمفتاح الذي سمّاه القيد الأول.", "The log's root is not signed with the key that the first entry names.";
    WITNESSED: "وقّع نصاب من الشهود المستقلين بصمة السجل عند الحجم {size}، وهو فيها. يتحقق من توقيعاتهم من يملك مفاتيحهم.", "A quorum of independent witnesses has cosigned the log's root at size {size}, which includes it. Whoever has their keys can check the cosignatures.";
    NOT_YET_WITNESSED: "لم يوقّع نصاب الشهود بعدُ بصمةً تشمله.", "The quorum of witnesses has not yet cosigned a root that includes it.";
    NOT_WITNESSED: "لم يشهد عليه شاهد مستقل: لم يُسمَّ لهذا السجل شهود بعد.", "No independent witness has confirmed it: none is named for this ledger yet.";
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// As it should.
    Good,
    /// Not as it should.
    Bad,
    /// Nothing to be checked, but to be known.
    Open,
}

/// An entry, and everything that was found out about it.
pub(super) struct Examined {
    pub(super) index: u64,
    pub(super) entry: Entry,
    pub(super) checks: Vec<(Came, Markup)>,
}

impl Examined {
    /// Whether every check came out as it should.
    pub(super) fn is_good(&self) -> bool {
        self.checks.iter().all(|(came, _)| *came != Came::Bad)
    }
}

struct At<'a> {
    view: &'a View,
    ledger: &'a Ledger,
    index: u64,
    entry: &'a Entry,
    text: &'a str,
}

/// Examines a published entry; `None` if there is none at this index.
pub(super) async fn examine(view: &View, ledger: &Ledger, index: u64) -> Result<Option<Examined>, DeskError> {
    let page = ledger.entries(index, 1).await?;
    let Some((_, text)) = page.first().filter(|(held, _)| *held == index) else { return Ok(None) };
    let entry = Entry::parse(text.as_bytes()).map_err(|_| DeskError::Unavailable)?;
    let at = At { view, ledger, index, entry: &entry, text };
    let mut checks = at.key();
    checks.push(at.chain().await?);
    checks.extend(at.seen().await?);
    checks.push(at.order().await?);
    checks.extend(at.sealed().await?);
    checks.push(at.witnessed());
    Ok(Some(Examined { index, entry, checks }))
}

impl At<'_> {
    fn say(&self, good: bool, [yes, no]: [Text; 2], places: &[(&str, &dyn maud::Render)]) -> (Came, Markup) {
        let (came, text) = if good { (Came::Good, yes) } else { (Came::Bad, no) };
        (came, text.fill(self.view.lang, places))
    }

    /// The signature, and whose key it was at this place of the log.
    fn key(&self) -> Vec<(Came, Markup)> {
        let (view, event, registry) = (self.view, &self.entry.event, self.ledger.registry());
        let record = registry.key(&event.kid);
        let fits = record.is_some_and(|record| event.verify(&record.key).is_ok());
        let mut checks = vec![self.say(fits, [SIGNED, NOT_SIGNED], &[("key", &fingerprint(&event.kid))])];
        checks.push(self.owner(record));
        if registry.disputed(&event.kid, self.entry.received) {
            checks.push((Came::Open, html! { (view.t(DISPUTED)) }));
        }
        checks
    }

    fn owner(&self, record: Option<&KeyRecord>) -> (Came, Markup) {
        let (view, event) = (self.view, &self.entry.event);
        let speaks = |record: &&KeyRecord| match &record.owner {
            Owner::Signer(signer) => signer.iss_sub() == (&event.iss, &event.sub),
            Owner::Checkpoint => false,
        };
        let Some(record) = record.filter(speaks) else { return (Came::Bad, html! { (view.t(KEY_WRONG)) }) };
        if self.index == 0 && record.added == 0 {
            return (Came::Open, html! { (view.t(KEY_OF_GENESIS)) });
        }
        let who = html! { bdi dir="ltr" { (event.iss) " / " (event.sub) } };
        let (added, here) = (entry_link(view, record.added), view.number(self.index));
        let good = record.is_good_at(self.index);
        match record.revoked {
            None => self.say(good, [KEY, KEY_WRONG], &[("who", &who), ("added", &added), ("here", &here)]),
            Some(revoked) => {
                let revoked = entry_link(view, revoked);
                let places: [(&str, &dyn maud::Render); 4] =
                    [("who", &who), ("added", &added), ("revoked", &revoked), ("here", &here)];
                self.say(good, [KEY_REVOKED, KEY_WRONG], &places)
            }
        }
    }

    async fn chain(&self) -> Result<(Came, Markup), LedgerError> {
        let (view, event) = (self.view, &self.entry.event);
        let stream = html! { bdi dir="ltr" { (event.stream) } };
        let Some(before) = event.seq.checked_sub(1) else {
            return Ok(self.say(event.prev.is_none(), [FIRST, NOT_CHAINED], &[("stream", &stream)]));
        };
        let page = self.ledger.stream_entries(&event.stream, before, 1).await?;
        let found = page.first().and_then(|(index, text)| {
            let entry = Entry::parse(text.as_bytes()).ok()?;
            (entry.event.seq == before).then(|| (*index, entry.event.hash()))
        });
        let good =
            found.is_some_and(|(index, hash): (u64, Digest)| index < self.index && event.prev == Some(hash));
        let before = found.map(|(index, _)| entry_link(view, index)).unwrap_or_default();
        Ok(self.say(good, [CHAINED, NOT_CHAINED], &[("stream", &stream), ("before", &before)]))
    }

    async fn seen(&self) -> Result<Option<(Came, Markup)>, LedgerError> {
        let Some(seen) = &self.entry.event.seen else { return Ok(None) };
        let good = seen.size <= self.index && self.ledger.root_at(seen.size).await?.0 == seen.root;
        Ok(Some(self.say(good, [SEEN, NOT_SEEN], &[("size", &self.view.number(seen.size))])))
    }

    async fn order(&self) -> Result<(Came, Markup), LedgerError> {
        let from = self.index.saturating_sub(1);
        let around = self.ledger.entries(from, 3).await?;
        let times: Vec<u64> = around
            .iter()
            .filter_map(|(_, text)| Entry::parse(text.as_bytes()).ok())
            .map(|entry| entry.received)
            .collect();
        let moment = self.view.time(self.entry.received);
        Ok(self.say(times.is_sorted(), [IN_ORDER, NOT_IN_ORDER], &[("moment", &moment)]))
    }

    /// What witnesses have confirmed; their cosignatures are for whoever has their keys to check.
    fn witnessed(&self) -> (Came, Markup) {
        let view = self.view;
        let covers = self.ledger.cosigned().map(|cosigned| cosigned.checkpoint().size);
        let said = match covers.filter(|size| *size > self.index) {
            Some(size) => WITNESSED.fill(view.lang, &[("size", &view.number(size))]),
            None if self.ledger.has_witnesses() => html! { (view.t(NOT_YET_WITNESSED)) },
            None => html! { (view.t(NOT_WITNESSED)) },
        };
        (Came::Open, said)
    }

    /// The inclusion proof of now, verified as anybody would.
    async fn sealed(&self) -> Result<Vec<(Came, Markup)>, LedgerError> {
        let (view, published) = (self.view, self.ledger.published());
        let receipt = self.ledger.receipt(self.index).await?;
        let leaf = leaf_hash(self.text.as_bytes());
        let proof = TlogProof::parse(receipt.proof.as_bytes()).ok();
        let log = key_of(&published).map(|(log, _)| log);
        let verified = proof.as_ref().zip(log.as_ref()).and_then(|(proof, log)| {
            let checkpoint = proof.verify(&leaf, log).ok()?;
            (proof.index == self.index).then_some((checkpoint, proof.hashes.len()))
        });
        let (size, root, hashes) = verified.as_ref().map_or((0, Hash([0; 32]), 0), |(checkpoint, hashes)| {
            (checkpoint.size, checkpoint.root, *hashes)
        });
        let (here, size) = (view.number(self.index), view.number(size));
        let hashes = view.number(u64::try_from(hashes).unwrap_or(u64::MAX));
        let root = html! { bdi.code.long dir="ltr" { (root.to_base64()) } };
        let kid = published.registry.log_key().map(sijill_event::PublicKey::kid);
        let key = kid.as_ref().map(fingerprint).unwrap_or_default();
        let places: [(&str, &dyn maud::Render); 4] =
            [("here", &here), ("size", &size), ("hashes", &hashes), ("root", &root)];
        Ok(vec![
            self.say(verified.is_some(), [INCLUDED, NOT_INCLUDED], &places),
            self.say(verified.is_some(), [SEALED, NOT_SEALED], &[("key", &key)]),
        ])
    }
}

fn fingerprint(kid: &Kid) -> Markup {
    html! { bdi.code dir="ltr" { (word::fingerprint(kid)) } }
}

//! What a document must be before the members may vote on it.

use std::sync::Arc;

use sijill_casework::shipped;
use sijill_domain::UnitId;
use sijill_domain::event::{DocumentKind, DocumentPublish, ProposalOpened};
use sijill_event::{Digest, Draft};
use sijill_ledger::Seal;
use sijill_ledger::testing::{Country, Ground};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};

/// What becomes of the proposal to publish it: its code and sentence, or nothing.
async fn proposed(country: &Country, publish: DocumentPublish) -> Option<(&'static str, String)> {
    let data = ProposalOpened { action: publish.into(), effective: None }.data();
    let members = data.as_object().expect("an object").iter();
    let draft = members.fold(Draft::new(ProposalOpened::TYPE, 1), |draft, (member, value)| {
        draft.open(member, value.clone())
    });
    let settled = country.send(&country.roots["mosd"], "ledger", draft).await;
    settled.err().map(|refused| (refused.code, refused.message))
}

fn publish(kind: DocumentKind, id: &str, version: u64, bytes: &[u8]) -> DocumentPublish {
    DocumentPublish { kind, id: UnitId::parse(id).expect("an id"), version, hash: Digest::of(bytes) }
}

/// The document with a text in place of another.
fn changed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).expect("text");
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_held_and_sound_is_proposed() {
    use DocumentKind::{Calendar, CodeList, Manual, Policy};
    const POLICY: &str = "child-protection";
    let dir = tempfile::tempdir().expect("a directory");
    let store = SqliteStore::open(&dir.path().join("ledger.db")).await.expect("a store");
    let keys = SqliteKeyStore::open(&dir.path().join("keys.db")).await.expect("a key store");
    let seal = Seal::at(dir.path().join("seal"));
    let country = Country::begin(Ground::new(Arc::new(store), Arc::new(keys), seal)).await;

    let missing = proposed(&country, publish(Manual, "handbook", 1, b"Nobody brought this.")).await;
    assert_eq!(missing.map(|(code, _)| code), Some("document-missing"));

    let (_, sex) = shipped::CODE_LISTS.iter().find(|(id, _)| *id == "sex").expect("a list");
    let second = changed(sex, "\"version\": 1", "\"version\": 2");
    let policy = |from, to| (Policy, POLICY, 2, changed(shipped::POLICY, from, to));
    let list = |from, to| (CodeList, "sex", 2, changed(&second, from, to));
    let calendar = |from, to| (Calendar, "oman", 2, changed(shipped::CALENDAR, from, to));
    let no_rule = {
        let text = std::str::from_utf8(shipped::POLICY).expect("text");
        let from = text.find("[[table.rule]]").expect("a rule");
        let to = from + 1 + text[from + 1..].find("[[table.rule]]").expect("another");
        [&text[..from], &text[to..]].concat().into_bytes()
    };
    for ((kind, id, version, bytes), why) in [
        ((Policy, POLICY, 2, b"[policy".to_vec()), "line 1"),
        (policy("id = \"child-protection\"", "id = \"another\""), "it calls itself `another`"),
        (policy("\"rop/desk\"", "\"rop/nowhere\""), "rop/nowhere, which is no open unit"),
        (policy("default = \"office\"", "default = \"offices\""), "with hours `offices`"),
        (policy("id = \"oman\"", "id = \"omen\""), "no calendar `omen`"),
        ((Policy, POLICY, 2, no_rule), "says nothing of"),
        (list("\"list\": \"sex\"", "\"list\": \"sexes\""), "it calls itself `sexes`"),
        ((CodeList, "sex", 2, sex.to_vec()), "version 1"),
        (list("\"code\": \"male\"", "\"code\": \"boy\""), "retire it, never reuse it"),
        (list("\"Male\"", "\"Grown-up\""), "retire it, never reuse it"),
        (calendar("id = \"oman\"", "id = \"omen\""), "it calls itself `omen`"),
        (calendar("Asia/Muscat", "Asia/Muscat"), "it calls itself version 1"),
    ] {
        country.ledger.put_document(&bytes).await.expect("held");
        let (code, message) = proposed(&country, publish(kind, id, version, &bytes)).await.expect(why);
        assert_eq!(code, "document-unsound", "{message}");
        assert!(message.contains(why), "{message}, not: {why}");
    }

    let retired = changed(&second, "\"code\": \"unknown\",", "\"code\": \"unknown\", \"retired\": true,");
    for (kind, id, version, bytes) in [
        (CodeList, "sex", 2, retired),
        (Calendar, "oman", 2, changed(shipped::CALENDAR, "version = 1", "version = 2")),
        policy("within = \"30m\"", "within = \"20m\""),
        (Manual, "handbook", 1, b"A manual.".to_vec()),
    ] {
        country.ledger.put_document(&bytes).await.expect("held");
        assert_eq!(proposed(&country, publish(kind, id, version, &bytes)).await, None, "{id}");
    }
}

//! An erasure on real stores: canaries in every class, killed wherever it can be killed, and a backup from before.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use async_trait::async_trait;
use futures::stream;
use sijill_casework::case::Author;
use sijill_domain::{AgencyId, OfficerId};
use sijill_event::{Class, Digest, Entry, Json, Stream};
use sijill_ledger::testing::{Country, Ground};
use sijill_ledger::{DeskKind, Vault};
use sijill_store::{KeyId, KeyStore, Store, StoreError, StoredDisclosure};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};

const OWNER: &str = "h1100/line";
const CHIEF: &str = "h1100/line-2";
const NURSE: &str = "moh/hospital-ma";

async fn ground(dir: &Path) -> Ground {
    let store = SqliteStore::open(dir.join("ledger.sqlite")).await.expect("a store");
    let keys = SqliteKeyStore::open(dir.join("keys.sqlite")).await.expect("a key store");
    Ground::new(Arc::new(store), Arc::new(keys), sijill_ledger::Seal::at(dir.join("seal")))
}

fn text(members: &[(&str, &str)]) -> Json {
    Json::object(members.iter().map(|(name, value)| (*name, Json::from(*value))))
}

fn reference(member: &str, hash: &Digest) -> Json {
    Json::object([(member, Json::from(hash.to_string()))])
}

fn set(texts: &[&str]) -> Json {
    Json::Array(texts.iter().map(|text| Json::from(*text)).collect())
}

/// What of a ledger's stores must not be found any more: ciphertexts, wrapped keys.
struct Secrets {
    rows: Vec<StoredDisclosure>,
    keys: Vec<(KeyId, Vec<u8>)>,
}

impl Secrets {
    async fn of(ground: &Ground, indexes: std::ops::Range<u64>) -> Self {
        let rows = ground.store.disclosures(indexes, None, 10_000).await.expect("readable");
        let rows: Vec<_> = rows.into_iter().filter(|row| row.sealed.is_some()).collect();
        let ids: BTreeSet<KeyId> = rows.iter().filter_map(|row| Some(row.sealed.as_ref()?.key_id)).collect();
        let keys = ground.keys.get(&ids.into_iter().collect::<Vec<_>>()).await.expect("readable");
        Self { rows, keys }
    }

    fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        let sealed = self.rows.iter().filter_map(|row| Some(row.sealed.as_ref()?.ciphertext.as_slice()));
        sealed.chain(self.keys.iter().map(|(_, wrapped)| wrapped.as_slice()))
    }
}

/// How many of these stand in some file of the directory.
fn found<'a>(dir: &Path, secrets: impl Iterator<Item = &'a [u8]>) -> usize {
    let files = std::fs::read_dir(dir).expect("readable").map(|file| file.expect("a file").path());
    let files: Vec<Vec<u8>> =
        files.filter(|path| path.is_file()).map(|path| std::fs::read(path).expect("readable")).collect();
    secrets.filter(|secret| files.iter().any(|file| file.windows(secret.len()).any(|w| w == *secret))).count()
}

/// A contact, a case that came of it, and files, with values in every class; the case is closed.
async fn populate(country: &Country) -> Digest {
    let act = |who: &'static str, stream: &'static str, kind: &'static str, values: Json| async move {
        let receipt = country.act(who, stream, kind, values).await;
        let receipt = receipt.unwrap_or_else(|refused| panic!("{kind}: {refused:?}"));
        country.hash(receipt.index).await
    };
    let contact = Json::object([
        ("kind", Json::from(first(country, "contact-type").as_str())),
        ("channel", "1100".into()),
        ("repeat", false.into()),
        ("concerns", set(&[])),
        ("child_name", "مها سالم".into()),
        ("child_birth_year", 2017_i64.into()),
        ("reporter_name", "CANARY-reporter".into()),
    ]);
    act(OWNER, "contact/k1", "contact.logged", contact).await;
    country.open_case("c1", "none").await;
    let child = Json::object([
        ("age_band", Json::from("5-11")),
        ("sex", "female".into()),
        ("name", "CANARY-identity بنت سالم".into()),
        ("birth_date", "2017-03-09".into()),
        ("situations", set(&[])),
        ("health", "CANARY-sensitive".into()),
    ]);
    act(OWNER, "case/c1", "child.registered", child).await;
    act(OWNER, "case/c1", "note.added", text(&[("text", "CANARY-narrative")])).await;
    let basis = Json::object([
        ("agencies", set(&["moh"])),
        ("basis", "court_order".into()),
        ("article", "CANARY-casework".into()),
    ]);
    act(OWNER, "case/c1", "legal_basis.invoked", basis).await;
    let file: Vec<u8> = b"CANARY-attachment".iter().copied().cycle().take(70_000).collect();
    let held =
        country.ledger.put_attachment(stream::iter([Ok::<_, std::io::Error>(file)])).await.expect("taken");
    let document = Json::object([
        ("kind", Json::from(first(country, "document-kind").as_str())),
        ("title", "CANARY-title".into()),
        (
            "document",
            Json::object([
                ("attachment", Json::from(held.digest.to_string())),
                ("media_type", "text/plain".into()),
                ("size", 70_000_i64.into()),
            ]),
        ),
    ]);
    act(OWNER, "case/c1", "document.attached", document).await;
    let referral = Json::object([
        ("to", text(&[("agency", "moh"), ("unit", "hospital-ma")])),
        ("service", Json::from(first(country, "service").as_str())),
        ("priority", "routine".into()),
        ("legal_basis", "best_interest".into()),
        ("reason", first(country, "referral-reason").as_str().into()),
        ("fields", set(&[])),
    ]);
    let referral = act(OWNER, "case/c1", "referral.requested", referral).await;
    act(NURSE, "case/c1", "referral.completed", {
        let mut values = vec![("referral".to_owned(), Json::from(referral.to_string()))];
        values.extend(required("referral.completed", country));
        Json::Object(values)
    })
    .await;
    held.digest
}

/// A code of a list.
fn first(country: &Country, list: &str) -> String {
    country.world().book().current(list).next().expect("a code").to_string()
}

/// The required codes and texts of a type.
fn required(kind: &str, country: &Country) -> Vec<(String, Json)> {
    use sijill_casework::catalogue::{self, Kind};
    let spec = catalogue::latest(kind).expect("a type");
    let value = |field: &&catalogue::FieldSpec| match field.kind {
        Kind::Code(list) if field.required => Some((field.name.to_owned(), first(country, list).into())),
        Kind::Text(_) if field.required => Some((field.name.to_owned(), "س".into())),
        _ => None,
    };
    spec.fields.iter().filter_map(|field| value(&field)).collect()
}

async fn close(country: &Country) {
    let mut values = vec![("exceptions".to_owned(), set(&[]))];
    values.extend(required("case.closure_requested", country));
    let request = country.act(OWNER, "case/c1", "case.closure_requested", Json::Object(values)).await;
    let request = country.hash(request.expect("asked").index).await;
    country.act(CHIEF, "case/c1", "case.closed", reference("request", &request)).await.expect("closed");
}

async fn order(country: &Country, id: &str, values: Json) -> Digest {
    let ordered = country.act(OWNER, &format!("access/{id}"), "erasure.ordered", values).await;
    country.hash(ordered.expect("ordered").index).await
}

async fn approve(country: &Country, id: &str, order: &Digest) -> u64 {
    let approved =
        country.act(CHIEF, &format!("access/{id}"), "erasure.approved", reference("erasure", order)).await;
    approved.expect("approved").index
}

/// The `erasure.done` of a case, once there is one.
async fn done(country: &Country, id: &str) -> Vec<Entry> {
    let stream = Stream::parse(&format!("access/{id}")).expect("a stream");
    for _ in 0..400 {
        country.ledger.wake().await.expect("room");
        let page = country.ground.store.stream_entries(stream.as_str(), 0, 1_000).await.expect("readable");
        let entries = page.iter().map(|(_, text)| Entry::parse(text.as_bytes()).expect("an entry"));
        let done: Vec<Entry> = entries.filter(|entry| entry.event.event_type == "erasure.done").collect();
        if !done.is_empty() {
            return done;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the erasure of {id} was never done");
}

fn named(done: &[Entry]) -> BTreeSet<String> {
    let lists = done.iter().filter_map(|entry| entry.event.data.get("digests")?.as_array());
    lists.flatten().filter_map(|digest| digest.as_str().map(str::to_owned)).collect()
}

async fn all_digests(country: &Country, id: &str, until: u64) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for kind in ["case", "contact", "auto", "access"] {
        let page =
            country.ground.store.stream_entries(&format!("{kind}/{id}"), 0, 1_000).await.expect("readable");
        for (_, text) in page.iter().filter(|(index, _)| *index <= until) {
            let entry = Entry::parse(text.as_bytes()).expect("an entry");
            all.extend(entry.event.digests.iter().flat_map(|(_, digests)| digests).map(ToString::to_string));
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_is_in_no_file_and_in_no_backup_that_is_restored() {
    let dir = tempfile::tempdir().expect("a directory");
    let country = Country::begin(ground(dir.path()).await).await;
    let begun = country.ledger.published().checkpoint.size;
    let file = populate(&country).await;
    close(&country).await;
    let why = Json::object([("ground", Json::from("court_order")), ("why", "CANARY-why".into())]);
    let case = order(&country, "c1", why).await;
    let contact = order(&country, "k1", text(&[("ground", "request")])).await;
    let secrets = Secrets::of(&country.ground, begun..u64::from(u32::MAX)).await;
    let attachment = country.ground.store.attachment(file.0).await.expect("readable").expect("held");
    let key = attachment.key_id.expect("a key");
    let wrapped = country.ground.keys.get(&[key]).await.expect("readable").remove(0).1;
    let chunk = country.ground.store.attachment_chunk(file.0, 0).await.expect("readable").expect("held");
    let of_file = [wrapped.as_slice(), &chunk[..64]];
    assert_eq!(found(dir.path(), secrets.bytes()), secrets.bytes().count(), "they are there before");
    assert_eq!(found(dir.path(), of_file.into_iter()), 2);
    let apart = tempfile::tempdir().expect("a directory");
    let backup = apart.path().join("before.sqlite");
    country.ground.store.backup(&backup).await.expect("a backup");

    for (id, order) in [("c1", &case), ("k1", &contact)] {
        let until = approve(&country, id, order).await;
        let done = done(&country, id).await;
        assert_eq!(done.len(), 1);
        assert_eq!(named(&done), all_digests(&country, id, until).await, "every digest, and no other");
        assert!(country.case(id).await.outline.erased.is_some());
    }
    assert_eq!(found(dir.path(), secrets.bytes()), 0, "while the server runs");
    assert_eq!(found(dir.path(), of_file.into_iter()), 0);
    let held =
        country.ground.store.disclosures(begun..u64::from(u32::MAX), None, 10_000).await.expect("readable");
    assert!(held.iter().all(|row| row.sealed.is_none()));
    let attachment = country.ground.store.attachment(file.0).await.expect("readable").expect("a tombstone");
    assert_eq!((attachment.key_id, attachment.chunks), (None, 0));
    let history = country.ledger.history("c1").await.expect("readable");
    assert!(history.iter().any(|line| line.read.is_none()));
    let desk = country.ledger.desk("moh", "hospital-ma", None, 10).await.expect("readable");
    assert_eq!(desk.iter().map(|row| row.kind).collect::<Vec<_>>(), [DeskKind::Erasure as u8]);
    assert!(country.ledger.desk("h1100", "line", None, 10).await.expect("readable").is_empty());
    let confirmed = country.act(NURSE, "access/c1", "erasure.confirmed", reference("erasure", &case)).await;
    confirmed.expect("confirmed");
    assert!(country.ledger.desk("moh", "hospital-ma", None, 10).await.expect("readable").is_empty());
    let refused = country.act(OWNER, "case/c1", "note.added", text(&[("text", "x")])).await;
    assert_eq!(refused.expect_err("refused").code, "case-erased");

    // A backup from before, with the key store of now.
    let restored = SqliteStore::open(&backup).await.expect("the backup opens");
    let rows = restored.disclosures(begun..u64::from(u32::MAX), None, 10_000).await.expect("readable");
    assert_eq!(rows.len(), secrets.rows.len());
    for row in rows {
        let sealed = row.sealed.expect("the backup has the ciphertext");
        assert!(country.ground.keys.get(&[sealed.key_id]).await.expect("readable").is_empty(), "and no key");
    }
    assert!(country.ground.keys.get(&[key]).await.expect("readable").is_empty());
    country.ledger.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_was_erased_is_found_no_more() {
    let dir = tempfile::tempdir().expect("a directory");
    let country = Country::begin(ground(dir.path()).await).await;
    populate(&country).await;
    let asks = || async {
        let id = Json::object([("name", Json::from("مها سالم")), ("birth_year", 2017_i64.into())]);
        let draft = country.draft("child.looked_up", id);
        let text = country.sign(&country.officers[OWNER], "contact/k2", draft).await;
        let asked = sijill_event::SdJwt::parse(&text).expect("an event");
        let (agency, officer) =
            (AgencyId::parse("h1100").expect("id"), OfficerId::parse("line").expect("id"));
        let desk = Author::reader(country.world().registry(), &agency, &officer).expect("an officer");
        country.ledger.look_up(&asked, &desk).await.expect("answered").expect("taken")
    };
    let contact = Json::object([
        ("kind", Json::from(first(&country, "contact-type").as_str())),
        ("channel", "1100".into()),
        ("repeat", false.into()),
        ("concerns", set(&[])),
    ]);
    country.act(OWNER, "contact/k2", "contact.logged", contact).await.expect("logged");
    assert_eq!(asks().await.known.len(), 1);
    let order = order(&country, "k1", text(&[("ground", "request")])).await;
    approve(&country, "k1", &order).await;
    done(&country, "k1").await;
    assert!(asks().await.known.is_empty());
}

/// The values of an event that still open, by name.
async fn open(country: &Country, index: u64) -> BTreeMap<String, String> {
    let vault = Vault::new(country.ground.master.clone(), sijill_ledger::testing::ORIGIN);
    let event = country.entry(index).await.event;
    let mut values = BTreeMap::new();
    for row in country.ground.store.disclosures(index..index + 1, None, 100).await.expect("readable") {
        let Some(sealed) = row.sealed else { continue };
        let keys = country.ground.keys.get(&[sealed.key_id]).await.expect("readable");
        let Some((_, wrapped)) = keys.first() else { continue };
        let digest = Digest(row.digest);
        let text = vault.open(&event, &digest, &sealed.key_id, wrapped, &sealed.ciphertext).expect("opens");
        let disclosure = sijill_event::Disclosure::parse(&text).expect("a disclosure");
        values.insert(disclosure.name, disclosure.value.to_string());
    }
    values
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_goes_and_its_neighbours_get_another_key() {
    let dir = tempfile::tempdir().expect("a directory");
    let country = Country::begin(ground(dir.path()).await).await;
    populate(&country).await;
    let case = country.case("c1").await;
    let registered =
        case.events.iter().find(|(_, noted)| noted.event_type == "child.registered").expect("it");
    let index = registered.1.index;
    let before = open(&country, index).await;
    let secrets = Secrets::of(&country.ground, index..index + 1).await;
    let what = Json::object([
        ("ground", Json::from("request")),
        ("fields", set(&["identity.name", "sensitive.health"])),
    ]);
    let order = order(&country, "c1", what).await;
    approve(&country, "c1", &order).await;
    let done = done(&country, "c1").await;
    assert_eq!(named(&done).len(), 2, "of the one event that has them");
    let after = open(&country, index).await;
    let mut expected = before.clone();
    assert!(expected.remove("name").is_some() && expected.remove("health").is_some());
    assert_eq!(after, expected);
    assert_eq!(
        found(dir.path(), secrets.bytes()),
        0,
        "nor does the old key or ciphertext of those that stay"
    );
    let now = country.case("c1").await;
    assert_eq!((now.gaps, now.case.is_some()), (0, true), "the work goes on");
    country.act(OWNER, "case/c1", "note.added", text(&[("text", "next")])).await.expect("taken");
}

/// A key store whose next destruction is cut short: 1, before it is done; 2, after.
struct Cut {
    keys: SqliteKeyStore,
    at: AtomicU8,
}

#[async_trait]
impl KeyStore for Cut {
    async fn put(&self, keys: &[(KeyId, Vec<u8>)]) -> sijill_store::Result<()> {
        self.keys.put(keys).await
    }

    async fn get(&self, ids: &[KeyId]) -> sijill_store::Result<Vec<(KeyId, Vec<u8>)>> {
        self.keys.get(ids).await
    }

    async fn destroy(&self, ids: &[KeyId]) -> sijill_store::Result<u64> {
        let cut = || StoreError::Retry("cut short".into());
        match self.at.load(Ordering::SeqCst) {
            0 => self.keys.destroy(ids).await,
            1 => Err(cut()),
            _ => {
                self.keys.destroy(ids).await?;
                Err(cut())
            }
        }
    }

    async fn backup(&self, to: &Path) -> sijill_store::Result<()> {
        self.keys.backup(to).await
    }
}

/// Killed between the approval and its carrying out, between the new keys and the end of the old, between their end and
/// `erasure.done`: it ends with one `erasure.done`, and what stays is read as before.
#[tokio::test(flavor = "multi_thread")]
async fn killed_anywhere_it_ends_the_same() {
    for whole in [true, false] {
        for cut in [0, 1, 2] {
            let dir = tempfile::tempdir().expect("a directory");
            let store = SqliteStore::open(dir.path().join("ledger.sqlite")).await.expect("a store");
            let keys = SqliteKeyStore::open(dir.path().join("keys.sqlite")).await.expect("a key store");
            let keys = Arc::new(Cut { keys, at: AtomicU8::new(0) });
            let seal = sijill_ledger::Seal::at(dir.path().join("seal"));
            let ground = Ground::new(Arc::new(store), Arc::clone(&keys) as Arc<dyn KeyStore>, seal);
            let mut country = Country::begin(ground).await;
            let begun = country.ledger.published().checkpoint.size;
            populate(&country).await;
            let case = country.case("c1").await;
            let noted = case.events.values().find(|noted| noted.event_type == "child.registered");
            let index = noted.expect("registered").index;
            let before = open(&country, index).await;
            let what = if whole {
                close(&country).await;
                text(&[("ground", "request")])
            } else {
                Json::object([("ground", Json::from("request")), ("fields", set(&["identity.name"]))])
            };
            let order = order(&country, "c1", what).await;
            keys.at.store(cut, Ordering::SeqCst);
            let until = approve(&country, "c1", &order).await;
            if cut > 0 {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            country.ledger.crash().await;
            keys.at.store(0, Ordering::SeqCst);
            country.ledger = country.ground.open().await.expect("it opens again");
            let done = done(&country, "c1").await;
            assert_eq!(done.len(), 1, "whole {whole}, cut {cut}");
            country.again().await;
            country.ledger.wake().await.expect("room");
            let after = open(&country, index).await;
            if whole {
                assert_eq!(named(&done), all_digests(&country, "c1", until).await);
                assert!(after.is_empty());
                let rows = country.ground.store.disclosures(begun + 1..until + 1, None, 10_000).await;
                assert!(rows.expect("readable").iter().all(|row| row.sealed.is_none()), "cut {cut}");
            } else {
                let mut expected = before;
                expected.remove("name");
                assert_eq!(after, expected, "cut {cut}");
                assert_eq!(named(&done).len(), 1);
            }
            let stream = country.ground.store.stream_entries("access/c1", 0, 100).await.expect("readable");
            let types = stream
                .iter()
                .map(|(_, text)| Entry::parse(text.as_bytes()).expect("an entry").event.event_type);
            assert_eq!(types.filter(|kind| kind == "erasure.done").count(), 1);
            country.ledger.shutdown().await;
        }
    }
}

/// More values than one event can name.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_of_digests_is_told_in_parts() {
    let dir = tempfile::tempdir().expect("a directory");
    let country = Country::begin(ground(dir.path()).await).await;
    country.open_case("c1", "none").await;
    for n in 0..120 {
        let person = Json::object([
            ("relation", Json::from(first(&country, "party-relation").as_str())),
            ("alleged", false.into()),
            ("name", format!("person {n}").into()),
        ]);
        country.act(OWNER, "case/c1", "party.added", person).await.expect("added");
    }
    for n in 0..400 {
        country
            .act(OWNER, "case/c1", "note.added", text(&[("text", &format!("note {n}"))]))
            .await
            .expect("added");
    }
    close(&country).await;
    let order = order(&country, "c1", text(&[("ground", "request")])).await;
    let until = approve(&country, "c1", &order).await;
    let done = done(&country, "c1").await;
    let all = all_digests(&country, "c1", until).await;
    assert!(all.len() > 800 && all.len() <= 1_600, "{}", all.len());
    assert_eq!(done.len(), 2);
    assert_eq!(named(&done), all);
    assert_eq!(country.case("c1").await.outline.erased, Some(order));
    let classes: BTreeSet<Class> =
        done.iter().flat_map(|one| &one.event.digests).map(|(class, _)| *class).collect();
    assert!(classes.is_empty(), "what is said of an erasure is open");
}

//! Cosigning, with real witnesses that are reached through a courier which can lose, delay and falsify everything.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sijill_domain::event::{Action, LogWitnessed, WitnessRule, WitnessesSet};
use sijill_event::Json;
use sijill_ledger::testing::{Country, Ground, ORIGIN, Scene};
use sijill_ledger::{
    Courier, OpenError, Receipt, RefusedKind, Reply, Seal, Unreached, Wait, Witnessing, record_witnessed,
};
use sijill_log::{AddCheckpoint, CosignatureSigner, Note, Policy, TlogProof, cosignature, leaf_hash};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};
use sijill_witness::{Answer, State, SystemClock, Witness};
use tempfile::TempDir;

const NAMES: [&str; 4] = ["mosd", "moh", "moe", "unicef"];

/// How a witness, or the way to it, is just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Honest,
    /// It does not answer.
    Dead,
    /// It answers after a while.
    Slow,
    /// It answers 200 with a cosignature of another checkpoint.
    Garbles,
    /// It answers 200 with nothing.
    SaysNothing,
    /// It tells another size each time.
    Wanders,
    /// It holds another root for whatever size it is brought; as v1.0.0 says so, and as later drafts do.
    Disagrees(u16),
    /// It says it has cosigned up to here.
    Claims(u64),
    /// It knows no such log.
    Unknown,
}

async fn ground(dir: &Path) -> Ground {
    let store = SqliteStore::open(dir.join("ledger.sqlite")).await.expect("a store");
    let keys = SqliteKeyStore::open(dir.join("keys.sqlite")).await.expect("a key store");
    Ground::new(Arc::new(store), Arc::new(keys), Seal::at(dir.join("seal")))
}

fn none() -> Json {
    Json::Object(Vec::new())
}

/// The witnesses, by URL.
struct Street {
    witnesses: BTreeMap<String, Witness>,
    moods: Mutex<BTreeMap<String, Mood>>,
    asked: Mutex<u64>,
}

fn key(nth: usize) -> CosignatureSigner {
    let name = format!("{}.example", NAMES[nth]).parse().expect("a name");
    CosignatureSigner::new(name, &[u8::try_from(50 + nth).expect("small"); 32])
}

fn url(name: &str) -> String {
    format!("https://{name}.example/w")
}

/// Two of three ministries, and UNICEF.
fn policy() -> Policy {
    let witness = |(nth, name)| format!("witness {name} {} {}\n", key(nth).verifier(), url(name));
    let witnesses = NAMES.into_iter().enumerate().map(witness).collect::<Vec<_>>().concat();
    let groups = "group ministries 2 mosd moh moe\ngroup both all ministries unicef\nquorum both\n";
    (witnesses + groups).parse().expect("a policy")
}

impl Street {
    /// Witnesses of the scene's ledger, all honest.
    async fn build(folder: &TempDir, ground: &Ground) -> Arc<Self> {
        let mut witnesses = BTreeMap::new();
        for (nth, name) in NAMES.iter().enumerate() {
            let state = State::open(&folder.path().join(format!("{name}.sqlite"))).await.expect("a state");
            state.trust(ORIGIN, ground.log_key().verifier()).await.expect("trusted");
            let witness = Witness::start(state, vec![key(nth)], Arc::new(SystemClock)).await;
            witnesses.insert(url(name), witness.expect("it starts"));
        }
        Arc::new(Self { witnesses, moods: Mutex::default(), asked: Mutex::new(0) })
    }

    fn is(&self, name: &str, mood: Mood) {
        self.moods.lock().expect("whole").insert(url(name), mood);
    }

    fn witness(&self, name: &str) -> &Witness {
        &self.witnesses[&url(name)]
    }
}

fn reply(status: u16, media_type: &str, body: impl Into<String>) -> Reply {
    Reply { status, media_type: media_type.to_owned(), body: body.into() }
}

fn size(size: u64) -> Reply {
    reply(409, "text/x.tlog.size", format!("{size}\n"))
}

fn told(answer: &Answer) -> Reply {
    match answer {
        Answer::Cosigned(lines) => {
            reply(200, "text/plain", lines.iter().map(|line| line.to_string() + "\n").collect::<String>())
        }
        Answer::Conflict { size: held } => size(*held),
        other => reply(other.status(), "text/plain", "no\n"),
    }
}

#[async_trait]
impl Courier for Street {
    async fn submit(&self, url: &str, body: String) -> Result<Reply, Unreached> {
        let asked = {
            let mut asked = self.asked.lock().expect("whole");
            *asked += 1;
            *asked
        };
        let mood = self.moods.lock().expect("whole").get(url).copied().unwrap_or(Mood::Honest);
        let request = AddCheckpoint::parse(body.as_bytes()).expect("the ledger makes requests");
        assert_eq!(request.checkpoint.signatures().len(), 1, "the log's signature and no more");
        let brought = sijill_log::Checkpoint::parse(request.checkpoint.text()).expect("a checkpoint").size;
        match mood {
            Mood::Dead => Err(Unreached),
            Mood::Garbles => {
                let other =
                    Note::new("x\n".to_owned(), request.checkpoint.signatures()[0].clone()).expect("a note");
                let mut line = other.signatures()[0].clone();
                let verifier = key(NAMES.iter().position(|name| url == self::url(name)).expect("known"));
                line.name = verifier.verifier().name().clone();
                line.key_id = verifier.verifier().key_id();
                line.signature = [0; 72].to_vec();
                Ok(reply(200, "text/plain", format!("{line}\n")))
            }
            Mood::SaysNothing => Ok(reply(200, "text/plain", "")),
            Mood::Wanders => Ok(size(asked % 3)),
            Mood::Disagrees(409) => Ok(size(brought)),
            Mood::Disagrees(_) if request.old == brought => Ok(reply(422, "text/plain", "another root\n")),
            Mood::Disagrees(_) => Ok(size(brought)),
            Mood::Claims(claimed) => Ok(size(claimed)),
            Mood::Unknown => Ok(reply(404, "text/plain", "no such log\n")),
            Mood::Honest | Mood::Slow => {
                if mood == Mood::Slow {
                    tokio::time::sleep(Duration::from_millis(400)).await;
                }
                let witness = self.witnesses.get(url).ok_or(Unreached)?;
                witness
                    .add_checkpoint(body.as_bytes())
                    .await
                    .map(|answer| told(&answer))
                    .map_err(|_| Unreached)
            }
        }
    }
}

fn witnessing(street: &Arc<Street>) -> Witnessing {
    let mut witnessing = Witnessing::new(Some(policy()), Arc::clone(street) as Arc<dyn Courier>);
    witnessing.every = Duration::from_millis(20);
    witnessing
}

async fn scene() -> (TempDir, Scene, Arc<Street>) {
    scene_with(|_| ()).await
}

async fn scene_with(change: impl FnOnce(&mut Witnessing)) -> (TempDir, Scene, Arc<Street>) {
    let folder = tempfile::tempdir().expect("a directory");
    let mut ground = ground(folder.path()).await;
    let street = Street::build(&folder, &ground).await;
    let mut witnessing = witnessing(&street);
    change(&mut witnessing);
    ground.witnessing = Some(witnessing);
    let scene = Scene::set(ground).await;
    (folder, scene, street)
}

async fn note(scene: &Scene, stream: &str) -> String {
    let worker = &scene.workers[0];
    let draft = scene.draft(worker, stream, "note.added", none()).await;
    draft.sign(&worker.key).expect("signable").to_string()
}

/// The receipt rests on a checkpoint that the quorum cosigned.
async fn holds(scene: &Scene, receipt: &Receipt) {
    let page = scene.ledger.entries(receipt.index, 1).await.expect("readable");
    let proof = TlogProof::parse(receipt.proof.as_bytes()).expect("a proof");
    let of_log = format!("log {}\n{}", scene.ground.log_key().verifier(), policy());
    let of_log: Policy = of_log.parse().expect("a policy");
    let (checkpoint, witnessed) =
        proof.verify_witnessed(&leaf_hash(page[0].1.as_bytes()), &of_log).expect("it holds");
    assert!(witnessed.quorum && witnessed.time.is_some());
    assert!(checkpoint.size > receipt.index);
}

async fn append(scene: &Scene, stream: &str) -> Receipt {
    let settled = scene.ledger.append(vec![note(scene, stream).await], Wait::Witnessed).await.expect("room");
    settled.into_iter().next().expect("one").expect("witnessed")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_rests_on_the_quorum() {
    let (_folder, scene, _street) = scene().await;
    for n in 0..5 {
        holds(&scene, &append(&scene, &format!("case/{n}")).await).await;
    }
    // Several at once, one of which is refused for itself.
    let texts = vec![note(&scene, "case/a").await, "x".into(), note(&scene, "case/b").await];
    let settled = scene.ledger.append(texts.clone(), Wait::Witnessed).await.expect("room");
    assert_eq!(settled.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    for receipt in settled.iter().flatten() {
        holds(&scene, receipt).await;
    }
    let again = scene.ledger.append(texts, Wait::Witnessed).await.expect("room");
    let again = again[0].as_ref().expect("the same bytes");
    assert!(!again.first);
    holds(&scene, again).await;
    let cosigned = scene.ledger.cosigned().expect("witnessed");
    assert_eq!(*cosigned.checkpoint(), scene.ledger.published().checkpoint);
    assert!(policy().satisfied_by(&cosigned.note).is_ok_and(|witnessed| witnessed.quorum));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_ministry_is_not_missed_whatever_it_does() {
    let (_folder, scene, street) = scene().await;
    let moods = [
        Mood::Dead,
        Mood::Slow,
        Mood::Garbles,
        Mood::SaysNothing,
        Mood::Wanders,
        Mood::Disagrees(409),
        Mood::Disagrees(422),
        Mood::Claims(1 << 40),
        Mood::Unknown,
    ];
    for (nth, mood) in moods.into_iter().enumerate() {
        street.is("moe", mood);
        let receipt = append(&scene, &format!("case/{nth}")).await;
        holds(&scene, &receipt).await;
        let proof = TlogProof::parse(receipt.proof.as_bytes()).expect("a proof");
        if mood != Mood::Slow {
            assert_eq!(cosignature::verify(&proof.checkpoint, key(2).verifier()), Ok(None), "{mood:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_quorum_what_waits_is_told_so_and_nothing_else_waits() {
    let (_folder, scene, street) =
        scene_with(|witnessing| witnessing.patience = Duration::from_millis(300)).await;
    append_until(&scene, "case/before").await;
    let witnessed = scene.ledger.cosigned().expect("witnessed").checkpoint().size;
    street.is("unicef", Mood::Dead);
    let text = note(&scene, "case/1").await;
    for _ in 0..2 {
        let settled = scene.ledger.append(vec![text.clone()], Wait::Witnessed).await.expect("room");
        let refused = settled[0].as_ref().expect_err("no quorum");
        assert_eq!((refused.code, &refused.kind), ("not-witnessed", &RefusedKind::Unavailable));
    }
    let published = scene.ledger.append(vec![text.clone()], Wait::Published).await.expect("room");
    let published = published[0].as_ref().expect("it is in the log");
    assert!(!published.first, "it was appended once");
    assert_eq!(scene.ledger.published().checkpoint.size, published.index + 1);
    assert_eq!(scene.ledger.cosigned().expect("as before").checkpoint().size, witnessed);

    street.is("unicef", Mood::Honest);
    let receipt = loop {
        let settled = scene.ledger.append(vec![text.clone()], Wait::Witnessed).await.expect("room");
        match settled.into_iter().next().expect("one") {
            Ok(receipt) => break receipt,
            Err(refused) => assert_eq!(refused.code, "not-witnessed"),
        }
    };
    holds(&scene, &receipt).await;
}

/// As a client does that was told `not-witnessed`.
async fn append_until(scene: &Scene, stream: &str) -> Receipt {
    let text = note(scene, stream).await;
    loop {
        let settled = scene.ledger.append(vec![text.clone()], Wait::Witnessed).await.expect("room");
        if let Ok(receipt) = &settled[0] {
            return receipt.clone();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_starts_again_learns_where_its_witnesses_stand() {
    let (_folder, mut scene, street) = scene().await;
    append(&scene, "case/1").await;
    // One of them misses the next ones.
    street.is("mosd", Mood::Dead);
    append(&scene, "case/2").await;
    scene.ledger.shutdown().await;
    street.is("mosd", Mood::Honest);
    scene.ledger = scene.ground.open().await.expect("it opens again");
    street.is("moe", Mood::Dead);
    holds(&scene, &append(&scene, "case/3").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_another_server_brought_further_is_brought_the_newest() {
    let (_folder, scene, street) = scene().await;
    append(&scene, "case/1").await;
    for name in NAMES {
        street.is(name, Mood::Dead);
    }
    let worker = &scene.workers[0];
    for n in 2..9 {
        scene.post(worker, &format!("case/{n}"), "note.added", none(), &[]).await.expect("published");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The round is about an earlier checkpoint; another server has brought UNICEF the newest.
    let newest = scene.ledger.published();
    let unicef = street.witness("unicef");
    let mut old = 0;
    loop {
        let proof = scene.ledger.consistency(old, newest.checkpoint.size).await.expect("a proof");
        let request = AddCheckpoint { old, proof, checkpoint: newest.note.clone() };
        match unicef.add_checkpoint(request.to_string().as_bytes()).await.expect("answered") {
            Answer::Conflict { size } => old = size,
            Answer::Cosigned(_) => break,
            other => panic!("{other:?}"),
        }
    }
    for name in NAMES {
        street.is(name, Mood::Honest);
    }
    holds(&scene, &append_until(&scene, "case/after").await).await;
}

#[tokio::test]
async fn a_ledger_that_is_behind_a_witness_does_not_run() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut ground = ground(folder.path()).await;
    let street = Street::build(&folder, &ground).await;
    ground.witnessing = Some(witnessing(&street));
    street.is("moh", Mood::Claims(3));
    let refused = ground.open().await.err().expect("behind");
    let OpenError::BehindWitness { witness, seen, size } = refused else { panic!("{refused}") };
    assert_eq!((witness.as_str(), seen, size), ("moh", 3, 0));
    // Who does not answer, or says nothing that makes sense, stops nobody.
    for mood in [Mood::Dead, Mood::Garbles, Mood::Unknown, Mood::Honest] {
        street.is("moh", mood);
        ground.open().await.expect("it opens").shutdown().await;
    }
}

#[tokio::test]
async fn a_policy_under_which_nothing_is_witnessed_or_two_histories_are_is_refused() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut ground = ground(folder.path()).await;
    let street = Street::build(&folder, &ground).await;
    let vkey = |nth: usize| key(nth).verifier().to_string();
    for text in [
        "quorum none\n".to_owned(),
        format!(
            "witness a {} https://a\nwitness b {} https://b\ngroup g any a b\nquorum g\n",
            vkey(0),
            vkey(1)
        ),
        format!("witness a {} https://a\nwitness b {}\ngroup g all a b\nquorum g\n", vkey(0), vkey(1)),
    ] {
        let policy: Policy = text.parse().expect("a policy");
        ground.witnessing = Some(Witnessing { policy: Some(policy), ..witnessing(&street) });
        let refused = ground.open().await.err().expect(&text);
        assert!(matches!(refused, OpenError::WitnessPolicy(_)), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_witnessed_is_recorded_and_a_record_is_no_reason_for_a_record() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut ground = ground(folder.path()).await;
    let street = Street::build(&folder, &ground).await;
    ground.witnessing = Some(witnessing(&street));
    let country = Country::begin(ground).await;
    let record = async |every| {
        loop {
            let newest = country.ledger.published().checkpoint.size;
            if country.ledger.cosigned().is_some_and(|cosigned| cosigned.checkpoint().size == newest) {
                break record_witnessed(&country.ledger, &country.ground.attestor, every)
                    .await
                    .expect("taken");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let first = record(Duration::ZERO).await.expect("recorded");
    let entry = country.entry(first.index).await;
    let said = LogWitnessed::parse(&entry.event.data).expect("a record");
    assert!(policy().satisfied_by(said.checkpoint.note()).is_ok_and(|witnessed| witnessed.quorum));
    assert_eq!(entry.event.seen.expect("a checkpoint").size, first.index);
    assert_eq!(record(Duration::ZERO).await, None, "nothing came since but the record");
    country.open_case("c1", "low").await;
    assert_eq!(record(Duration::from_hours(1)).await, None, "not yet");
    country.later(61);
    let second = record(Duration::from_hours(1)).await.expect("recorded");
    assert!(second.index > first.index + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_members_decide_whom_the_ledger_asks() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut ground = ground(folder.path()).await;
    let street = Street::build(&folder, &ground).await;
    ground.witnessing = Some(Witnessing { policy: None, ..witnessing(&street) });
    let mut country = Country::begin(ground).await;
    let refused = country.ledger.append(vec!["x".into()], Wait::Witnessed).await.expect("room");
    assert_eq!(refused[0].as_ref().expect_err("nobody is asked").code, "no-witnesses");
    let set = |text: &str| Action::from(WitnessesSet { policy: WitnessRule::parse(text).expect("a policy") });
    country.decide(set(&policy().to_string())).await;
    witnessed(&country).await;
    let cosigned = country.ledger.cosigned().expect("witnessed");
    assert!(policy().satisfied_by(&cosigned.note).is_ok_and(|witnessed| witnessed.quorum));

    // Another one, while it runs; and it stands after a restart.
    let moe = format!("witness moe {} {}\nquorum moe\n", key(2).verifier(), url("moe"));
    for name in ["mosd", "moh", "unicef"] {
        street.is(name, Mood::Dead);
    }
    country.decide(set(&moe)).await;
    witnessed(&country).await;
    country.again().await;
    country.open_case("c1", "low").await;
    witnessed(&country).await;
}

/// Until the newest checkpoint is.
async fn witnessed(country: &Country) {
    loop {
        let newest = country.ledger.published().checkpoint.size;
        if country.ledger.cosigned().is_some_and(|cosigned| cosigned.checkpoint().size == newest) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

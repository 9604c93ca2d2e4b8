//! Keys of the witness and of the logs, and a state that was tampered with.

use sijill_log::{CosignatureSigner, Note, NoteSigner, NoteVerifier, cosignature};
use sijill_witness::{Answer, State, Witness, WitnessError};
use sqlx::{Connection, SqliteConnection};

use crate::log::{House, Leaves, NAME, NOW, ORIGIN, clock, key, signer, state};

async fn start(keys: Vec<CosignatureSigner>) -> Result<Witness, WitnessError> {
    let folder = tempfile::tempdir().expect("a folder");
    let state = state(folder.path()).await;
    state.trust(ORIGIN, signer().verifier()).await.expect("trusted");
    Witness::start(state, keys, clock()).await
}

#[tokio::test]
async fn old_and_new_key_sign_beside_each_other() {
    let house = House::new().await;
    let leaves = Leaves::of(20, 20, 0);
    house.grow(&leaves, 0, 5).await;
    house.witness.stop().await;
    let state = state(house.folder.path()).await;
    let witness = Witness::start(state, vec![key(1), key(2)], clock()).await.expect("it starts");
    let answer =
        witness.add_checkpoint(leaves.request(5, 20).to_string().as_bytes()).await.expect("answered");
    let Answer::Cosigned(lines) = answer else { panic!("{answer:?}") };
    let mut note = leaves.note(20);
    for line in lines {
        note.add(line).expect("room");
    }
    for key in [key(1), key(2)] {
        assert_eq!(cosignature::verify(&note, key.verifier()), Ok(Some(NOW)));
    }
    assert_eq!(witness.keys().map(NoteVerifier::name).filter(|name| name.as_str() == NAME).count(), 2);
}

#[tokio::test]
async fn keys_that_would_speak_for_two_are_refused() {
    let code = |started: Result<Witness, WitnessError>| started.err().map(|error| error.code());
    assert_eq!(code(start(vec![]).await), Some("key-count"));
    assert_eq!(code(start((1..=5).map(key).collect()).await), Some("key-count"));
    let other = CosignatureSigner::new("other.example".parse().expect("a name"), &[2; 32]);
    assert_eq!(code(start(vec![key(1), other]).await), Some("key-names"));
    assert_eq!(code(start(vec![key(1), key(1)]).await), Some("key-twice"));
    // The log's own seed.
    assert_eq!(code(start(vec![key(7)]).await), Some("key-twice"));
    assert_eq!(code(start(vec![key(1), key(2)]).await), None);
}

#[tokio::test]
async fn a_log_may_change_its_key_and_a_key_has_one_log() {
    let house = House::new().await;
    let leaves = Leaves::of(20, 20, 0);
    let new = NoteSigner::new(ORIGIN.parse().expect("a name"), &[8; 32]);
    let of_new = |old, size| {
        let mut request = leaves.request(old, size);
        request.checkpoint = leaves.checkpoint(size).sign(&new).expect("a checkpoint");
        request
    };
    house.grow(&leaves, 0, 3).await;
    assert_eq!(house.ask(&of_new(3, 5)).await, Answer::NotSigned);
    house.state.trust(ORIGIN, new.verifier()).await.expect("trusted");
    house.state.trust(ORIGIN, new.verifier()).await.expect("known already");
    assert_eq!(house.ask(&of_new(3, 5)).await.status(), 200);
    // Signed by both, both are kept; one of them wrongly, nothing is signed.
    let mut both = leaves.request(5, 9);
    both.checkpoint.add(new.sign(both.checkpoint.text())).expect("room");
    assert_eq!(house.ask(&both).await.status(), 200);
    let held = house.state.held(ORIGIN).await.expect("read").expect("held");
    assert_eq!(held.note.signatures().len(), 2);
    let mut wrong = leaves.request(9, 20);
    wrong.checkpoint.add(new.sign("another text\n")).expect("room");
    assert_eq!(house.ask(&wrong).await, Answer::NotSigned);

    house.state.distrust(ORIGIN, Some(signer().verifier())).await.expect("known");
    assert_eq!(house.ask(&leaves.request(9, 20)).await, Answer::NotSigned);
    let elsewhere = house.state.trust("other.example", new.verifier()).await.expect_err("it has a log");
    assert_eq!(elsewhere.code(), "key-of-other-log");
    let a_witness = house.state.trust(ORIGIN, key(3).verifier()).await.expect_err("no log's key");
    assert_eq!(a_witness.code(), "key-twice");
    assert_eq!(house.state.trust("a b", signer().verifier()).await.expect_err("no name").code(), "key-name");
    let logs = house.state.logs().await.expect("read");
    assert_eq!(logs, [(ORIGIN.to_owned(), vec![new.verifier().clone()])]);
}

#[tokio::test]
async fn a_head_changed_by_hand_is_no_ground_to_sign_on() {
    let leaves = Leaves::of(20, 20, 0);
    let forged = leaves.note(4).to_string().replace('\'', "''");
    for change in [
        "UPDATE head SET size = 4".to_owned(),
        format!("UPDATE head SET note = '{forged}'"),
        "UPDATE head SET note = 'x'".to_owned(),
        "UPDATE head SET root = zeroblob(32)".to_owned(),
    ] {
        let house = House::new().await;
        house.grow(&leaves, 0, 9).await;
        let path = house.folder.path().join("witness.sqlite");
        let mut by_hand = SqliteConnection::connect(path.to_str().expect("UTF-8")).await.expect("opened");
        sqlx::query(sqlx::AssertSqlSafe(change.clone())).execute(&mut by_hand).await.expect("changed");
        let request = leaves.request(9, 20).to_string();
        let answer = house.witness.add_checkpoint(request.as_bytes()).await;
        assert_eq!(answer.expect_err(&change).code(), "witness-corrupt");
    }
}

#[tokio::test]
async fn a_file_that_is_no_state_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("witness.sqlite");
    std::fs::write(&path, "no database, however long one reads in it".repeat(100)).expect("written");
    assert_eq!(State::open(&path).await.expect_err("refused").code(), "witness-state");
    let nowhere = State::open(&folder.path().join("no/such/folder")).await;
    assert_eq!(nowhere.expect_err("refused").code(), "witness-state");
    // What a note that is no checkpoint says is refused before any state is read.
    let note = Note::new("only one line\n".to_owned(), signer().sign("only one line\n")).expect("a note");
    assert!(sijill_witness::judge::read(format!("old 0\n\n{note}").as_bytes()).is_err());
}

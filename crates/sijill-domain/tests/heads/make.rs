//! Makes the vectors: two small maps, proofs in them, and each way to get a proof wrong with the code of its refusal.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sijill_domain::heads::{Head, KeyProof, KeyStatus, StreamProof};
use sijill_event::{Digest, Json, Kid, Stream};
use sijill_log::{Hash, MapProof, SparseMap};

pub(crate) fn file() -> Value {
    json!({
        "about": {
            "what": "Vectors for heads.committed and proofs under it: docs/ledger-format.md, Annex E.",
            "shape": "'sections' maps a section to its cases. A case has a name, inputs, and either 'gives' (it is accepted, with this result) or 'refused' (it is not; the value is the code of crates/sijill-log, or 'malformed'). The verdict is binding.",
            "encodings": "Hashes, keys and values are canonical base64url without padding.",
            "sections": {
                "maps": "leaves [key, value] -> root", "stream_leaves": "stream, seq, last -> key, value",
                "key_leaves": "kid, iss, sub, added, revoked?, since? -> key, value",
                "stream_proofs": "a stream proof against the root of streams", "key_proofs": "a key proof against the root of keys",
            },
        },
        "sections": {
            "maps": maps(), "stream_leaves": stream_leaves(), "key_leaves": key_leaves(), "stream_proofs": stream_proofs(),
            "key_proofs": key_proofs(),
        },
    })
}

fn text(hash: &Hash) -> String {
    Digest(hash.0).to_string()
}

fn hash(of: &str) -> Hash {
    Hash(Digest::of(of).0)
}

fn maps() -> Value {
    let map = |name: &str, leaves: Vec<(Hash, Hash)>| {
        let root = SparseMap::new().with(leaves.clone()).root();
        let leaves: Vec<_> = leaves.iter().map(|(key, value)| [text(key), text(value)]).collect();
        json!({"name": name, "leaves": leaves, "gives": {"root": text(&root)}})
    };
    let some = |n: usize| (0..n).map(|i| (hash(&format!("key {i}")), hash(&format!("value {i}")))).collect();
    let near = |byte: usize, flip: u8| {
        let mut other = Hash([7; 32]);
        other.0[byte] ^= flip;
        vec![(Hash([7; 32]), hash("one")), (other, hash("other"))]
    };
    let mut twice: Vec<(Hash, Hash)> = some(3);
    twice.push((twice[0].0, hash("a later value")));
    json!([
        map("nothing", vec![]),
        map("one leaf", some(1)),
        map("two leaves", some(2)),
        map("hundred leaves", some(100)),
        map("keys that differ in the first bit", near(0, 0x80)),
        map("keys that differ in the ninth bit", near(1, 0x80)),
        map("keys that differ in the last bit", near(31, 1)),
        map("a key given twice: the later value counts", twice),
    ])
}

/// Where streams end in the vectors.
fn ends() -> BTreeMap<String, Head> {
    let named = ["ledger", "log", "agency/moh"].map(str::to_owned).into_iter();
    let streams = named.chain((0..40).map(|n| format!("case/{n}")));
    (0..).zip(streams).map(|(seq, stream)| (stream.clone(), Head { seq, last: Digest::of(stream) })).collect()
}

pub(crate) fn streams() -> SparseMap {
    SparseMap::new().with(ends().iter().map(|(stream, head)| (Head::key(stream), head.value())))
}

pub(crate) fn stream_proof(map: &SparseMap, stream: &str) -> StreamProof {
    let (head, proof) = (ends().get(stream).copied(), map.prove(&Head::key(stream)));
    StreamProof { stream: Stream::parse(stream).unwrap(), head, proof }
}

fn stream_leaves() -> Value {
    let leaf = |name: &str, stream: &str, seq: u64| {
        let head = Head { seq, last: Digest::of(stream) };
        let gives = json!({"key": text(&Head::key(stream)), "value": text(&head.value())});
        json!({"name": name, "stream": stream, "seq": seq, "last": head.last, "gives": gives})
    };
    json!([
        leaf("first event", "case/1", 0),
        leaf("a byte full", "auto/Case.2", 255),
        leaf("more than a byte", "access/x_y-z", 65_536),
        leaf("the largest", "log", (1 << 53) - 1),
    ])
}

pub(crate) fn kid(n: u64) -> Kid {
    Kid::parse(&Digest::of(format!("kid {n}")).to_string()).unwrap()
}

fn statuses() -> Vec<(Kid, KeyStatus)> {
    let status = |n: u64, iss: &str, sub: &str, added, revoked, since| {
        (kid(n), KeyStatus { iss: iss.to_owned(), sub: sub.to_owned(), added, revoked, since })
    };
    let mut all = vec![
        status(0, "ledger", "operator", 0, None, None),
        status(1, "ledger", "log", 0, Some(70), None),
        status(2, "moh", "root", 0, None, None),
        status(3, "moh", "intake-3", 12, Some(90), Some(1_767_225_600_000)),
        status(4, "moh", "old.key", 13, Some(91), Some(0)),
    ];
    all.extend((5..30).map(|n| status(n, "moe", &format!("cw-{n}"), n + 20, None, None)));
    all
}

pub(crate) fn keys() -> SparseMap {
    SparseMap::new().with(statuses().iter().map(|(kid, status)| (KeyStatus::key(kid), status.value())))
}

pub(crate) fn key_proof(map: &SparseMap, kid: &Kid) -> KeyProof {
    let status = statuses().into_iter().find(|(known, _)| known == kid).map(|(_, status)| status);
    KeyProof { kid: *kid, status, proof: map.prove(&KeyStatus::key(kid)) }
}

fn key_leaves() -> Value {
    let leaf = |name: &str, n: usize| {
        let (kid, status) = statuses().swap_remove(n);
        let KeyStatus { iss, sub, added, revoked, since } = &status;
        let mut case = json!({"name": name, "kid": kid, "iss": iss, "sub": sub, "added": added});
        for (name, number) in [("revoked", revoked), ("since", since)] {
            if let Some(number) = number {
                case[name] = json!(number);
            }
        }
        case["gives"] = json!({"key": text(&KeyStatus::key(&kid)), "value": text(&status.value())});
        case
    };
    json!([
        leaf("a service", 0),
        leaf("a service whose key was replaced", 1),
        leaf("a root", 2),
        leaf("an officer whose key was compromised", 3),
        leaf("compromised since before 1970", 4),
    ])
}

fn proof_case(name: &str, root: &Hash, proof: &Json, verdict: Result<(), &str>) -> Value {
    let mut case = json!({"name": name, "root": text(root), "proof": proof});
    match verdict {
        Ok(()) => case["gives"] = json!({}),
        Err(code) => case["refused"] = json!(code),
    }
    case
}

/// A name whose absence is shown by nothing being there, or by the leaf of another.
fn absent(map: &SparseMap, by_a_leaf: bool) -> String {
    let mut names = (0..).map(|n| format!("case/none-{n}"));
    names.find(|name| map.prove(&Head::key(name)).leaf.is_some() == by_a_leaf).unwrap()
}

fn stream_proofs() -> Value {
    let map = streams();
    let root = map.root();
    let good = stream_proof(&map, "case/7");
    let (bare, beside) = (stream_proof(&map, &absent(&map, false)), stream_proof(&map, &absent(&map, true)));
    let case = |name: &str, proof: &StreamProof, verdict| proof_case(name, &root, &proof.to_json(), verdict);
    let with = |proof: &StreamProof, change: &dyn Fn(&mut StreamProof)| {
        let mut proof = proof.clone();
        change(&mut proof);
        proof
    };
    let head = |proof: &mut StreamProof, change: &dyn Fn(&mut Head)| proof.head.iter_mut().for_each(change);
    let tail = with(&good, &|proof| head(proof, &|head| head.seq -= 1));
    let other = with(&good, &|proof| head(proof, &|head| head.last.0[0] ^= 1));
    let none = with(&good, &|proof| proof.head = None);
    let flipped = with(&good, &|proof| proof.proof.siblings[0].0[0] ^= 1);
    let shorter = with(&good, &|proof| _ = proof.proof.siblings.pop());
    let longer = with(&good, &|proof| proof.proof.siblings.push(Hash([0; 32])));
    let swapped = with(&good, &|proof| proof.proof.siblings.swap(0, 1));
    let renamed = with(&good, &|proof| proof.stream = Stream::parse("case/8").unwrap());
    let made_up = with(&bare, &|proof| proof.head = good.head);
    let own = with(&beside, &|proof| {
        let key = Head::key(proof.stream.as_str());
        proof.proof.leaf = proof.proof.leaf.map(|(_, value)| (key, value));
    });
    let elsewhere = with(&beside, &|proof| {
        proof.proof.leaf.iter_mut().for_each(|(key, _)| key.0[0] ^= 0x80);
    });
    let revalued = with(&beside, &|proof| proof.proof.leaf.iter_mut().for_each(|(_, value)| value.0[0] ^= 1));
    let longest = with(&bare, &|proof| proof.proof.siblings = vec![Hash([0; 32]); 256]);
    let one = SparseMap::new().with([(Head::key("case/7"), good.head.unwrap().value())]);
    let alone = StreamProof { proof: MapProof::default(), ..good.clone() };
    let empty = StreamProof { head: None, proof: MapProof::default(), ..good.clone() };
    let mut cases = vec![
        case("the end of a stream", &good, Ok(())),
        case("an empty stream, where there is nothing", &bare, Ok(())),
        case("an empty stream, where there is another", &beside, Ok(())),
        proof_case("the only stream", &one.root(), &alone.to_json(), Ok(())),
        proof_case("no stream at all", &Hash([0; 32]), &empty.to_json(), Ok(())),
        case("a tail withheld", &tail, Err("map-root")),
        case("another last event", &other, Err("map-root")),
        case("a stream said to be empty", &none, Err("map-root")),
        case("a sibling altered", &flipped, Err("map-root")),
        case("a sibling left out", &shorter, Err("map-root")),
        case("a sibling too many", &longer, Err("map-root")),
        case("siblings in another order", &swapped, Err("map-root")),
        case("the proof of another stream", &renamed, Err("map-root")),
        case("a stream made up", &made_up, Err("map-root")),
        case("as many siblings as there can be", &longest, Err("map-root")),
        case("the leaf of the stream itself", &own, Err("map-proof-leaf")),
        case("a leaf from elsewhere", &elsewhere, Err("map-proof-leaf")),
        case("another value of the other leaf", &revalued, Err("map-root")),
    ];
    cases.extend(malformed(&root, &good.to_json(), &beside.to_json()));
    let mut named = good.to_json();
    put(&mut named, "stream", "case/".into());
    cases.push(proof_case("no stream's name", &root, &named, Err("malformed")));
    let mut negative = good.to_json();
    put(
        &mut negative,
        "head",
        Json::object([("seq", Json::from(-1)), ("last", Digest([1; 32]).to_string().into())]),
    );
    cases.push(proof_case("a negative seq", &root, &negative, Err("malformed")));
    cases.into()
}

fn key_proofs() -> Value {
    let map = keys();
    let root = map.root();
    let (good, plain) = (key_proof(&map, &kid(3)), key_proof(&map, &kid(9)));
    let mut unknown = (100..).map(|n| key_proof(&map, &kid(n)));
    let beside = unknown.find(|proof| proof.proof.leaf.is_some()).unwrap();
    let case = |name: &str, proof: &KeyProof, verdict| proof_case(name, &root, &proof.to_json(), verdict);
    let with = |change: &dyn Fn(&mut KeyStatus)| {
        let mut proof = good.clone();
        proof.status.iter_mut().for_each(change);
        proof
    };
    let mut cases = vec![
        case("a key that was compromised", &good, Ok(())),
        case("a key that is good", &plain, Ok(())),
        case("a key that nobody knows", &beside, Ok(())),
        case("another agency", &with(&|status| "moe".clone_into(&mut status.iss)), Err("map-root")),
        case("another officer", &with(&|status| "intake-4".clone_into(&mut status.sub)), Err("map-root")),
        case("added elsewhere", &with(&|status| status.added -= 1), Err("map-root")),
        case("revoked later", &with(&|status| status.revoked = Some(91)), Err("map-root")),
        case("never revoked", &with(&|status| status.revoked = None), Err("map-root")),
        case("not disputed", &with(&|status| status.since = None), Err("map-root")),
        case("said not to be known", &KeyProof { status: None, ..good.clone() }, Err("map-root")),
    ];
    cases.extend(malformed(&root, &good.to_json(), &beside.to_json()));
    for (name, member, value) in [
        ("no kid", "kid", Json::from("kid")),
        ("no status", "status", Json::object([("iss", Json::from("moh"))])),
    ] {
        let mut proof = good.to_json();
        put(&mut proof, member, value);
        cases.push(proof_case(name, &root, &proof, Err("malformed")));
    }
    for (name, iss, sub) in
        [("an iss with a space", "moh intake", "3"), ("a sub with a space", "moh", "intake 3")]
    {
        let proof = with(&|status| (status.iss, status.sub) = (iss.to_owned(), sub.to_owned()));
        cases.push(case(name, &proof, Err("malformed")));
    }
    cases.into()
}

fn put(json: &mut Json, name: &str, value: Json) {
    let Json::Object(members) = json else { return };
    match members.iter_mut().find(|(other, _)| other == name) {
        Some((_, held)) => *held = value,
        None => members.push((name.to_owned(), value)),
    }
}

/// What is no proof of either sort. `beside` has the leaf of another key.
fn malformed(root: &Hash, good: &Json, beside: &Json) -> Vec<Value> {
    let with = |name: &str, member: &str, value: Json| {
        let mut proof = good.clone();
        put(&mut proof, member, value);
        proof_case(name, root, &proof, Err("malformed"))
    };
    let sibling = |text: String| Json::Array(vec![Json::from(text)]);
    let zero = Digest([0; 32]).to_string();
    let mut short = good.clone();
    if let Json::Object(members) = &mut short {
        members.retain(|(name, _)| name != "siblings");
    }
    vec![
        with("a leaf beside what is there", "leaf", beside.get("leaf").cloned().unwrap()),
        with("a member that is not listed", "value", Json::Null),
        with("siblings that are no list", "siblings", Json::from(zero.as_str())),
        with("a sibling that is no hash", "siblings", sibling("AAAA".to_owned())),
        with("a sibling with padding", "siblings", sibling(format!("{zero}="))),
        with("a sibling not written canonically", "siblings", sibling(format!("{}B", &zero[..42]))),
        with(
            "more siblings than there can be",
            "siblings",
            Json::Array(vec![Json::from(zero.as_str()); 257]),
        ),
        with("a leaf without a value", "leaf", Json::object([("key", Json::from(zero.as_str()))])),
        proof_case("no siblings", root, &short, Err("malformed")),
    ]
}

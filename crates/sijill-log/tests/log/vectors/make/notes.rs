//! Keys, notes, checkpoints, cosignatures.

use base64::{Engine, prelude::BASE64_STANDARD};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use sijill_log::{Checkpoint, Hash, MAX_SIZE, Note, NoteSignature, NoteSigner};

use super::{
    SIZE, accepted, checkpoint, cosigned, gives_checkpoint, impostor, log, name, refused, signed,
    trees::stray_bits, witness, witness_seed,
};
use crate::naive;

pub(super) fn verifier_keys() -> Vec<Value> {
    let key = |name: &str, vkey: &str, code: &str| refused(name, json!({"vkey": vkey}), code);
    let c2sp = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let public = |verifier: &sijill_log::NoteVerifier| BASE64_STANDARD.encode(verifier.public_key());
    let (log, witness) = (log().verifier().clone(), witness(1).verifier().clone());
    let raw = |bytes: &[u8]| format!("a.example+00000000+{}", BASE64_STANDARD.encode(bytes));
    let typed = |kind: u8, key: [u8; 32]| raw(&[&[kind], key.as_slice()].concat());
    let mut identity = [0; 32];
    identity[0] = 1;
    // y = 2^255-19+3 is the point with y = 3 in a spelling that is not canonical.
    let mut not_canonical = [0xff; 32];
    (not_canonical[0], not_canonical[31]) = (0xf0, 0x7f);
    let mut not_a_point = [0; 32];
    not_a_point[0] = 2;
    vec![
        accepted(
            "the example of the specification",
            json!({"vkey": c2sp}),
            json!({"name": "example.com/foo", "type": 1, "public_key": "6TJ5GubnqECkYWTJBHhkJtXngh3YspoA1hyucq/dTaQ="}),
        ),
        accepted(
            "a log",
            json!({"vkey": log.to_string()}),
            json!({"name": log.name().as_str(), "type": 1, "public_key": public(&log)}),
        ),
        accepted(
            "a witness",
            json!({"vkey": witness.to_string()}),
            json!({"name": witness.name().as_str(), "type": 4, "public_key": public(&witness)}),
        ),
        key("another name, same key id", &c2sp.replace("foo", "bar"), "key-id"),
        key("another key id", &c2sp.replace("530d", "530e"), "key-id"),
        key("a key id in upper case", &c2sp.replace("530d903a", "530D903A"), "key-id"),
        key("a key id without leading digit", &c2sp.replace("530d903a", "30d903a"), "key-id"),
        key("no name", &c2sp.replace("example.com/foo", ""), "key-name"),
        key("a space in the name", &c2sp.replace("/foo", " foo"), "key-name"),
        key("a no-break space in the name", &c2sp.replace("/foo", "\u{a0}foo"), "key-name"),
        key("a plus in the name", &c2sp.replace("/foo", "+foo"), "verifier-key"),
        key("no key", "example.com/foo+530d903a", "verifier-key"),
        key("an empty key", "example.com/foo+530d903a+", "verifier-key"),
        key("base64 of another alphabet", &c2sp.replace("AekyeR", "A-_yeR"), "verifier-key"),
        key("a newline after it", &format!("{c2sp}\n"), "verifier-key"),
        key("a key of 31 bytes", &raw(&[1; 32]), "verifier-key"),
        key("a key of 33 bytes", &raw(&[1; 34]), "verifier-key"),
        key("ECDSA, type 2", &typed(2, *log.public_key()), "key-type"),
        key("an RFC 6962 log, type 5", &typed(5, *log.public_key()), "key-type"),
        key("a key of small order", &typed(1, identity), "public-key"),
        key("a key that is not canonical", &typed(1, not_canonical), "public-key"),
        key("a key that is no point", &typed(1, not_a_point), "public-key"),
    ]
}

pub(super) fn notes() -> Vec<Value> {
    let (log, other) = (log(), NoteSigner::new(name("other.example"), &[3; 32]));
    let keys = [log.verifier().to_string(), other.verifier().to_string()];
    let text = "If you think cryptography is the answer to your problem,\n\nthen you don't know what your problem is.\n";
    let sign = |text: &str, signers: &[&NoteSigner]| {
        let mut signatures = signers.iter().map(|signer| signer.sign(text));
        let mut note = Note::new(text.to_owned(), signatures.next().expect("one")).expect("a note");
        signatures.for_each(|signature| note.add(signature).expect("room"));
        note.to_string()
    };
    let by_log = sign(text, &[&log]);
    let good = |name: &str, note: String, text: &str, signed_by: &[&str]| {
        accepted(name, json!({"note": note, "keys": keys}), json!({"text": text, "signed_by": signed_by}))
    };
    let bad = |name: &str, note: String, code: &str| refused(name, json!({"note": note, "keys": keys}), code);
    let (l, o) = (log.name().as_str(), other.name().as_str());
    let line = by_log.lines().last().expect("a signature").to_owned();
    let many = |count: usize| {
        let unknown: Vec<String> =
            (1..count).map(|number| format!("— unknown{number}.example AAAAAAA=\n")).collect();
        sign(text, &[&log]) + &unknown.concat()
    };
    vec![
        good("one signature; a blank line in the text", by_log.clone(), text, &[l]),
        good("two signatures", sign(text, &[&log, &other]), text, &[l, o]),
        good("in the other order", sign(text, &[&other, &log]), text, &[l, o]),
        good("beside an unknown key", sign(text, &[&impostor(), &log]), text, &[l]),
        good(
            "beside unknown keys that signed twice",
            by_log.clone() + "— x.example AAAAAAA=\n— x.example AAAAAAA=\n",
            text,
            &[l],
        ),
        good("a text that ends in a blank line", sign("text\n\n", &[&log]), "text\n\n", &[l]),
        good("64 signatures", many(64), text, &[l]),
        bad("65 signatures", many(65), "note-signature-count"),
        bad("the text changed", by_log.replace("answer", "Answer"), "note-signature"),
        bad(
            "one signature right, one wrong",
            by_log.clone() + &other.sign("other\n").to_string() + "\n",
            "note-signature",
        ),
        bad("a known key signed twice", by_log.clone() + &line + "\n", "note-signature-twice"),
        bad("only unknown keys", sign(text, &[&impostor()]), "note-unsigned"),
        bad("the key id under another name", by_log.replace("— log.", "— gol."), "note-unsigned"),
        bad("no signatures", format!("{text}\n"), "note-signature-count"),
        bad("no blank line", "text\n— a AAAAAAA=\n".to_owned(), "note-shape"),
        bad("nothing at all", String::new(), "note-shape"),
        bad("no final newline", by_log.trim_end().to_owned(), "note-shape"),
        bad("a blank line at the end", by_log.clone() + "\n", "note-signature-count"),
        bad("a hyphen for the dash", by_log.replace("— ", "- "), "note-signature-line"),
        bad("two spaces", by_log.replace("— ", "—  "), "note-signature-line"),
        bad("no signature behind the name", format!("{text}\n— {l}\n"), "note-signature-line"),
        bad(
            "a space at the end of the line",
            by_log.replace(&line, &format!("{line} ")),
            "note-signature-line",
        ),
        bad("base64 without padding", by_log.replace("=\n", "\n"), "note-signature-line"),
        bad("only a key id", format!("{text}\n— {l} AAAAAA==\n"), "note-signature-line"),
        bad("a plus in a name", by_log.replace("— log.", "— log+."), "key-name"),
        bad("an ideographic space in a name", by_log.replace("— log.", "— log\u{3000}."), "key-name"),
        bad("a carriage return", by_log.replace("problem,\n", "problem,\r\n"), "note-encoding"),
        bad("a tab", by_log.replace("you think", "you\tthink"), "note-encoding"),
        bad("U+0000", by_log.replace("you think", "you\0think"), "note-encoding"),
        refused(
            "not UTF-8",
            json!({"note_base64": BASE64_STANDARD.encode([by_log.as_bytes(), b"\xff"].concat()), "keys": keys}),
            "note-encoding",
        ),
        bad("S + L for S: malleable", malleated(&log, text), "note-signature"),
        bad("a signature of 63 bytes", resized(&log, text, 63), "note-signature"),
        bad("a signature of 65 bytes", resized(&log, text, 65), "note-signature"),
    ]
}

fn with(text: &str, signature: NoteSignature) -> String {
    Note::new(text.to_owned(), signature).expect("a note").to_string()
}

fn resized(log: &NoteSigner, text: &str, length: usize) -> String {
    let mut signature = log.sign(text);
    signature.signature.resize(length, 0);
    with(text, signature)
}

/// The group order added to S: the same equation holds, RFC 8032 says refuse.
fn malleated(log: &NoteSigner, text: &str) -> String {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut signature = log.sign(text);
    let mut carry = 0;
    for (byte, order) in signature.signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    with(text, signature)
}

pub(super) fn checkpoints() -> Vec<Value> {
    let vkey = log().verifier().to_string();
    let good = |name: &str, note: &Note, checkpoint: &Checkpoint| {
        accepted(name, json!({"note": note.to_string(), "log": vkey}), gives_checkpoint(checkpoint))
    };
    let bad = |name: &str, note: String, code: &str| refused(name, json!({"note": note, "log": vkey}), code);
    // Properly signed by the log, so that only the text is wrong.
    let text = |name: &str, text: &str, code: &str| bad(name, with(text, log().sign(text)), code);
    let lines = |origin: &str, size: &str, root: &str| format!("{origin}\n{size}\n{root}\n");
    let (origin, root) = (log().name().to_string(), checkpoint(SIZE).root.to_base64());
    let largest = Checkpoint { size: MAX_SIZE, ..checkpoint(SIZE) };
    let mut cases = vec![
        good("signed", &signed(SIZE), &checkpoint(SIZE)),
        good("cosigned", &cosigned(SIZE, &[(1, 1_700_000_000)]), &checkpoint(SIZE)),
        good("without entries", &signed(0), &checkpoint(0)),
        good("of the largest size", &largest.sign(&log()).expect("a checkpoint"), &largest),
        text("without entries, another root", &lines(&origin, "0", &root), "empty-root"),
        text(
            "an extension line",
            &format!("{}extension\n", lines(&origin, "300", &root)),
            "checkpoint-extension",
        ),
        text(
            "an empty extension line",
            &format!("{}\n", lines(&origin, "300", &root)),
            "checkpoint-extension",
        ),
        text("two lines", &format!("{origin}\n300\n"), "checkpoint-shape"),
        text("another origin", &lines("log.example/other", "300", &root), "checkpoint-origin"),
        text("an origin with a space", &lines("log.example sijill", "300", &root), "key-name"),
        text("an empty origin", &lines("", "300", &root), "key-name"),
        text("a root of 31 bytes", &lines(&origin, "300", &BASE64_STANDARD.encode([7; 31])), "hash-encoding"),
        text("a root without padding", &lines(&origin, "300", root.trim_end_matches('=')), "hash-encoding"),
        text(
            "a root with stray bits",
            &lines(&origin, "300", &stray_bits(&checkpoint(SIZE).root)),
            "hash-encoding",
        ),
        text("a root in hexadecimal", &lines(&origin, "300", &"ab".repeat(32)), "hash-encoding"),
        text("a space after the root", &lines(&origin, "300", &format!("{root} ")), "hash-encoding"),
        bad(
            "unsigned by the log",
            checkpoint(SIZE).sign(&impostor()).expect("a checkpoint").to_string(),
            "note-unsigned",
        ),
        bad("the size changed", signed(SIZE).to_string().replace("\n300\n", "\n301\n"), "note-signature"),
        bad(
            "the root changed",
            signed(SIZE).to_string().replace(&root, &naive::leaf(1).to_base64()),
            "note-signature",
        ),
        bad("malleable signature", malleated(&log(), &checkpoint(SIZE).to_string()), "note-signature"),
        refused(
            "opened with a witness key",
            json!({"note": cosigned(SIZE, &[(1, 1)]).to_string(), "log": witness(1).verifier().to_string()}),
            "key-type",
        ),
    ];
    for size in [
        "",
        "00",
        "0300",
        "+300",
        "-300",
        "3e2",
        "0x12c",
        "300 ",
        " 300",
        "300.0",
        "9223372036854775808",
        "18446744073709551616",
        "٣٠٠",
    ] {
        cases.push(text(&format!("size '{size}'"), &lines(&origin, size, &root), "checkpoint-size"));
    }
    cases
}

pub(super) fn cosignatures() -> Vec<Value> {
    let vkey = |number| witness(number).verifier().to_string();
    let time = 1_700_000_000;
    let note = cosigned(SIZE, &[(1, time), (2, time + 60)]);
    let inputs = |note: &Note, witness: String| json!({"note": note.to_string(), "witness": witness});
    let spoilt = |change: &dyn Fn(&mut NoteSignature)| {
        let mut note = signed(SIZE);
        let mut signature = witness(1).cosign(&checkpoint(SIZE), time).expect("a time");
        change(&mut signature);
        note.add(signature).expect("room");
        note
    };
    let of = |message: String, time: u64| {
        let signature = SigningKey::from_bytes(&witness_seed(1)).sign(message.as_bytes()).to_bytes();
        spoilt(&|line| line.signature = [&time.to_be_bytes(), signature.as_slice()].concat())
    };
    let text = checkpoint(SIZE).to_string();
    let elsewhere = Checkpoint { root: Hash([9; 32]), ..checkpoint(SIZE) };
    let mut twice = note.clone();
    twice.add(witness(1).cosign(&checkpoint(SIZE), time + 1).expect("a time")).expect("room");
    let bad = |name: &str, note: &Note| refused(name, inputs(note, vkey(1)), "note-signature");
    vec![
        accepted("by the first of two", inputs(&note, vkey(1)), json!({"time": time.to_string()})),
        accepted("by the second", inputs(&note, vkey(2)), json!({"time": (time + 60).to_string()})),
        accepted("not by this one", inputs(&note, vkey(3)), json!({"time": null})),
        accepted("at time 0", inputs(&cosigned(SIZE, &[(1, 0)]), vkey(1)), json!({"time": "0"})),
        accepted(
            "at the last time",
            inputs(&cosigned(SIZE, &[(1, MAX_SIZE)]), vkey(1)),
            json!({"time": MAX_SIZE.to_string()}),
        ),
        bad(
            "after the last time",
            &of(format!("cosignature/v1\ntime {}\n{text}", MAX_SIZE + 1), MAX_SIZE + 1),
        ),
        bad("the time changed", &spoilt(&|line| line.signature[7] ^= 1)),
        bad("the signature changed", &spoilt(&|line| line.signature[40] ^= 1)),
        bad("cut short", &spoilt(&|line| line.signature.truncate(71))),
        bad("only a time", &spoilt(&|line| line.signature.truncate(8))),
        bad("a byte too many", &spoilt(&|line| line.signature.push(0))),
        bad("of another root", &spoilt(&|line| *line = witness(1).cosign(&elsewhere, time).expect("a time"))),
        bad("over the text alone", &of(text.clone(), time)),
        bad(
            "without the final newline",
            &of(format!("cosignature/v1\ntime {time}\n{}", text.trim_end()), time),
        ),
        bad("with another header", &of(format!("cosignature/v2\ntime {time}\n{text}"), time)),
        refused("twice", inputs(&twice, vkey(1)), "note-signature-twice"),
        refused("by a log key", inputs(&note, log().verifier().to_string()), "key-type"),
    ]
}

//! Trees, proofs, tiles, bundles.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sijill_log::{EMPTY_ROOT, Hash, leaf_hash, node_hash};

use super::{accepted, base64s, refused, root};
use crate::naive;

pub(super) fn leaf_hashes() -> Vec<Value> {
    let entries: [(&str, &[u8]); 3] =
        [("empty entry", b""), ("one zero byte", &[0]), ("entry 0", b"entry 0")];
    let case = |(name, entry): &(&str, &[u8])| {
        accepted(
            name,
            json!({"entry": BASE64_STANDARD.encode(entry)}),
            json!({"hash": leaf_hash(entry).to_base64()}),
        )
    };
    entries.iter().map(case).collect()
}

pub(super) fn node_hashes() -> Vec<Value> {
    let (left, right) = (naive::leaf(0), naive::leaf(1));
    let inputs = json!({"left": left.to_base64(), "right": right.to_base64()});
    vec![
        accepted("leaves 0 and 1", inputs, json!({"hash": node_hash(&left, &right).to_base64()})),
        refused("a short hash", json!({"left": "AAAA", "right": right.to_base64()}), "hash-encoding"),
        refused(
            "no padding",
            json!({"left": &left.to_base64()[..43], "right": right.to_base64()}),
            "hash-encoding",
        ),
        refused(
            "stray bits",
            json!({"left": stray_bits(&left), "right": right.to_base64()}),
            "hash-encoding",
        ),
    ]
}

/// The hash in base64 with an unused bit set.
pub(super) fn stray_bits(hash: &Hash) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = hash.to_base64();
    let last = ALPHABET.iter().position(|&c| c == text.as_bytes()[42]).expect("base64");
    format!("{}{}=", &text[..42], char::from(ALPHABET[last | 1]))
}

pub(super) fn roots() -> Vec<Value> {
    let sizes =
        [0u64, 1, 2, 3, 4, 5, 6, 7, 8, 255, 256, 257, 300, 511, 512, 513, 1000, 65_535, 65_536, 65_793];
    let case = |size: &u64| {
        accepted(&format!("size {size}"), json!({"size": size}), json!({"root": root(*size).to_base64()}))
    };
    sizes.iter().map(case).collect()
}

pub(super) fn inclusion() -> Vec<Value> {
    let proved = |index: u64, size: u64| {
        let proof = naive::path(usize::try_from(index).expect("small"), &naive::leaves(size));
        json!({"index": index, "size": size, "leaf": naive::leaf(index).to_base64(), "proof": base64s(&proof),
            "root": root(size).to_base64()})
    };
    let places = [
        (0, 1),
        (0, 2),
        (1, 2),
        (2, 3),
        (4, 5),
        (0, 7),
        (3, 7),
        (5, 7),
        (6, 7),
        (7, 8),
        (99, 300),
        (255, 300),
        (299, 300),
    ];
    let mut cases: Vec<Value> = places
        .iter()
        .map(|&(index, size)| accepted(&format!("leaf {index} of {size}"), proved(index, size), json!({})))
        .collect();

    let mut spoil = |name: &str, code: &str, change: &dyn Fn(&mut Value)| {
        let mut inputs = proved(5, 7);
        change(&mut inputs);
        cases.push(refused(name, inputs, code));
    };
    let other = naive::leaf(77).to_base64();
    spoil("another leaf", "inclusion-root", &|case| case["leaf"] = json!(other));
    spoil("another root", "inclusion-root", &|case| case["root"] = json!(other));
    spoil("another index", "inclusion-root", &|case| case["index"] = json!(4));
    spoil("an index that needs a shorter proof", "proof-length", &|case| case["index"] = json!(6));
    spoil("index equal to size", "leaf-index", &|case| case["index"] = json!(7));
    spoil("a tree without leaves", "leaf-index", &|case| {
        (case["index"], case["size"]) = (json!(0), json!(0));
    });
    spoil("one hash changed", "inclusion-root", &|case| case["proof"][1] = json!(other));
    spoil("one hash too many", "proof-length", &|case| {
        proof_of(case).push(json!(other));
    });
    spoil("one hash too few", "proof-length", &|case| {
        drop(proof_of(case).pop());
    });
    spoil("two hashes swapped", "inclusion-root", &|case| {
        proof_of(case).swap(0, 1);
    });
    spoil("no proof", "proof-length", &|case| case["proof"] = json!([]));
    cases
}

pub(super) fn consistency() -> Vec<Value> {
    let grown = |old: u64, new: u64| {
        let both = 0 < old && old < new;
        let leaves = naive::leaves(new);
        let proof = if both { naive::proof(usize::try_from(old).expect("small"), &leaves) } else { vec![] };
        json!({"old": old, "old_root": root(old).to_base64(), "new": new, "new_root": root(new).to_base64(),
            "proof": base64s(&proof)})
    };
    let sizes = [
        (0, 0),
        (0, 5),
        (1, 1),
        (1, 2),
        (1, 7),
        (2, 7),
        (3, 7),
        (4, 7),
        (6, 7),
        (4, 8),
        (7, 8),
        (8, 8),
        (255, 300),
        (256, 300),
        (257, 300),
        (299, 300),
    ];
    let mut cases: Vec<Value> = sizes
        .iter()
        .map(|&(old, new)| accepted(&format!("{old} to {new}"), grown(old, new), json!({})))
        .collect();

    let mut spoil = |name: &str, (old, new): (u64, u64), code: &str, change: &dyn Fn(&mut Value)| {
        let mut inputs = grown(old, new);
        change(&mut inputs);
        cases.push(refused(name, inputs, code));
    };
    let other = naive::leaf(77).to_base64();
    let add = |case: &mut Value| proof_of(case).push(json!(other));
    spoil("another old root", (3, 7), "consistency-root", &|case| case["old_root"] = json!(other));
    spoil("another old root, a power of two", (4, 7), "consistency-root", &|case| {
        case["old_root"] = json!(other);
    });
    spoil("another new root", (3, 7), "consistency-root", &|case| case["new_root"] = json!(other));
    spoil("one hash changed", (3, 7), "consistency-root", &|case| case["proof"][0] = json!(other));
    spoil("one hash too many", (3, 7), "proof-length", &add);
    spoil("one hash too few", (3, 7), "proof-length", &|case| {
        drop(proof_of(case).pop());
    });
    spoil("no proof", (3, 7), "proof-length", &|case| case["proof"] = json!([]));
    spoil("sizes in the wrong order", (3, 7), "size-order", &|case| case["new"] = json!(2));
    spoil("same size, another root", (7, 7), "consistency-root", &|case| case["new_root"] = json!(other));
    spoil("same size, a proof", (7, 7), "proof-length", &add);
    spoil("from size 0 with a proof", (0, 7), "proof-length", &add);
    spoil("from size 0 with a root that is not the empty one", (0, 7), "empty-root", &|case| {
        case["old_root"] = json!(other);
    });
    spoil("size 0 to 0 with new roots", (0, 0), "empty-root", &|case| case["new_root"] = json!(other));
    assert_eq!(root(0), EMPTY_ROOT);
    cases
}

fn proof_of(case: &mut Value) -> &mut Vec<Value> {
    case["proof"].as_array_mut().expect("a proof")
}

pub(super) fn tile_paths() -> Vec<Value> {
    let good: [(&str, u8, u64, u16); 8] = [
        ("tile/0/000", 0, 0, 256),
        ("tile/0/x001/x234/067", 0, 1_234_067, 256),
        ("tile/0/x001/x234/067.p/1", 0, 1_234_067, 1),
        ("tile/1/001.p/17", 1, 1, 17),
        ("tile/2/000.p/255", 2, 0, 255),
        ("tile/3/999", 3, 999, 256),
        ("tile/3/x001/000", 3, 1000, 256),
        ("tile/7/000.p/127", 7, 0, 127),
    ];
    let bad = [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/x001//000",
        "tile/0/000/",
        "/tile/0/000",
        "tile/00/000",
        "tile/+0/000",
        "tile/-1/000",
        "tile/0/+00",
        "tile/0/0 0",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p/+1",
        "tile/0/000.p/1/",
        "tile/0/000.p",
        "tile/8/000",
        "tile/64/000",
        "tile/7/000",
        "tile/7/001",
        "tile/entries/000",
        "tile/data/000",
        "tile/0/X001/000",
        "tile/0/x036/x028/x797/x018/x963/968",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/000.P/1",
        "tile/0/٠٠٠",
    ];
    let good = good.iter().map(|&(path, level, index, width)| {
        accepted(path, json!({"path": path}), json!({"level": level, "index": index, "width": width}))
    });
    good.chain(bad.iter().map(|path| refused(path, json!({"path": path}), "tile-path"))).collect()
}

pub(super) fn bundle_paths() -> Vec<Value> {
    let good = [("tile/entries/000", 0, 256), ("tile/entries/x001/x234/067.p/9", 1_234_067, 9)];
    let bad = [
        "tile/entries/0",
        "tile/entries/x000/001",
        "tile/entries/000.p/256",
        "tile/0/000",
        "tile/entries/0/000",
    ];
    let good = good.iter().map(|&(path, index, width)| {
        accepted(path, json!({"path": path}), json!({"level": 0, "index": index, "width": width}))
    });
    good.chain(bad.iter().map(|path| refused(path, json!({"path": path}), "tile-path"))).collect()
}

pub(super) fn bundles() -> Vec<Value> {
    let inputs = |bytes: &[u8], width: u16| json!({"bundle": BASE64_STANDARD.encode(bytes), "width": width});
    let two = b"\x00\x03abc\x00\x00";
    vec![
        accepted("two entries, one of them empty", inputs(two, 2), json!({"entries": ["YWJj", ""]})),
        refused("one more than there are", inputs(two, 3), "bundle-truncated"),
        refused("one fewer than there are", inputs(two, 1), "bundle-trailing"),
        refused("a length cut in half", inputs(&two[..6], 2), "bundle-truncated"),
        refused("an entry cut short", inputs(&two[..4], 1), "bundle-truncated"),
        refused("a length that is too long", inputs(b"\xff\xffabc", 1), "bundle-truncated"),
        refused("no entries", inputs(b"", 0), "bundle-width"),
        refused("more than a tile", inputs(&[0; 514], 257), "bundle-width"),
    ]
}

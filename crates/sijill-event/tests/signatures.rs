//! One predicate for signatures, reached three ways: `verify_strict`, `PublicKey::verify`, `verify_batch`.

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest as _, Sha512};
use sijill_event::{EventError, Json, PreparedKey, PublicKey, SigningKey, possession_message, verify_batch};

struct Vector {
    name: String,
    key: [u8; 32],
    message: Vec<u8>,
    signature: [u8; 64],
    seed: Option<[u8; 32]>,
    code: Option<String>,
}

fn vectors() -> Vec<Vector> {
    let file: Value =
        serde_json::from_str(include_str!("../../../schemas/vectors/ed25519.json")).expect("JSON");
    let vector = |v: &Value| {
        assert_eq!(v["verdict"] == "valid", v.get("code").is_none());
        Vector {
            name: v["name"].as_str().expect("a name").into(),
            key: bytes(&v["key"]).try_into().expect("32 bytes"),
            message: bytes(&v["message"]),
            signature: bytes(&v["signature"]).try_into().expect("64 bytes"),
            seed: v.get("seed").map(|seed| bytes(seed).try_into().expect("32 bytes")),
            code: v.get("code").map(|code| code.as_str().expect("a code").into()),
        }
    };
    file["vectors"].as_array().expect("an array").iter().map(vector).collect()
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().expect("text");
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hexadecimal")).collect()
}

/// The verdict of both kinds of prepared key, alone and in the middle of a batch of good signatures.
fn batched(key: &PublicKey, message: &[u8], signature: &[u8; 64]) -> bool {
    let friend = SigningKey::from_seed(&[5; 32]).expect("a good key");
    let (text, good) = (b"friend".as_slice(), friend.sign(b"friend"));
    let friend = PreparedKey::new(friend.public());
    let (plain, table) = (PreparedKey::new(key), PreparedKey::with_table(key));
    let alone = verify_batch(&[(&plain, message, signature)]);
    let among = verify_batch(&[
        (&friend, text, &good),
        (&table, message, signature),
        (&friend, text, &good),
        (&plain, message, signature),
        (&friend, message, &good),
    ]);
    let verdict = alone[0];
    assert_eq!(alone, [verdict]);
    assert_eq!(among, [true, verdict, true, verdict, message == text]);
    verdict
}

#[test]
fn every_vector_has_its_verdict_by_every_way() {
    let vectors = vectors();
    assert!(vectors.iter().filter(|v| v.name.starts_with("speccheck")).count() == 12);
    for Vector { name, key, message, signature, seed, code } in vectors {
        let verified = PublicKey::from_bytes(&key).and_then(|key| {
            let verdict = key.verify(&message, &signature);
            assert_eq!(batched(&key, &message, &signature), verdict.is_ok(), "{name}");
            verdict
        });
        assert_eq!(verified.map_err(|error| error.code().to_owned()).err(), code, "{name}");

        // The library itself has no opinion on how a key is spelled; on all else we must agree.
        let library = ed25519_dalek::VerifyingKey::from_bytes(&key)
            .is_ok_and(|key| key.verify_strict(&message, &signature.into()).is_ok());
        assert_eq!(library, code.is_none(), "{name}");

        if let Some(seed) = seed {
            let signer = SigningKey::from_seed(&seed).expect("a good key");
            assert_eq!((signer.public().as_bytes(), signer.sign(&message)), (&key, signature), "{name}");
        }
    }
}

#[test]
fn a_batch_longer_than_one_compression_keeps_its_order() {
    let key = SigningKey::generate().expect("random bytes");
    let prepared = [PreparedKey::new(key.public()), PreparedKey::with_table(key.public())];
    let messages: Vec<[u8; 2]> = (0_u16..600).map(u16::to_be_bytes).collect();
    let mut signatures: Vec<[u8; 64]> = messages.iter().map(|message| key.sign(message)).collect();
    let spoiled = [0, 255, 256, 511, 599];
    for (n, at) in spoiled.into_iter().enumerate() {
        // A wrong S that is read, one that is not, a wrong R.
        signatures[at][[33, 63, 1][n % 3]] ^= 0xf0;
    }
    let batch: Vec<_> =
        (0..600).map(|i| (&prepared[i % 2], messages[i].as_slice(), &signatures[i])).collect();
    let refused: Vec<usize> =
        verify_batch(&batch).iter().enumerate().filter(|(_, ok)| !**ok).map(|(i, _)| i).collect();
    assert_eq!(refused, spoiled);
    assert!(verify_batch(&[]).is_empty());
}

/// A signature by whoever knows the scalar, over a key and an R moved by points of small order: the kind on
/// which implementations differ.
fn crafted(a: u64, r: u64, key_torsion: usize, r_torsion: usize, message: &[u8]) -> ([u8; 32], [u8; 64]) {
    let (a, r) = (Scalar::from(a), Scalar::from(r));
    let key = (EdwardsPoint::mul_base(&a) + EIGHT_TORSION[key_torsion]).compress().to_bytes();
    let big_r = (EdwardsPoint::mul_base(&r) + EIGHT_TORSION[r_torsion]).compress().to_bytes();
    let k = Scalar::from_hash(Sha512::new().chain_update(big_r).chain_update(key).chain_update(message));
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&big_r);
    signature[32..].copy_from_slice((r + k * a).as_bytes());
    (key, signature)
}

#[test]
fn signatures_of_mixed_order_are_valid_exactly_when_the_cofactorless_equation_holds() {
    let (mut valid, mut invalid) = (0, 0);
    for message in 0..4_u8 {
        for (key_torsion, r_torsion) in (0..64).map(|n| (n / 8, n % 8)) {
            let (key, signature) = crafted(77, 99, key_torsion, r_torsion, &[message]);
            let public = PublicKey::from_bytes(&key).expect("canonical, not of small order");
            let library = ed25519_dalek::VerifyingKey::from_bytes(&key).expect("a point");
            let verdict = library.verify_strict(&[message], &signature.into()).is_ok();
            assert_eq!(public.verify(&[message], &signature).is_ok(), verdict);
            assert_eq!(batched(&public, &[message], &signature), verdict);
            if verdict { valid += 1 } else { invalid += 1 }
        }
    }
    assert!(valid > 20 && invalid > 150, "{valid} valid, {invalid} invalid");
}

#[test]
fn r_of_small_order_is_refused_by_every_way_though_the_equation_holds() {
    for r_torsion in 0..8 {
        let (key, signature) = crafted(77, 0, 0, r_torsion, b"m");
        let public = PublicKey::from_bytes(&key).expect("a good key");
        assert_eq!(public.verify(b"m", &signature), Err(EventError::SignatureRSmallOrder));
        assert!(!batched(&public, b"m", &signature));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_good_signature_is_valid_by_every_way(seed: [u8; 32], message: Vec<u8>) {
        let key = SigningKey::from_seed(&seed).expect("a good key");
        let signature = key.sign(&message);
        prop_assert_eq!(key.public().verify(&message, &signature), Ok(()));
        prop_assert!(batched(key.public(), &message, &signature));
    }

    #[test]
    fn one_changed_bit_is_invalid_by_every_way(seed: [u8; 32], message: Vec<u8>, bit in 0..512_usize) {
        let key = SigningKey::from_seed(&seed).expect("a good key");
        let mut signature = key.sign(&message);
        signature[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(key.public().verify(&message, &signature).is_err());
        prop_assert!(!batched(key.public(), &message, &signature));
    }

    #[test]
    fn all_ways_agree_on_any_bytes(
        key: [u8; 32], message: Vec<u8>, r: [u8; 32], s: [u8; 32], torsion in 0..8_usize, small: bool, reduced: bool,
    ) {
        let key = PublicKey::from_bytes(&key).unwrap_or_else(|_| {
            SigningKey::from_seed(&key).expect("a good key").public().clone()
        });
        let mut signature = [0; 64];
        let r = if small { EIGHT_TORSION[torsion].compress().to_bytes() } else { r };
        let s = if reduced { Scalar::from_bytes_mod_order(s).to_bytes() } else { s };
        signature[..32].copy_from_slice(&r);
        signature[32..].copy_from_slice(&s);
        let library = ed25519_dalek::VerifyingKey::from_bytes(key.as_bytes()).expect("a point");
        let verdict = library.verify_strict(&message, &signature.into()).is_ok();
        prop_assert_eq!(key.verify(&message, &signature).is_ok(), verdict);
        prop_assert_eq!(batched(&key, &message, &signature), verdict);
    }
}

#[test]
fn a_key_has_the_thumbprint_of_rfc_8037_and_survives_its_jwk() {
    let jwk = Json::object([
        ("kty", "OKP".into()),
        ("crv", "Ed25519".into()),
        ("x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".into()),
    ]);
    let key = PublicKey::from_jwk(&jwk).expect("a good key");
    assert_eq!(key.kid().to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(PublicKey::from_jwk(&key.to_jwk()), Ok(key));
}

#[test]
fn a_private_key_survives_its_seed_and_is_not_shown() {
    let key = SigningKey::from_seed(&[0xab; 32]).expect("a good key");
    assert_eq!(*key.seed(), [0xab; 32]);
    let shown = format!("{key:?} {:?}", PreparedKey::new(key.public()));
    assert!(shown.contains(&key.public().kid().to_string()));
    assert!(!shown.contains("171") && !shown.contains("abab"), "{shown}");
    let (one, two) = (SigningKey::generate().expect("random"), SigningKey::generate().expect("random"));
    assert_ne!(one.public(), two.public());
}

#[test]
fn the_proof_of_possession_is_over_these_bytes() {
    let key = SigningKey::from_seed(&[1; 32]).expect("a good key");
    let kid = key.public().kid();
    let message = possession_message("ledger.example/2026", "moh", "root", kid);
    let expected = format!("sijill-key-possession/v1\nledger.example/2026\nmoh\nroot\n{kid}\n");
    assert_eq!(String::from_utf8(message), Ok(expected));
}

//! Values of every kind, and events of every type.

use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;
use sijill_casework::catalogue::{CATALOGUE, Kind, TypeSpec};
use sijill_event::{Digest, Draft, Json, SdJwt, Seen, SigningKey, Stream, StreamKind, Uuid};

const CLASSES: &str = "(casework|identity|narrative|reporter|sensitive)";

/// A value object for each type of the catalogue, in its order.
pub(crate) fn values_of_all() -> impl Strategy<Value = Vec<Json>> {
    CATALOGUE.iter().map(values_of).collect::<Vec<_>>()
}

/// What [`TypeSpec::draft`] takes: required fields, some of the optional ones, `codes`.
pub(crate) fn values_of(spec: &'static TypeSpec) -> BoxedStrategy<Json> {
    let fields: Vec<_> = spec
        .fields
        .iter()
        .map(|field| {
            let there = if field.required { Just(true).boxed() } else { any::<bool>().boxed() };
            (there, value(field.kind))
                .prop_map(|(there, value)| there.then(|| (field.name.to_owned(), value)))
        })
        .collect();
    let versions = proptest::collection::vec(1_i64..99, spec.lists().len());
    (fields, versions)
        .prop_map(|(fields, versions)| {
            let mut members: Vec<_> = fields.into_iter().flatten().collect();
            let lists = spec.lists().into_iter().zip(versions);
            let codes: Vec<_> = lists.map(|(list, version)| (list, Json::Integer(version))).collect();
            if !codes.is_empty() {
                members.push(("codes".to_owned(), Json::object(codes)));
            }
            Json::Object(members)
        })
        .boxed()
}

/// A value of this kind.
pub(crate) fn value(kind: Kind) -> BoxedStrategy<Json> {
    let text = |pattern: &'static str| pattern.prop_map(Json::String).boxed();
    match kind {
        Kind::Text(_) => text("[a-zء-ي\"\\\\\n<>]{0,12}[ء-ي]"),
        Kind::Code(_) => text("[A-Za-z0-9][A-Za-z0-9_-]{0,8}"),
        Kind::Codes(_, least) => set("[A-Za-z0-9][A-Za-z0-9_-]{0,8}", least),
        Kind::Word(words) => (0..words.len()).prop_map(|i| words[i].word.into()).boxed(),
        Kind::Words(words, least) => btree_set(0..words.len(), least..=words.len())
            .prop_map(|chosen| sorted(chosen.into_iter().map(|i| words[i].word.to_owned())))
            .boxed(),
        Kind::Digest => digest().prop_map(Json::String).boxed(),
        Kind::Digests(least) => btree_set(digest(), least..4).prop_map(sorted).boxed(),
        Kind::Address => pair("unit").prop_map(|(_, json)| json).boxed(),
        Kind::Addresses(least) => pairs("unit", least),
        Kind::Officer => pair("officer").prop_map(|(_, json)| json).boxed(),
        Kind::Officers(least) => pairs("officer", least),
        Kind::Agency | Kind::Unit => text("[a-z0-9][a-z0-9-]{0,8}"),
        Kind::Agencies(least) => set("[a-z0-9][a-z0-9-]{0,8}", least),
        Kind::OfficerId => text("[a-z0-9][a-z0-9._-]{0,8}"),
        Kind::Case => text("[A-Za-z0-9][A-Za-z0-9._-]{0,8}"),
        Kind::Contacts(least) => set("[A-Za-z0-9][A-Za-z0-9._-]{0,8}", least),
        Kind::Fields(least) => set(&format!("{CLASSES}\\.[a-z][a-z0-9_]{{0,8}}"), least),
        Kind::Deadline => (digest(), prop_oneof!["see_child", "accept"])
            .prop_map(|(of, milestone)| Json::object([("milestone", milestone.into()), ("of", of.into())]))
            .boxed(),
        Kind::Released => btree_map(digest(), set(&format!("{CLASSES}\\.[a-z][a-z0-9_]{{0,8}}"), 1), 0..3)
            .prop_map(|events| {
                let event = |(event, fields): (String, Json)| {
                    Json::object([("event", event.into()), ("fields", fields)])
                };
                Json::Array(events.into_iter().map(event).collect())
            })
            .boxed(),
        Kind::Timestamp => text(
            "20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T(0[0-9]|1[0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]0[0-9]:[0-5][0-9])",
        ),
        Kind::Date => text("20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"),
        Kind::Integer(least) => {
            (least..least + 1000).prop_map(|number| Json::try_from(number).expect("small")).boxed()
        }
        Kind::Bool => any::<bool>().prop_map(Json::Bool).boxed(),
        Kind::Attachment => (digest(), 1_i64..20_000_000)
            .prop_map(|(digest, size)| {
                let media_type = "application/pdf".into();
                Json::object([
                    ("attachment", digest.into()),
                    ("size", Json::Integer(size)),
                    ("media_type", media_type),
                ])
            })
            .boxed(),
    }
}

fn digest() -> impl Strategy<Value = String> + Clone {
    any::<[u8; 32]>().prop_map(|bytes| Digest(bytes).to_string())
}

fn set(pattern: &str, least: usize) -> BoxedStrategy<Json> {
    let pattern = proptest::string::string_regex(pattern).expect("a pattern");
    btree_set(pattern, least..least + 4).prop_map(sorted).boxed()
}

fn sorted(texts: impl IntoIterator<Item = String>) -> Json {
    let mut texts: Vec<String> = texts.into_iter().collect();
    texts.sort();
    Json::Array(texts.into_iter().map(Json::String).collect())
}

/// `{agency, <member>}`, and the text it is ordered by.
fn pair(member: &'static str) -> impl Strategy<Value = (String, Json)> + Clone {
    ("[a-k0-9][a-z0-9-]{0,8}", "[a-z0-9][a-z0-9-]{0,8}").prop_map(move |(agency, other)| {
        (format!("{agency}/{other}"), Json::object([("agency", agency.into()), (member, other.into())]))
    })
}

fn pairs(member: &'static str, least: usize) -> BoxedStrategy<Json> {
    proptest::collection::vec(pair(member), least..4)
        .prop_map(|pairs| {
            let distinct: std::collections::BTreeMap<_, _> = pairs.into_iter().collect();
            Json::Array(distinct.into_values().collect())
        })
        .boxed()
}

/// One value object of each type, always the same.
pub(crate) fn samples() -> Vec<(&'static TypeSpec, Json)> {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let values = values_of_all().new_tree(&mut runner).expect("values").current();
    CATALOGUE.iter().zip(values).collect()
}

/// Signs a draft in the first stream its type belongs in.
pub(crate) fn sign(spec: &TypeSpec, draft: Draft) -> SdJwt {
    sign_in(spec.streams[0], draft)
}

/// Signs a draft in a stream of this kind.
pub(crate) fn sign_in(kind: StreamKind, draft: Draft) -> SdJwt {
    let id = match kind {
        StreamKind::Ledger | StreamKind::Log => "",
        StreamKind::Agency => "mosd",
        _ => "a1",
    };
    let mut salt = 0_u128;
    draft
        .author("mosd", "w-7")
        .aud("ledger.example/2026")
        .at(&Stream::new(kind, id).expect("a stream"), 0, None)
        .seen(Seen { size: 1, root: [7; 32] })
        .jti(Uuid::from_u128(0x0198_f3c2_5a00_7000_8000_0000_0000_0001))
        .iat(1_756_000_000)
        .sign_salted(&SigningKey::from_seed(&[7; 32]).expect("a key"), || {
            salt += 1;
            Ok(salt.to_be_bytes())
        })
        .expect("a well-formed event")
}

/// The members of an object in ascending order of name.
pub(crate) fn in_order(object: &Json) -> Vec<(String, Json)> {
    let mut members = object.as_object().expect("an object").to_vec();
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    members
}

//! What each kind of field takes, and what it does not.

use sijill_casework::catalogue::{CATALOGUE, Kind, latest};
use sijill_event::parse_json;

/// A kind, JSON that fits it, JSON that does not.
type Examples = (Kind, &'static [&'static str], &'static [&'static str]);

const SCALARS: &[Examples] = &[
    (
        Kind::Text(3),
        &[r#""a""#, r#""أبج""#, r#"" a\n""#],
        &[r#""""#, r#"" \n""#, r#""abcd""#, r#""a\u0007""#, "1"],
    ),
    (Kind::Code("risk"), &[r#""high""#, r#""OM-MA""#, r#""1100""#], &[r#""""#, r#""a b""#, r#""_a""#, "1"]),
    (Kind::Digest, &[r#""@1""#], &[r#""AAAA""#, r#""AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB""#, "0"]),
    (
        Kind::Address,
        &[r#"{"agency":"moh","unit":"er"}"#, r#"{"unit":"er","agency":"moh"}"#],
        &[
            r#"{"agency":"moh"}"#,
            r#"{"agency":"ledger","unit":"er"}"#,
            r#"{"agency":"moh","unit":"er","x":1}"#,
            r#""moh/er""#,
            r#"["moh","er"]"#,
        ],
    ),
    (Kind::Agency, &[r#""moh""#], &[r#""ledger""#, r#""MOH""#, "1"]),
    (Kind::Unit, &[r#""er-2""#], &[r#""er_2""#, r#""""#]),
    (Kind::OfficerId, &[r#""w.7_a""#], &[r#""W""#, r#""""#]),
    (Kind::Officer, &[r#"{"agency":"moh","officer":"w.7"}"#], &[r#"{"agency":"moh","unit":"er"}"#]),
    (Kind::Case, &[r#""Ab-7""#], &[r#""case/Ab-7""#, r#""""#]),
    (
        Kind::Deadline,
        &[r#"{"milestone":"assess","of":"@1"}"#],
        &[r#"{"milestone":"nap","of":"@1"}"#, r#"{"milestone":"assess"}"#],
    ),
    (
        Kind::Timestamp,
        &[r#""2026-03-01T08:00:00+04:00""#],
        &[r#""2026-03-01""#, r#""2026-02-30T08:00:00Z""#, "1"],
    ),
    (
        Kind::Date,
        &[r#""2028-02-29""#],
        &[r#""2026-02-29""#, r#""2026-2-01""#, r#""0000-01-01""#, r#""+2026-01-01""#, "20260101"],
    ),
    (Kind::Integer(1), &["1", "9007199254740991"], &["0", "-1", r#""1""#]),
    (Kind::Bool, &["true", "false"], &["0", r#""true""#]),
    (
        Kind::Attachment,
        &[r#"{"attachment":"@1","size":1,"media_type":"text/plain"}"#],
        &[
            r#"{"attachment":"@1","size":0,"media_type":"text/plain"}"#,
            r#"{"attachment":"@1","size":1,"media_type":"text"}"#,
            r#"{"attachment":"@1","size":1}"#,
        ],
    ),
];

const SETS: &[Examples] = &[
    (
        Kind::Codes("concern", 1),
        &[r#"["a"]"#, r#"["B","a"]"#],
        &["[]", r#"["a","B"]"#, r#"["a","a"]"#, r#""a""#, "[1]"],
    ),
    (Kind::Digests(1), &[r#"["@1","@2"]"#], &["[]", r#"["@2","@1"]"#, r#"["@1","@1"]"#]),
    (
        Kind::Addresses(0),
        &["[]", r#"[{"agency":"a-b","unit":"x"},{"agency":"a","unit":"x"}]"#],
        &[r#"[{"agency":"a","unit":"x"},{"agency":"a-b","unit":"x"}]"#, "{}"],
    ),
    (Kind::Agencies(1), &[r#"["moe","moh"]"#], &["[]", r#"["moh","moe"]"#]),
    (
        Kind::Officers(0),
        &["[]", r#"[{"agency":"moh","officer":"a"},{"agency":"moh","officer":"b"}]"#],
        &[r#"[{"agency":"moh","officer":"a"},{"agency":"moh","officer":"a"}]"#],
    ),
    (Kind::Contacts(0), &["[]", r#"["A","b"]"#], &[r#"["b","A"]"#]),
    (
        Kind::Fields(0),
        &["[]", r#"["identity.name","sensitive.health"]"#],
        &[
            r#"["sensitive.health","identity.name"]"#,
            r#"["routing.to"]"#,
            r#"["name"]"#,
            r#"["identity.Name"]"#,
            r#"["identity.a.b"]"#,
        ],
    ),
    (
        Kind::Released,
        &[
            "[]",
            r#"[{"event":"@1","fields":["identity.name"]}]"#,
            r#"[{"event":"@1","fields":["identity.name"]},{"event":"@2","fields":["identity.name"]}]"#,
        ],
        &[
            "{}",
            r#"[{"event":"@1","fields":[]}]"#,
            r#"[{"event":"AAAA","fields":["identity.name"]}]"#,
            r#"[{"event":"@1","fields":["identity.name"],"x":1}]"#,
            r#"[{"event":"@1","fields":["identity.name"]},{"event":"@1","fields":["identity.name"]}]"#,
            r#"[{"event":"@2","fields":["identity.name"]},{"event":"@1","fields":["identity.name"]}]"#,
        ],
    ),
];

/// `@1` and `@2` stand for two hashes in ascending order of their texts, which is not that of their bytes.
fn fits(kind: Kind, json: &str) -> bool {
    let hash = |first: &str| first.to_owned() + &"A".repeat(42);
    let json = json.replace("@1", &hash("-")).replace("@2", &hash("A"));
    kind.fits(&parse_json(json.as_bytes()).expect("JSON"))
}

#[test]
fn each_kind_takes_what_it_is_and_nothing_else() {
    let kind = |event_type: &str, field: &str| {
        latest(event_type).and_then(|spec| spec.field(field)).expect("a field").kind
    };
    let words: [Examples; 2] = [
        (kind("vote.cast", "vote"), &[r#""for""#], &[r#""For""#, r#""yes""#, "true"]),
        (
            kind("access.requested", "classes"),
            &[r#"["identity","sensitive"]"#],
            &[
                "[]",
                r#"["sensitive","identity"]"#,
                r#"["identity","identity"]"#,
                r#"["routing"]"#,
                "[1]",
                r#""identity""#,
            ],
        ),
    ];
    let all: Vec<&Examples> = SCALARS.iter().chain(SETS).chain(&words).collect();
    for (kind, fit, others) in &all {
        assert!(fit.iter().all(|json| fits(*kind, json)), "{kind:?} refuses one of {fit:?}");
        for json in others.iter().chain(&["null", r#"{"a":[]}"#]) {
            assert!(!fits(*kind, json), "{kind:?} {json}");
        }
    }
    let tested = |kind: Kind| {
        all.iter().any(|(other, _, _)| std::mem::discriminant(other) == std::mem::discriminant(&kind))
    };
    assert!(CATALOGUE.iter().flat_map(|spec| spec.fields).all(|field| tested(field.kind)));
}

//! Ledgers as released versions wrote them, audited with the code of today: whatever changes, they stay clean.
//!
//! `frozen/v<version>/rules-<n>/` is an export, with its trust file and the verdict of the release (`verdict.json`).
//! Freezing belongs to releasing: `SIJILL_FREEZE=1 cargo test -p sijill-tests --test frozen` writes those of this version,
//! which must not be there yet. Once a version is out, its folder is never written again.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sijill_audit::{ExportDirectory, Level, Levels, Options, Trust, audit};
use sijill_casework::catalogue;
use sijill_domain::AgencyId;
use sijill_domain::event::{AgencyRemove, Clock};
use sijill_event::{Digest, Entry, Json};
use sijill_ledger::testing::{Country, HELPLINE};
use sijill_tests::country::found;
use sijill_tests::made::Made;
use sijill_tests::program::done;
use sijill_tests::town::text;
use tokio::sync::OnceCell;

/// Entries of the ledger under rule-set 1.
const SMALL: u64 = 60;

fn frozen() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("frozen")
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let inside = fs::read_dir(of).expect("a folder").map(|one| one.expect("readable").path());
    inside.filter(|path| path.is_dir()).collect()
}

/// What the code of today says of a frozen ledger: how many entries it checked at each level, and what it found.
fn verdict(ledger: &Path) -> Value {
    let trust = Trust::parse(&fs::read(ledger.join("trust.json")).expect("a trust file")).expect("sound");
    let export = ExportDirectory::open(ledger.join("export")).expect("an export");
    let options = Options { trust: Some(&trust), ..Options::default() };
    let report = audit(&export, &options).expect("a verdict");
    let counts = |level: &Level| json!({"checked": level.checked, "unchecked": level.unchecked});
    let Levels { integrity, authority, rules, .. } = &report.levels;
    json!({
        "size": report.size, "root": report.root, "anchored": report.anchored, "faults": report.faults,
        "integrity": counts(integrity), "authority": counts(authority), "rules": counts(rules),
    })
}

fn entries(ledger: &Path) -> Vec<Entry> {
    use sijill_audit::Source as _;
    let export = ExportDirectory::open(ledger.join("export")).expect("an export");
    let entries = export.entries(0, 10_000).expect("readable");
    entries.iter().map(|(_, entry)| Entry::parse(entry).expect("an entry")).collect()
}

/// Where the frozen ledgers are, once those are there that are to be frozen now.
async fn all() -> Vec<PathBuf> {
    static FROZEN: OnceCell<()> = OnceCell::const_new();
    if std::env::var_os("SIJILL_FREEZE").is_some() {
        FROZEN.get_or_init(freeze).await;
    }
    folders(&frozen()).iter().flat_map(|version| folders(version)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_ledger_of_a_released_version_is_clean() {
    let ledgers = all().await;
    assert!(ledgers.len() >= 2, "{ledgers:?}");
    for ledger in ledgers {
        let then = fs::read(ledger.join("verdict.json")).expect("the verdict of the release");
        let then: Value = serde_json::from_slice(&then).expect("JSON");
        let now = verdict(&ledger);
        assert_eq!(now, then, "{}", ledger.display());
        assert_eq!((&now["anchored"], &now["faults"]), (&json!(true), &json!([])));
        for level in ["integrity", "authority", "rules"] {
            assert_eq!(now[level], json!({"checked": now["size"], "unchecked": 0}), "{level}");
        }
    }
}

/// What is frozen is worth it: the first release's ledger holds what the rules are about, and an event of a version that
/// nobody writes any more.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_release_left_something_of_everything() {
    all().await;
    let entries = entries(&frozen().join("v0.1.0/rules-2"));
    for kind in [
        "contact.logged",
        "case.opened",
        "referral.requested",
        "referral.accepted",
        "referral.breached",
        "deadline.breached",
        "reminder.sent",
        "escalation.raised",
        "consent.withdrawn",
        "referral.withdrawn",
        "notice.given",
        "break_glass.invoked",
        "access.released",
        "plan.approved",
        "case.closed",
    ] {
        assert!(entries.iter().any(|entry| entry.event.event_type == kind), "{kind}");
    }
    let latest = |kind: &str| catalogue::latest(kind).map(|spec| spec.v);
    let earlier = entries.iter().filter(|entry| Some(entry.event.v) < latest(&entry.event.event_type));
    let earlier: Vec<_> = earlier.map(|entry| (entry.event.event_type.as_str(), entry.event.v)).collect();
    assert_eq!(earlier, [("contact.logged", 1)]);
    // Its owner left in the end, and what it owed was still recorded.
    let left = entries.iter().rposition(|entry| entry.event.event_type == "proposal.approved");
    let told = entries[left.expect("a removal")..].iter().filter(|entry| entry.event.iss == "ledger");
    let to = |entry: &Entry| entry.event.data.get("to")?.get("agency")?.as_str().map(str::to_owned);
    assert!(told.filter_map(to).any(|agency| agency == "h1100"));
}

/// Writes the ledgers of this version.
async fn freeze() {
    let version = frozen().join(concat!("v", env!("CARGO_PKG_VERSION")));
    let work = tempfile::tempdir().expect("a folder");
    let (first, second) = (work.path().join("1"), work.path().join("2"));
    Made::build(&first, 1, 2, SMALL).await;
    tell(&second).await;
    for (rules, dir) in [("rules-1", first), ("rules-2", second)] {
        let ledger = version.join(rules);
        assert!(!ledger.exists(), "{} is frozen already", ledger.display());
        fs::create_dir_all(&ledger).expect("a folder");
        fs::copy(dir.join("trust.json"), ledger.join("trust.json")).expect("its trust file");
        done(["export", "--dir", text(&dir), "--out", text(&ledger.join("export"))]);
        let verdict = serde_json::to_string_pretty(&verdict(&ledger)).expect("JSON");
        fs::write(ledger.join("verdict.json"), verdict + "\n").expect("written");
    }
}

fn values<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::object(members)
}

fn set(codes: &[&str]) -> Json {
    Json::Array(codes.iter().map(|code| Json::from(*code)).collect())
}

fn of(member: &'static str, hash: Digest) -> Json {
    values([(member, hash.to_string().into())])
}

/// Some days in the country: a call, a child in danger, help that comes and help that does not.
async fn tell(dir: &Path) {
    const CHIEF: &str = "h1100/line-2";
    const HOSPITAL: &str = "moh/hospital-ma";
    let country = found(dir, Clock::Live).await;
    let does = async |who: &str, stream: &str, kind: &str, values: Json| {
        let receipt = country.act(who, stream, kind, values).await;
        let receipt = receipt.unwrap_or_else(|refused| panic!("{who} {kind}: {}", refused.message));
        country.hash(receipt.index).await
    };
    calls(&country).await;

    country.open_case("c1", "high").await;
    let hospital = asked(&country, "c1", HOSPITAL).await;
    country.later(10);
    does(HOSPITAL, "case/c1", "referral.accepted", of("referral", hospital)).await;
    country.later(60);
    let police = asked(&country, "c1", "rop/desk").await;
    does("rop/desk", "case/c1", "referral.acknowledged", of("referral", police)).await;
    let found_out = values([("needs", set(&["health"])), ("findings", "…".into())]);
    does(HELPLINE, "case/c1", "assessment.completed", found_out).await;
    let goals = values([("services", set(&["health"])), ("goals", "…".into())]);
    let plan = does(HELPLINE, "case/c1", "plan.proposed", goals).await;
    does(CHIEF, "case/c1", "plan.approved", of("plan", plan)).await;

    let given = values([("agencies", set(&["moe"])), ("given_by", "mother".into())]);
    let consent = does(HELPLINE, "case/c1", "consent.recorded", given).await;
    let school = values([("agency", "moe".into()), ("unit", "school-social-work".into())]);
    let request = values([
        ("to", school),
        ("fields", set(&[])),
        ("consent", consent.to_string().into()),
        ("service", "psychosocial".into()),
        ("priority", "routine".into()),
    ]);
    does(HELPLINE, "case/c1", "referral.requested", request).await;
    let withdrawal = does(HELPLINE, "case/c1", "consent.withdrawn", of("consent", consent)).await;
    does("moe/school-social-work", "case/c1", "withdrawal.confirmed", of("withdrawal", withdrawal)).await;

    country.open_case("c2", "none").await;
    let broken = values([("reason", "danger_to_life".into()), ("why", "…".into())]);
    let broken = does(HOSPITAL, "access/c2", "break_glass.invoked", broken).await;
    let see = values([("purpose", "casework".into()), ("classes", set(&["casework", "narrative"]))]);
    does(HOSPITAL, "access/c2", "access.requested", see).await;
    let verdict = values([("invocation", broken.to_string().into()), ("verdict", "justified".into())]);
    does(CHIEF, "access/c2", "break_glass.reviewed", verdict).await;
    let closure = values([("exceptions", set(&[])), ("reason", "goals_met".into()), ("summary", "…".into())]);
    let request = does(HELPLINE, "case/c2", "case.closure_requested", closure).await;
    does(CHIEF, "case/c2", "case.closed", of("request", request)).await;

    // Three days without the ledger, and then without the owner.
    country.later(3 * 24 * 60);
    let outcome = ("outcome", "service_provided".into());
    let completed = values([("referral", hospital.to_string().into()), outcome]);
    does(HOSPITAL, "case/c1", "referral.completed", completed).await;
    let agency = AgencyId::parse("h1100").expect("an id");
    country.decide(AgencyRemove { agency, quorum: None }.into()).await;
    country.later(10 * 24 * 60);
    does("rop/desk", "case/c1", "referral.accepted", of("referral", police)).await;
    country.ledger.shutdown().await;
}

/// A call, and one as it was logged before anybody asked for the wilayat.
async fn calls(country: &Country) {
    let call = || {
        values([
            ("kind", "someone_about_child".into()),
            ("channel", "1100".into()),
            ("governorate", "OM-MA".into()),
            ("repeat", false.into()),
            ("concerns", set(&["neglect"])),
            ("child_name", "سالم".into()),
            ("summary", "جارة تسمع بكاء طفل كل ليلة".into()),
        ])
    };
    country.act(HELPLINE, "contact/new", "contact.logged", call()).await.expect("accepted");
    let spec = catalogue::spec("contact.logged", 1).expect("version 1");
    let Json::Object(mut members) = call() else { panic!("an object") };
    members.extend(country.world().codes(spec.lists()).map(|codes| ("codes".to_owned(), codes)));
    let draft = spec.draft(&Json::Object(members)).expect("values that fit");
    country.send(&country.officers[HELPLINE], "contact/old", draft).await.expect("accepted");
}

async fn asked(country: &Country, case: &str, to: &str) -> Digest {
    let file = country.case(case).await;
    let mut referrals = file.case.iter().flat_map(|case| &case.referrals);
    *referrals.find(|(_, referral)| referral.to.to_string() == to).expect("a referral").0
}

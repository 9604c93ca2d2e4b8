//! Every call that tells of a case, by everybody: planted values come out where `docs/casework.md` §8 lets them and
//! the ledger says so, and nowhere else: in no answer, no line of the log, no file and no table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::{Client, Method, header};
use serde_json::{Value, json};
use sijill_casework::catalogue::{self, Kind};
use sijill_domain::event::{AgencyAdmit, Grant, Role, UnitOpened, prove};
use sijill_domain::{AgencyId, Signer, UnitId};
use sijill_event::{Class, Json};
use sijill_ledger::testing::{Actor, Country, ORIGIN, START_MS};
use sijill_ledger::{SimulatedClock, record_heads};
use sijill_projections::engine::{Base, SqliteBase};
use sijill_web::{CancellationToken, Settings};
use tempfile::TempDir;

use crate::house::{Answer, SD_JWT, assertion, ground, json_of, plain};
use crate::logs::log;
use crate::shape::conforms;

pub(crate) const OWNER: &str = "h1100/line";
pub(crate) const CHIEF: &str = "h1100/line-2";
const SPECIALIST: &str = "h1100/line-3";
/// Recipient of a live referral; the contact is linked to it, too.
pub(crate) const COMMITTEE: &str = "cpc/ma";
/// Recipient of a live referral, and a specialist.
pub(crate) const DOCTOR: &str = "moh/hospital-ma-3";
/// Recipient of a referral that it rejected.
pub(crate) const POLICE: &str = "rop/desk";
pub(crate) const STRANGER: &str = "moe/school-social-work";
/// A stranger who broke the glass.
pub(crate) const BREAKER: &str = "pp/desk";
pub(crate) const AUDITOR: &str = "mosd/auditor";
pub(crate) const OVERSIGHT: &str = "ncc/eyes";

pub(crate) const EVERYBODY: [&str; 10] =
    [OWNER, CHIEF, SPECIALIST, COMMITTEE, DOCTOR, POLICE, STRANGER, BREAKER, AUDITOR, OVERSIGHT];

/// Access tokens by `agency/officer`.
type Tokens = BTreeMap<&'static str, String>;

/// A value that was planted.
struct Canary {
    text: String,
    /// `case` or `contact`: under which id it is asked for.
    of: &'static str,
    kind: &'static str,
    path: String,
}

/// A country that is served.
pub(crate) struct Served {
    pub(crate) country: Country,
    pub(crate) base: String,
    pub(crate) client: Client,
    dir: TempDir,
    /// Its read models.
    pub(crate) read: std::sync::Arc<dyn Base>,
    canaries: Vec<Canary>,
}

impl Served {
    pub(crate) async fn open() -> Self {
        Self::open_with(true).await
    }

    /// `follow`: whether its read models follow the log by themselves.
    pub(crate) async fn open_with(follow: bool) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let client = plain().build().expect("a client");
        let country = Country::begin(ground(&dir, 20_000).await).await;
        let mut settings = Settings::new(Actor::new("server", "tokens").key);
        settings.clock = std::sync::Arc::new(SimulatedClock::standing(START_MS)) as _;
        settings.rate = None;
        let read = SqliteBase::open(&dir.path().join("read.db")).await.expect("a database");
        let read: std::sync::Arc<dyn Base> = std::sync::Arc::new(read);
        settings.read_models = Some(std::sync::Arc::clone(&read));
        if follow {
            tokio::spawn(sijill_ledger::project(country.ledger.clone(), std::sync::Arc::clone(&read)));
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://localhost:{}", listener.local_addr().expect("its address").port());
        let stop = CancellationToken::new();
        let router = sijill_web::router(country.ledger.clone(), settings, stop.clone());
        let ledger = country.ledger.clone();
        tokio::spawn(async move { sijill_web::serve(listener, router, None, ledger, stop).await });
        Self { country, base, client, dir, read, canaries: Vec::new() }
    }

    pub(crate) async fn token(&self, who: &str) -> String {
        let asserted = assertion(&self.country.officers[who], |_| {});
        let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        let form =
            format!("grant_type=client_credentials&client_assertion_type={kind}&client_assertion={asserted}");
        let request = self.client.post(format!("{}/oauth/token", self.base)).body(form);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = Answer::to(request).await;
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<String>,
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, SD_JWT).body(body);
        }
        Answer::to(request).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.ask(Method::GET, path, Some(token), None).await
    }

    /// An event whose every text in a class is a canary; what `given` does not say is filled in.
    pub(crate) async fn plant(
        &mut self,
        who: &str,
        stream: &str,
        kind: &'static str,
        given: Value,
    ) -> sijill_event::Digest {
        let of = if stream.starts_with("contact/") { "contact" } else { "case" };
        let spec = catalogue::latest(kind).expect("a type");
        let Value::Object(mut values) = given else { panic!("an object") };
        let book = self.country.world().book();
        for field in spec.fields {
            if values.contains_key(field.name) {
                continue;
            }
            let class = field.class.as_str();
            let value = match field.kind {
                // Short enough for a telephone number.
                Kind::Text(_) if class != "routing" && field.name != "rule" => {
                    let text = format!("Canary{}of{}", self.canaries.len(), class);
                    let path = format!("{class}.{}", field.name);
                    self.canaries.push(Canary {
                        text: text[..text.len().min(20)].to_owned(),
                        of,
                        kind,
                        path,
                    });
                    json!(self.canaries.last().expect("a canary").text)
                }
                Kind::Code(list) if field.required => {
                    json!(book.current(list).next().expect("a code").as_str())
                }
                Kind::Codes(_, 0) => json!([]),
                Kind::Bool => json!(false),
                _ if field.required => panic!("{kind}: {}", field.name),
                _ => continue,
            };
            values.insert(field.name.to_owned(), value);
        }
        let receipt = self.country.act(who, stream, kind, json_of(Value::Object(values))).await;
        let receipt = receipt.unwrap_or_else(|refused| panic!("{who} {kind}: {refused:?}"));
        self.country.hash(receipt.index).await
    }

    pub(crate) async fn referral(&self, to: &str) -> sijill_event::Digest {
        let case = self.country.case("c1").await;
        let mut referrals = case.case.as_ref().expect("a case").referrals.iter();
        *referrals.find(|(_, referral)| referral.to.to_string() == to).expect("a referral").0
    }

    /// A contact and a case full of canaries, in every class.
    pub(crate) async fn populate(&mut self) {
        self.oversee().await;
        self.plant(OWNER, "contact/k1", "contact.logged", json!({})).await;
        let to = json!({"agency": "cpc", "unit": "ma"});
        self.plant(OWNER, "contact/k1", "contact.linked", json!({"case": "c1", "to": to})).await;
        let opening = json!({
            "contacts": ["k1"], "unit": "line", "concerns": ["physical_abuse"], "risk": "high",
            "governorate": "OM-MA", "age_band": "5-11", "sex": "female",
        });
        self.plant(OWNER, "case/c1", "case.opened", opening).await;
        let born = json!({"age_band": "5-11", "birth_date": "2017-03-09"});
        self.plant(OWNER, "case/c1", "child.registered", born).await;
        for kind in ["party.added", "note.added", "assessment.completed", "plan.proposed"] {
            self.plant(OWNER, "case/c1", kind, json!({})).await;
        }
        self.plant(
            OWNER,
            "case/c1",
            "risk.assessed",
            json!({"concerns": ["physical_abuse"], "risk": "high"}),
        )
        .await;
        let basis = json!({"agencies": ["wefaq"], "basis": "court_order"});
        self.plant(OWNER, "case/c1", "legal_basis.invoked", basis).await;
        let rejected = self.referral(POLICE).await.to_string();
        self.plant(POLICE, "case/c1", "referral.rejected", json!({"referral": rejected})).await;
        let taken = self.referral("moh/hospital-ma").await.to_string();
        self.plant(DOCTOR, "case/c1", "service.delivered", json!({"referral": taken})).await;
        self.plant(BREAKER, "access/c1", "break_glass.invoked", json!({})).await;
        let classes: BTreeSet<&str> =
            self.canaries.iter().filter_map(|canary| canary.path.split('.').next()).collect();
        assert_eq!(classes, ["casework", "identity", "narrative", "reporter", "sensitive"].into());
    }

    /// An agency that watches over the system, and an officer of it.
    async fn oversee(&mut self) {
        let (agency, root) = (AgencyId::parse("ncc").expect("an id"), Actor::new("ncc", "root"));
        let (root_key, proof) = prove(&root.key, ORIGIN, &Signer::Root(agency.clone()));
        let name = || sijill_domain::event::Name::new("الهيئة", "The commission").expect("a name");
        let grants = [Grant::Oversight].into();
        let admit =
            AgencyAdmit { agency, name: name(), root_key, proof, grants, member: false, quorum: None };
        self.country.decide(admit.into()).await;
        let unit = UnitOpened { unit: UnitId::parse("eyes").expect("an id"), name: name() }.data();
        self.country.open_event(&root, "agency/ncc", "unit.opened", unit).await;
        self.country.roots.insert("ncc".to_owned(), root);
        self.country.enrol(OVERSIGHT, "eyes", &[Role::Oversight]).await;
    }

    /// Which canaries stand in a text, or in what it holds as base64url.
    pub(crate) fn found(&self, text: &[u8]) -> BTreeSet<&str> {
        let all = unfolded(text);
        let stands = |canary: &&Canary| all.windows(canary.text.len()).any(|w| w == canary.text.as_bytes());
        self.canaries.iter().filter(stands).map(|canary| canary.text.as_str()).collect()
    }

    fn canaries(&self, which: impl Fn(&Canary) -> bool) -> BTreeSet<&str> {
        self.canaries.iter().filter(|canary| which(canary)).map(|canary| canary.text.as_str()).collect()
    }

    /// A request for all classes, signed.
    async fn request(&self, who: &str, id: &str) -> String {
        let classes: BTreeSet<&str> = Class::ALL.iter().map(|class| class.as_str()).collect();
        let values = json_of(json!({"purpose": "casework", "classes": classes}));
        let draft = self.country.draft("access.requested", values);
        self.country.sign(&self.country.officers[who], &format!("access/{id}"), draft).await
    }
}

/// The bytes, and after them whatever they hold as base64url.
fn unfolded(text: &[u8]) -> Vec<u8> {
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || b"-_".contains(b);
    let mut all = text.to_vec();
    for word in text.split(|b| !is_part(b)).filter(|word| word.len() >= 20) {
        all.extend(BASE64_URL_SAFE_NO_PAD.decode(word).unwrap_or_default());
        all.push(b'\n');
    }
    all
}

/// `docs/casework.md` §8, what is disclosed on request.
fn may_be_disclosed(who: &str, canary: &Canary) -> bool {
    let class = canary.path.split('.').next().expect("a class");
    let logged_here = [OWNER, CHIEF, SPECIALIST].contains(&who);
    let specialist = [SPECIALIST, DOCTOR].contains(&who);
    // What its recipients need: the policy's field sets `casework` and `treatment`.
    let for_committee = [
        "identity.name",
        "identity.civil_number",
        "identity.birth_date",
        "identity.address",
        "identity.phone",
        "identity.guardian",
        "identity.child_name",
        "identity.place",
        "narrative.summary",
        "narrative.reasons",
    ];
    let for_hospital = [
        "identity.name",
        "identity.civil_number",
        "identity.birth_date",
        "identity.guardian",
        "identity.phone",
        "identity.child_name",
        "narrative.summary",
        "sensitive.health",
        "sensitive.disability",
    ];
    let path = canary.path.as_str();
    match (canary.of, class) {
        (_, "reporter") => logged_here,
        (_, "sensitive") if !specialist => false,
        (_, "casework") if who == AUDITOR => true,
        ("contact", _) => logged_here || who == COMMITTEE,
        _ => match who {
            OWNER | CHIEF | SPECIALIST | BREAKER => true,
            COMMITTEE => for_committee.contains(&path),
            DOCTOR => for_hospital.contains(&path) || canary.kind == "service.delivered",
            POLICE => canary.kind == "referral.rejected",
            _ => false,
        },
    }
}

fn may_know(who: &str, id: &str) -> bool {
    let parties = [OWNER, CHIEF, SPECIALIST, AUDITOR, COMMITTEE];
    parties.contains(&who) || (id == "c1" && [DOCTOR, POLICE, BREAKER].contains(&who))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_planted_is_found_where_it_may_be() {
    let log = log();
    let mut served = Served::open().await;
    served.populate().await;
    let country = &served.country;
    let recorded = record_heads(&country.ledger, &country.ground.attestor, Duration::ZERO).await;
    recorded.expect("a log");
    let mut tokens = Tokens::new();
    for who in EVERYBODY {
        tokens.insert(who, served.token(who).await);
    }

    read_by_everybody(&served, &tokens).await;
    disclosed_to_everybody(&served, &tokens).await;
    looked_up_by_everybody(&served, &tokens).await;
    seen_no_longer(&mut served, &tokens).await;

    assert!(log.text().contains("/v1/cases/{id}/disclosures"), "the log was heard");
    assert_eq!(served.found(log.text().as_bytes()), [].into(), "in the log");
    assert_eq!(served.found(&files(served.dir.path())), [].into(), "in a file");
    let tables = tables(&served.dir.path().join("ledger.db")).await;
    assert!(tables.windows(2).any(|w| w == b"c1"), "the tables were read");
    assert_eq!(served.found(&tables), [].into(), "in a table");
}

/// What can be read without asking for values.
async fn read_by_everybody(served: &Served, tokens: &Tokens) {
    let casework = served.canaries(|canary| canary.path.starts_with("casework."));
    assert!(!casework.is_empty());
    for who in EVERYBODY {
        let token = &tokens[who];
        for (call, id) in ["", "/history", "/actions", "/accesses"]
            .into_iter()
            .flat_map(|call| [(call, "c1"), (call, "k1")])
        {
            let answer = served.get(&format!("/v1/cases/{id}{call}"), token).await;
            let at = format!("{who} {id}{call}");
            let expected = match call {
                _ if !may_know(who, id) => (404, "case-unknown"),
                "/accesses" if ![OWNER, CHIEF, SPECIALIST, AUDITOR].contains(&who) => (403, "not-yours"),
                _ => (200, ""),
            };
            if expected.0 == 200 {
                assert_eq!(answer.status.as_u16(), 200, "{at}: {}", answer.text());
                let shape = match call {
                    "" => "Case",
                    "/history" => "History",
                    "/actions" => "Actions",
                    _ => "Accesses",
                };
                conforms(shape, &answer.json());
            } else {
                assert_eq!(answer.problem(), (expected.0, expected.1.to_owned()), "{at}");
                let nowhere = served.get(&format!("/v1/cases/nowhere{call}"), token).await;
                assert!(expected.0 != 404 || nowhere.body == answer.body, "{at}: it tells that it is there");
            }
            let shown = if call == "/history" && expected.0 == 200 && id == "c1" {
                casework.clone()
            } else {
                [].into()
            };
            assert_eq!(served.found(&answer.body), shown, "{at}");
        }
        let mut paths = vec![
            "/v1/events?from=0&limit=10000".to_owned(),
            "/log/tile/entries/000".to_owned(),
            "/log/tile/entries/001.p/1".to_owned(),
            "/v1/registry".to_owned(),
            "/v1/documents".to_owned(),
            "/v1/codes/concern".to_owned(),
            "/v1/schemas/child.registered".to_owned(),
        ];
        for stream in ["case/c1", "auto/c1", "access/c1", "contact/k1", "access/k1"] {
            let stream = stream.replace('/', "%2F");
            paths.extend(["next", "events", "head"].map(|call| format!("/v1/streams/{stream}/{call}")));
        }
        for unit in [OWNER, COMMITTEE, POLICE, "moh/hospital-ma"] {
            paths.push(format!("/v1/units/{unit}/queue"));
        }
        for path in paths {
            let answer = served.get(&path, token).await;
            assert!([200, 403].contains(&answer.status.as_u16()), "{who} {path}: {}", answer.text());
            assert_eq!(served.found(&answer.body), [].into(), "{who} {path}");
        }
    }
}

/// What is disclosed on request, and that the ledger says so.
async fn disclosed_to_everybody(served: &Served, tokens: &Tokens) {
    for who in EVERYBODY {
        for (id, of) in [("c1", "case"), ("k1", "contact")] {
            let request = served.request(who, id).await;
            let path = format!("/v1/cases/{id}/disclosures");
            let answer = served.ask(Method::POST, &path, Some(&tokens[who]), Some(request.clone())).await;
            if who == OVERSIGHT {
                assert_eq!(answer.problem(), (403, "role-missing".to_owned()));
                continue;
            }
            assert_eq!(answer.status.as_u16(), 201, "{who} {id}: {}", answer.text());
            conforms("Disclosed", &answer.json());
            let expected = served.canaries(|canary| canary.of == of && may_be_disclosed(who, canary));
            assert_eq!(served.found(&answer.body), expected, "{who} {id}");
            recorded(served, tokens, who, id, &answer.json()).await;

            // The very request again shows the same to the same, and nothing to anybody else.
            let again = served.ask(Method::POST, &path, Some(&tokens[who]), Some(request.clone())).await;
            assert_eq!((again.status.as_u16(), served.found(&again.body)), (200, expected), "{who} {id}");
            let other = if who == STRANGER { AUDITOR } else { STRANGER };
            let stolen = served.ask(Method::POST, &path, Some(&tokens[other]), Some(request.clone())).await;
            assert_eq!(stolen.problem(), (422, "not-a-request".to_owned()));
            let bare = served.ask(Method::POST, &path, None, Some(request)).await;
            assert_eq!(bare.problem(), (401, "token-missing".to_owned()));
        }
    }
    for path in [
        "/v1/cases/c1",
        "/v1/cases/c1/history",
        "/v1/cases/c1/actions",
        "/v1/cases/c1/accesses",
        "/v1/units/h1100/line/queue",
    ] {
        let answer = served.ask(Method::GET, path, None, None).await;
        assert_eq!(answer.problem(), (401, "token-missing".to_owned()), "{path}");
    }
}

/// Whether the child is known is told to everybody who works on cases and signs that they asked; which case it is, to parties.
async fn looked_up_by_everybody(served: &Served, tokens: &Tokens) {
    let planted = |canary: &&Canary| canary.kind == "child.registered" && canary.path == "identity.name";
    let name = &served.canaries.iter().find(planted).expect("a name").text;
    for (number, who) in EVERYBODY.into_iter().enumerate() {
        let (id, actor) = (format!("k-{number}"), &served.country.officers[who]);
        let logged =
            json!({"kind": "someone_about_child", "channel": "1100", "repeat": false, "concerns": []});
        let stream = format!("contact/{id}");
        let logged = served.country.act(who, &stream, "contact.logged", json_of(logged)).await;
        assert_eq!(logged.is_ok(), ![AUDITOR, OVERSIGHT].contains(&who), "{who} does casework, or not");
        let look_up = json_of(json!({"name": name, "birth_year": 2017}));
        let draft = served.country.draft("child.looked_up", look_up);
        let look_up = served.country.sign(actor, &stream, draft).await;
        let path = format!("/v1/contacts/{id}/look-ups");
        let answer = served.ask(Method::POST, &path, Some(&tokens[who]), Some(look_up.clone())).await;
        if logged.is_err() {
            assert_eq!(answer.problem().0, 403, "{who}");
            continue;
        }
        assert_eq!(answer.status.as_u16(), 201, "{who}: {}", answer.text());
        conforms("LookUp", &answer.json());
        let party = may_know(who, "c1") && who != BREAKER;
        let case = if party { json!("c1") } else { Value::Null };
        let known = &answer.json()["known"];
        assert_eq!(known.as_array().map(Vec::len), Some(1), "{who}: {known}");
        assert_eq!(known[0]["unit"], json!({"agency": "h1100", "unit": "line"}), "{who}");
        assert_eq!((&known[0]["case"], known[0]["opened"].is_u64()), (&case, party), "{who}");
        assert_eq!(served.found(&answer.body), [].into(), "{who}");
        let file = served.country.case(&id).await;
        let asked = file.events.values().filter(|noted| noted.event_type == "child.looked_up");
        assert_eq!(asked.count(), 1, "it is on the ledger");

        let again = served.ask(Method::POST, &path, Some(&tokens[who]), Some(look_up.clone())).await;
        assert_eq!((again.status.as_u16(), &again.json()["known"]), (200, known), "{who}");
        let other = if who == STRANGER { OWNER } else { STRANGER };
        let stolen = served.ask(Method::POST, &path, Some(&tokens[other]), Some(look_up.clone())).await;
        assert_eq!(stolen.problem(), (422, "not-a-request".to_owned()));
        let bare = served.ask(Method::POST, &path, None, Some(look_up.clone())).await;
        assert_eq!(bare.problem(), (401, "token-missing".to_owned()));
        if who == OWNER {
            served.country.later(6);
            let over = served.ask(Method::POST, &path, Some(&tokens[who]), Some(look_up)).await;
            assert_eq!(over.problem(), (422, "look-up-over".to_owned()));
        }
    }
}

/// Glass does not stay broken, and whoever is kept out sees nothing, not even what it saw before.
async fn seen_no_longer(served: &mut Served, tokens: &Tokens) {
    let before = served.request(COMMITTEE, "c1").await;
    let path = "/v1/cases/c1/disclosures";
    let shown = served.ask(Method::POST, path, Some(&tokens[COMMITTEE]), Some(before.clone())).await;
    assert!(!served.found(&shown.body).is_empty());
    let units = json!({"officers": [], "units": [{"agency": "cpc", "unit": "ma"}]});
    served.plant(CHIEF, "case/c1", "access.restricted", units).await;
    served.country.later(181);
    let again = served.ask(Method::POST, path, Some(&tokens[COMMITTEE]), Some(before)).await;
    assert_eq!((again.status.as_u16(), served.found(&again.body)), (200, [].into()));
    for who in [COMMITTEE, BREAKER] {
        let answer = served.get("/v1/cases/c1", &tokens[who]).await;
        assert_eq!(answer.problem(), (404, "case-unknown".to_owned()), "{who}");
        let request = served.request(who, "c1").await;
        let answer = served.ask(Method::POST, path, Some(&tokens[who]), Some(request)).await;
        let own = if who == BREAKER {
            served.canaries(|canary| canary.kind == "break_glass.invoked")
        } else {
            [].into()
        };
        assert_eq!(served.found(&answer.body), own, "{who}");
    }
    let queue = served.get("/v1/units/cpc/ma/queue", &tokens[COMMITTEE]).await.json();
    assert_eq!(queue["rows"], json!([]));
    // Not even that something happens there, nor against whom it was closed.
    for stream in ["case", "auto", "access"].map(|kind| format!("{kind}%2Fc1")) {
        let path = format!("/v1/streams/{stream}/events");
        let told = async |who: &str| {
            let events = served.get(&path, &tokens[who]).await.json()["events"].clone();
            let events = events.as_array().expect("events").clone();
            (!events.is_empty(), events.iter().filter(|event| event["jwt"].is_string()).count())
        };
        assert_eq!(told(COMMITTEE).await, (true, 0), "{stream}");
        assert!(told(OWNER).await.1 > 0, "{stream}");
    }
    let head = async |who: &str| served.get("/v1/streams/case%2Fc1/next", &tokens[who]).await.status.as_u16();
    assert_eq!((head(COMMITTEE).await, head(OWNER).await), (403, 200));
}

/// The case's accesses list each value that was shown, to whom it was.
async fn recorded(served: &Served, tokens: &Tokens, who: &str, id: &str, shown: &Value) {
    let accesses = served.get(&format!("/v1/cases/{id}/accesses"), &tokens[OWNER]).await.json();
    let (agency, officer) = who.split_once('/').expect("agency/officer");
    let accesses = accesses["accesses"].as_array().expect("accesses");
    let access =
        accesses.iter().find(|access| access["index"] == shown["receipt"]["index"]).expect("recorded");
    assert_eq!(access["by"], json!({"agency": agency, "officer": officer}));
    assert_eq!(access["answer"], shown["answer"]);
    let recorded = access["released"].as_array().expect("released");
    for event in shown["released"].as_array().expect("released") {
        let of = recorded.iter().find(|released| released["event"] == event["event"]).expect("its event");
        let fields = of["fields"].as_array().expect("fields");
        for path in event["values"].as_object().expect("values").keys() {
            assert!(fields.contains(&json!(path)), "{who} {path}");
        }
    }
}

fn files(dir: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        all.extend(if path.is_dir() { files(&path) } else { std::fs::read(&path).expect("a file") });
        all.push(b'\n');
    }
    all
}

/// Every value of every table.
async fn tables(database: &Path) -> Vec<u8> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database).read_only(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.expect("a database");
    let columns =
        "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'";
    let columns: Vec<(String, String)> = sqlx::query_as(columns).fetch_all(&pool).await.expect("columns");
    assert!(columns.len() > 10);
    let mut all = Vec::new();
    for (table, column) in columns {
        let query = sqlx::AssertSqlSafe(format!("SELECT CAST(\"{column}\" AS BLOB) FROM \"{table}\""));
        let values: Vec<Option<Vec<u8>>> =
            sqlx::query_scalar(query).fetch_all(&pool).await.expect("its values");
        for value in values.into_iter().flatten() {
            all.extend(value);
            all.push(b'\n');
        }
    }
    all
}

/// What an action is said to be is what happens, and what a person is shown fits on a queue.
#[tokio::test(flavor = "multi_thread")]
async fn queues_and_actions_tell_what_is_owed_and_by_whom() {
    let mut served = Served::open().await;
    served.oversee().await;
    for id in ["c1", "c2", "c3"] {
        served.country.open_case(id, "high").await;
    }
    let (committee, owner) = (served.token(COMMITTEE).await, served.token(OWNER).await);
    let first = served.get("/v1/units/cpc/ma/queue?limit=2", &committee).await.json();
    conforms("Queue", &first);
    assert_eq!(first["rows"].as_array().expect("rows").len(), 2);
    assert_eq!(first["counts"], json!([{"kind": "referral", "cases": 3, "overdue": 0}]));
    let row = &first["rows"][0];
    assert_eq!(
        (&row["kind"], &row["urgent"], &row["risk"]),
        (&json!("referral"), &json!(true), &json!("high"))
    );
    assert_eq!((&row["owes"]["milestone"], &row["owes"]["due"]), (&json!("acknowledge"), &row["due"]));
    assert_eq!(row["last"]["by"], json!({"agency": "h1100", "officer": "line"}));
    let after = first["next"].as_str().expect("a next page");
    let second =
        served.get(&format!("/v1/units/cpc/ma/queue?limit=2&after={after}"), &committee).await.json();
    assert_eq!((second["rows"].as_array().expect("rows").len(), &second["next"]), (1, &Value::Null));
    for odd in ["after=x", "limit=0", "limit=201", "before=1"] {
        let answer = served.get(&format!("/v1/units/cpc/ma/queue?{odd}"), &committee).await;
        assert_eq!(answer.problem().1, "query", "{odd}");
    }
    assert_eq!(served.get("/v1/units/cpc/ma/queue", &owner).await.problem(), (403, "not-yours".to_owned()));
    let chief = served.token("cpc/ma-2").await;
    assert_eq!(served.get("/v1/units/cpc/ma/queue", &chief).await.status.as_u16(), 200);
    assert_eq!(served.get("/v1/units/cpc/MA/queue", &chief).await.problem().1, "path");

    let referral = served.referral(COMMITTEE).await;
    let allowed = async |who: &str, kind: &str| -> Vec<(Value, Value)> {
        let actions = served.get("/v1/cases/c1/actions", &served.token(who).await).await.json();
        let all = actions["actions"].as_array().expect("actions").clone();
        let of_kind = all.into_iter().filter(|action| action["type"] == kind);
        of_kind.map(|action| (action["subject"]["referral"].clone(), action["code"].clone())).collect()
    };
    let mine: Vec<_> = allowed(COMMITTEE, "referral.acknowledged").await;
    assert_eq!(mine.len(), 3);
    for (subject, code) in mine {
        let expected = if subject == referral.to_string() { Value::Null } else { json!("not-yours") };
        assert_eq!(code, expected);
    }
    assert_eq!(allowed(OWNER, "plan.approved").await, [(Value::Null, json!("not-yours"))]);
    assert_eq!(allowed(CHIEF, "plan.approved").await, [(Value::Null, json!("unknown-plan"))]);
    assert_eq!(allowed(AUDITOR, "note.added").await, [(Value::Null, json!("role-missing"))]);
    assert_eq!(allowed(AUDITOR, "access.requested").await, [(Value::Null, Value::Null)]);
    let values = Json::object([("referral", Json::from(referral.to_string()))]);
    served.country.act(COMMITTEE, "case/c1", "referral.acknowledged", values).await.expect("as it was said");
    let then = allowed(COMMITTEE, "referral.acknowledged").await;
    assert!(then.contains(&(json!(referral.to_string()), json!("referral-state"))));
}

/// A file comes out of the vault by a release of a value that cites it: to who asked, and for a while.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_fetched_by_its_release() {
    let mut served = Served::open().await;
    served.country.open_case("c1", "high").await;
    let (owner, chief) = (served.token(OWNER).await, served.token(CHIEF).await);
    let put = served.client.put(format!("{}/v1/attachments", served.base)).bearer_auth(&owner);
    let held = Answer::to(put.body(vec![7_u8; 600_000])).await.json();
    let digest = held["digest"].as_str().expect("a digest").to_owned();
    let cited = json!({"attachment": digest, "size": 600_000, "media_type": "image/png"});
    served.plant(OWNER, "case/c1", "document.attached", json!({"document": cited})).await;
    let request = served.request(OWNER, "c1").await;
    let path = "/v1/cases/c1/disclosures";
    let shown = served.ask(Method::POST, path, Some(&owner), Some(request)).await.json();
    let at = |case: &str, answer: &Value| format!("/v1/attachments/{digest}?case={case}&answer={answer}");
    let fetched = served.get(&at("c1", &shown["answer"]), &owner).await;
    assert_eq!((fetched.status.as_u16(), fetched.body.len()), (200, 600_000));
    assert!(fetched.body.iter().all(|byte| *byte == 7));
    for (path, token) in [
        (at("c1", &shown["answer"]), &chief),
        (at("c2", &shown["answer"]), &owner),
        (at("c1", &shown["receipt"]["index"]), &owner),
        (at("c1", &json!(1_000_000)), &owner),
    ] {
        let refused = served.get(&path, token).await.problem();
        assert_eq!(refused, (404, "attachment-not-released".to_owned()), "{path}");
    }
    assert_eq!(served.get(&format!("/v1/attachments/{digest}"), &owner).await.problem().1, "query");
    served.country.later(16);
    let late = served.get(&at("c1", &shown["answer"]), &owner).await.problem();
    assert_eq!(late, (404, "attachment-not-released".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_brought_proposed_and_read() {
    let served = Served::open().await;
    let owner = served.token(OWNER).await;
    let put = async |token: Option<&str>, body: Vec<u8>| {
        let mut request = served.client.put(format!("{}/v1/documents", served.base)).body(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        Answer::to(request).await
    };
    let held = put(Some(&owner), b"a manual".to_vec()).await;
    assert_eq!(held.status.as_u16(), 201);
    conforms("HeldDocument", &held.json());
    let hash = held.json()["hash"].as_str().expect("a hash").to_owned();
    assert_eq!(put(None, b"x".to_vec()).await.problem().1, "token-missing");
    assert_eq!(put(Some(&owner), Vec::new()).await.problem().1, "body-empty");
    assert_eq!(put(Some(&owner), vec![b'x'; (1 << 20) + 1]).await.problem().1, "body-too-large");

    let path = format!("/log/documents/{hash}");
    let read = async |path: &str| served.ask(Method::GET, path, None, None).await;
    assert_eq!(read(&path).await.problem(), (404, "document-unknown".to_owned()));
    let kind = sijill_domain::event::DocumentKind::Manual;
    served.country.publish_version(kind, "handbook", 1, b"a manual").await;
    let there = read(&path).await;
    assert_eq!(
        (there.body.as_slice(), there.header("cache-control")),
        (&b"a manual"[..], "public, max-age=31536000, immutable")
    );
    assert_eq!(read("/log/documents/none").await.problem().1, "path");

    let library = served.get("/v1/documents", &owner).await.json();
    conforms("Library", &library);
    let listed = library["documents"].as_array().expect("documents");
    assert!(listed.iter().any(|document| document["hash"] == hash && document["in_force"] == true));
    assert_eq!(read("/v1/codes/concern").await.json()["list"], "concern");
    assert_eq!(read("/v1/codes/none").await.problem(), (404, "list-unknown".to_owned()));
    assert_eq!(read("/v1/schemas/contact.logged").await.json()["x-version"], 2);
    assert_eq!(read("/v1/schemas/none").await.problem(), (404, "type-unknown".to_owned()));
}

/// Once case and contact were erased nothing of them comes out, whoever asks and however.
#[tokio::test(flavor = "multi_thread")]
async fn after_an_erasure_nothing_comes_out() {
    let mut served = Served::open().await;
    served.populate().await;
    for unit in [COMMITTEE, "moh/hospital-ma"] {
        let referral = served.referral(unit).await.to_string();
        served.plant(OWNER, "case/c1", "referral.entered_in_error", json!({"referral": referral})).await;
    }
    let rejected = served.referral(POLICE).await.to_string();
    served.plant(OWNER, "case/c1", "referral.disposed", json!({"referral": rejected})).await;
    let request = served.plant(OWNER, "case/c1", "case.closure_requested", json!({"exceptions": []})).await;
    served.plant(CHIEF, "case/c1", "case.closed", json!({"request": request.to_string()})).await;
    let mut tokens = Tokens::new();
    for who in EVERYBODY {
        tokens.insert(who, served.token(who).await);
    }
    for id in ["c1", "k1"] {
        let order = json!({"ground": "court_order"});
        let order = served.plant(OWNER, &format!("access/{id}"), "erasure.ordered", order).await.to_string();
        served.plant(CHIEF, &format!("access/{id}"), "erasure.approved", json!({"erasure": order})).await;
        served.country.ledger.wake().await.expect("room");
        let shown = served.get(&format!("/v1/cases/{id}"), &tokens[OWNER]).await;
        conforms("Case", &shown.json());
        let (case, contact, erased) =
            (&shown.json()["case"], &shown.json()["contact"], &shown.json()["erased"]);
        assert_eq!((case, contact, erased), (&Value::Null, &Value::Null, &json!(true)));
        let erasure = &shown.json()["erasures"][0];
        assert_eq!((&erasure["erasure"], &erasure["state"]), (&json!(order), &json!("done")));
    }
    for who in EVERYBODY {
        for id in ["c1", "k1"] {
            for call in ["", "/history", "/actions", "/accesses"] {
                let answer = served.get(&format!("/v1/cases/{id}{call}"), &tokens[who]).await;
                assert!(answer.status.as_u16() < 500, "{who} {id}{call}: {}", answer.text());
                assert_eq!(served.found(&answer.body), [].into(), "{who} {id}{call}");
            }
            let request = served.request(who, id).await;
            let path = format!("/v1/cases/{id}/disclosures");
            let answer = served.ask(Method::POST, &path, Some(&tokens[who]), Some(request)).await;
            let code = if who == OVERSIGHT { (403, "role-missing") } else { (422, "case-erased") };
            assert_eq!(answer.problem(), (code.0, code.1.to_owned()), "{who} {id}");
        }
        for path in ["/v1/events?from=0&limit=10000", "/v1/units/cpc/ma/queue", "/v1/units/h1100/line/queue"]
        {
            assert_eq!(served.found(&served.get(path, &tokens[who]).await.body), [].into(), "{who} {path}");
        }
    }
    // Whoever was shown something finds it on the desk, and confirms.
    let queue = served.get("/v1/units/cpc/ma/queue", &tokens[COMMITTEE]).await.json();
    conforms("Queue", &queue);
    assert_eq!(queue["rows"].as_array().expect("rows").len(), 2);
    assert_eq!(queue["counts"], json!([{"kind": "erasure", "cases": 2, "overdue": 0}]));
    let actions = served.get("/v1/cases/c1/actions", &tokens[COMMITTEE]).await.json();
    let open =
        actions["actions"].as_array().expect("actions").iter().filter(|action| action["code"].is_null());
    assert_eq!(open.map(|action| action["type"].clone()).collect::<Vec<_>>(), ["erasure.confirmed"]);
    let order = served.country.case("c1").await.outline.erased.expect("erased").to_string();
    served.plant(COMMITTEE, "access/c1", "erasure.confirmed", json!({"erasure": order})).await;
    let queue = served.get("/v1/units/cpc/ma/queue", &tokens[COMMITTEE]).await.json();
    assert_eq!(queue["rows"].as_array().expect("rows").len(), 1);
    let tables = tables(&served.dir.path().join("ledger.db")).await;
    assert_eq!(served.found(&tables), [].into(), "in a table");
}

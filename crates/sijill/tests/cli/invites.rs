//! An officer's key is made in a browser and registered from the command line: the first registrar of a ledger that has just
//! begun, who then signs in at the desk. The browser here is curl, and does what `static/js/enrol.js` does.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Stdio};

use serde_json::{Value, json};
use sijill_event::{SigningKey, b64, possession_message};

use crate::town::{ORIGIN, Run, Server, Town};

/// An officer's browser.
struct Browser<'a> {
    server: &'a Server,
    key: SigningKey,
}

impl<'a> Browser<'a> {
    fn new(server: &'a Server) -> Self {
        Self { server, key: SigningKey::generate().expect("randomness") }
    }

    /// A page's script posts; status, `Set-Cookie`, body.
    fn post(&self, path: &str, body: &Value) -> (u16, String, Value) {
        let (url, site) = (&self.server.url, &self.server.url);
        let mut curl = std::process::Command::new("curl");
        curl.args([
            "-sS",
            "-w",
            "\n%{http_code}\n%header{set-cookie}",
            "-H",
            "Content-Type: application/json",
        ]);
        curl.args(["-H", "Accept: application/json", "-H", &format!("Origin: {site}")]);
        curl.args(["--data-binary", &body.to_string(), &format!("{url}{path}")]);
        let output = curl.output().expect("curl is installed");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let mut parts = text.rsplitn(3, '\n');
        let (cookie, status, body) = (parts.next(), parts.next(), parts.next());
        let status = status.and_then(|status| status.parse().ok()).unwrap_or_default();
        let body = serde_json::from_str(body.unwrap_or_default()).unwrap_or(Value::Null);
        (status, cookie.unwrap_or_default().to_owned(), body)
    }

    /// Opens the link and shows its key.
    fn answer(&self, link: &str) {
        let token = link.split_once("/desk/enrol#").expect("a link").1;
        let (status, _, invited) = self.post("/desk/enrol/open", &json!({ "token": token }));
        assert_eq!((status, &invited["state"], &invited["origin"]), (200, &json!("open"), &json!(ORIGIN)));
        let [agency, officer] = ["agency", "officer"].map(|name| invited[name].as_str().expect("a name"));
        let proof = self.key.sign(&possession_message(ORIGIN, agency, officer, self.key.public().kid()));
        let made = json!({"token": token, "key": self.key.public().to_jwk(), "proof": b64::encode(proof)});
        assert_eq!(self.post("/desk/enrol/answer", &made).0, 200);
    }

    /// What the officer reads out.
    fn code(&self) -> String {
        sijill_desk::fingerprint(&self.key.public().kid())
    }

    /// Signs in and opens the desk; the page, or nothing if there is no way in.
    fn desk(&self) -> Option<String> {
        let nonce = self.post("/desk/session/challenge", &json!({})).2["nonce"].as_str()?.to_owned();
        let (kid, site) = (self.key.public().kid(), &self.server.url);
        let message = format!("sijill-desk-sign-in/v1\n{site}\n{nonce}\n{kid}\n");
        let signature = b64::encode(self.key.sign(message.as_bytes()));
        let answer = json!({"nonce": nonce, "kid": kid.to_string(), "signature": signature});
        let (status, cookie, _) = self.post("/desk/session", &answer);
        if status != 201 {
            return None;
        }
        let cookie = format!("Cookie: {}", cookie.split(';').next()?);
        let page = std::process::Command::new("curl")
            .args(["-sS", "--fail", "-H", &cookie, &format!("{site}/desk/officers?lang=en")])
            .output()
            .expect("curl is installed");
        page.status.success().then(|| String::from_utf8_lossy(&page.stdout).into_owned())
    }
}

/// The command, waiting for a key.
struct Waiting {
    child: Child,
    out: BufReader<ChildStdout>,
    link: String,
}

impl Waiting {
    fn start(town: &Town, args: &[&str]) -> Self {
        let mut command = town.command(["registry", "invite"].iter().chain(args));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it runs");
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        let mut first = String::new();
        if !args.contains(&"--link") {
            out.read_line(&mut first).expect("it says the link");
        }
        let said: Value = serde_json::from_str(&first).unwrap_or(Value::Null);
        let link = said["invitation"].as_str().unwrap_or_default().to_owned();
        Self { child, out, link }
    }

    /// The registrar types a code.
    fn typed(mut self, code: &str) -> Run {
        let mut stdin = self.child.stdin.take().expect("piped");
        stdin.write_all(code.as_bytes()).expect("written");
        drop(stdin);
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.out, &mut rest).expect("read");
        let mut run = Run::of(&self.child.wait_with_output().expect("it ends"));
        run.out = rest;
        run
    }
}

#[test]
fn the_first_registrar_gets_a_key_into_a_browser_and_signs_in() {
    let town = Town::begun();
    let server = town.serve();
    let place = ["--url", server.url.as_str(), "--trust", "d/trust.json", "--key", "moh-root.key"];
    town.good(["registry", "unit", "hq", "--name", "الرئاسة", "Head office"].into_iter().chain(place));
    let reg = [&["reg", "--unit", "hq", "--roles", "registrar,casework"][..], &place[..]].concat();

    let browser = Browser::new(&server);
    let waiting = Waiting::start(&town, &reg);
    let link = waiting.link.clone();
    assert!(link.starts_with(&format!("{}/desk/enrol#", server.url)), "{link}");
    browser.answer(&link);
    assert_eq!(waiting.typed("00000 00000 00000 00000\n").refused(1), "key-code-differs");
    assert_eq!(browser.desk(), None, "nothing was signed");
    let again = [&reg[..], &["--link", &link]].concat();
    assert_eq!(Waiting::start(&town, &again).typed("").refused(2), "usage", "no code is no consent");

    let enrolled = Waiting::start(&town, &again).typed(&format!("{}\n", browser.code())).good();
    assert_eq!((&enrolled["verified"], &enrolled["first"]), (&json!(true), &json!(true)));
    let desk = browser.desk().expect("the first registrar is in");
    assert!(desk.contains("reg") && desk.contains("Invite an officer"), "{desk}");
    assert_eq!(Waiting::start(&town, &again).typed("").refused(2), "usage", "it is registered already");

    // A second device, by the same way; its key is one more of the same officer.
    let phone = Browser::new(&server);
    let waiting = Waiting::start(&town, &[&["reg", "--another"][..], &place[..]].concat());
    phone.answer(&waiting.link);
    waiting.typed(&phone.code().replace(' ', "")).good();
    assert!(phone.desk().is_some());
    server.stop();
    assert_eq!(town.faults(["audit", "d", "--trust", "d/trust.json"]), (0, Vec::new()));
}

#[test]
fn whom_the_desk_would_not_invite_the_command_does_not_either() {
    let town = Town::busy();
    let server = town.serve();
    let url = ["--url", server.url.as_str()];
    let invite = |args: &[&str]| town.run(["registry", "invite"].iter().chain(args).chain(&url));
    let root = ["--key", "moh-root.key"];
    let with_root = |args: &[&str]| invite(&[args, &root[..]].concat());
    for (args, said) in [
        (&["badr", "--unit", "kitchen"][..], "open unit"),
        (&["badr", "--unit", "intake", "--roles", "auditor"], "granted"),
        (&["amal", "--unit", "intake"], "used before"),
        (&["badr", "--another"], "small Latin letters"),
    ] {
        let refused = with_root(args);
        assert!(refused.err.contains(said), "{refused:?}");
        assert_eq!(refused.refused(2), "invitation-wrong", "{args:?}");
    }
    assert_eq!(with_root(&["Badr B", "--unit", "intake"]).refused(2), "usage");
    assert_eq!(with_root(&["badr"]).refused(2), "usage", "neither a unit nor another device");
    assert_eq!(
        with_root(&["badr", "--unit", "intake", "--agency", "rop"]).refused(2),
        "usage",
        "another agency's"
    );
    let auditor = ["badr", "--unit", "intake", "--key", "rop-auditor.key"];
    assert_eq!(invite(&auditor).refused(1), "not-yours", "an auditor keeps no registry");
    let elsewhere = with_root(&["badr", "--unit", "intake", "--site", "https://desk.example"]);
    assert!(elsewhere.err.contains("--site") && elsewhere.err.contains("sites"), "{elsewhere:?}");
    assert_eq!(elsewhere.refused(2), "usage");
    let unknown = format!("{}/desk/enrol#{}", server.url, "A".repeat(43));
    assert_eq!(with_root(&["badr", "--unit", "intake", "--link", &unknown]).refused(2), "invitation-unknown");
    assert_eq!(with_root(&["badr", "--unit", "intake", "--link", "https://x"]).refused(2), "usage");
    server.stop();
    let here = ["registry", "invite", "badr", "--unit", "intake", "--dir", "d", "--key", "moh-root.key"];
    assert_eq!(town.run(here).refused(2), "usage", "a browser needs a server");
}

//! `sijill keys`: make, show, prove, get a token.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;
use sijill_log::{KeyKind, KeyName, NoteVerifier};

use crate::answer::Answer;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::key_file::{Author, KeyFile};

/// `sijill keys …`
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a private key file (mode 0600) and, beside it, the public one to hand out
    New {
        /// The agency the key speaks for
        #[arg(long)]
        agency: Option<String>,
        /// The officer or service inside it; `root` for the agency's root key
        #[arg(long, requires = "agency")]
        officer: Option<String>,
        /// Where the private key goes; the public one goes to FILE.pub
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Show a key's id, its public JWK and, with --origin, its verifier key as a log's
    Show {
        /// A key file, private or public
        file: PathBuf,
        /// The origin of the log whose key it is
        #[arg(long)]
        origin: Option<String>,
    },
    /// Prove possession of a key: what `registry enrol`, `registry add-key` and `members admit` take (a JSON file)
    Proof {
        /// The private key file
        file: PathBuf,
        /// The ledger's origin
        #[arg(long)]
        origin: String,
        /// The agency, if the file names none
        #[arg(long)]
        agency: Option<String>,
        /// The officer, if the file names none
        #[arg(long)]
        officer: Option<String>,
    },
    /// Get an access token with a key that is registered on the ledger, for curl
    Token {
        /// The private key file
        #[arg(long)]
        key: PathBuf,
        /// The server
        #[arg(long)]
        url: String,
        /// The ledger's origin; without it the server is asked, and believed
        #[arg(long)]
        origin: Option<String>,
    },
}

/// Runs `sijill keys …`.
pub async fn run(command: Command) -> Result<Answer> {
    match command {
        Command::New { agency, officer, out } => new(agency.as_deref(), officer.as_deref(), &out),
        Command::Show { file, origin } => show(&file, origin.as_deref()),
        Command::Proof { file, origin, agency, officer } => proof(&file, &origin, agency, officer),
        Command::Token { key, url, origin } => {
            let token = Client::new(&url, Some(Author::read(&key)?), origin)?.fetch_token().await?;
            Ok(Answer::good(token.access_token.clone(), &token))
        }
    }
}

fn new(agency: Option<&str>, officer: Option<&str>, out: &Path) -> Result<Answer> {
    let mut public = out.as_os_str().to_owned();
    public.push(".pub");
    let public = PathBuf::from(public);
    if public.exists() {
        return Err(Error::Exists(public));
    }
    let file = KeyFile::generate(agency, officer)?;
    file.write(out)?;
    file.to_public().write(&public)?;
    let kid = file.public().kid().to_string();
    let text = format!(
        "key {kid}\nprivate: {} (keep it; nobody can restore it)\npublic:  {} (hand it out)",
        out.display(),
        public.display()
    );
    Ok(Answer::good(text, &json!({"kid": kid, "private": out, "public": public})))
}

fn show(path: &Path, origin: Option<&str>) -> Result<Answer> {
    let file = KeyFile::read(path)?;
    let vkey = origin.map(|origin| vkey(&file, origin)).transpose()?;
    let (kid, jwk) = (file.public().kid().to_string(), file.public().to_jwk());
    let mut text = format!("kid      {kid}\njwk      {jwk}");
    for (name, value) in [("agency ", &file.agency), ("officer", &file.officer), ("vkey   ", &vkey)] {
        if let Some(value) = value {
            let _ = write!(text, "\n{name}  {value}");
        }
    }
    let value = json!({
        "kid": kid, "jwk": jwk, "agency": file.agency, "officer": file.officer, "vkey": vkey,
        "private": file.signing_key().is_some(),
    });
    Ok(Answer::good(text, &value))
}

fn vkey(file: &KeyFile, origin: &str) -> Result<String> {
    let wrong = |error: sijill_log::LogError| Error::Usage(error.to_string());
    let name = KeyName::new(origin).map_err(wrong)?;
    let verifier = NoteVerifier::new(name, KeyKind::Log, file.public().as_bytes()).map_err(wrong)?;
    Ok(verifier.to_string())
}

fn proof(path: &Path, origin: &str, agency: Option<String>, officer: Option<String>) -> Result<Answer> {
    let file = KeyFile::read(path)?;
    let (Some(agency), Some(officer)) = (agency.or(file.agency.clone()), officer.or(file.officer.clone()))
    else {
        return Err(Error::Usage("whose key is it? give --agency and --officer".to_string()));
    };
    let Some(proof) = file.possession_proof(origin, &agency, &officer) else {
        return Err(Error::KeyPublicOnly(path.to_path_buf()));
    };
    let value = json!({
        "origin": origin, "agency": agency, "officer": officer, "key": file.public().to_jwk(), "proof": proof,
    });
    Ok(Answer::good(value.to_string(), &value))
}

//! `sijill registry`: what an agency's registrar keeps.

mod invite;

use std::path::PathBuf;

use sijill_domain::event::{
    KeyAdded, KeyCompromised, KeyRevoked, Name, OfficerEnrolled, OfficerKind, OfficerRemoved, Role, RolesSet,
    UnitOpened,
};
use sijill_domain::{OfficerId, Reason, UnitId};
use sijill_event::{Json, Kid, Stream, StreamKind, Timestamp};

use super::target::Opened;
use super::{Target, told, words};
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::gate::Desk;
use crate::new_event::NewEvent;

/// `sijill registry …`
#[derive(Debug, clap::Subcommand)]
#[expect(missing_docs, reason = "the flattened arguments have their own")]
pub enum Command {
    /// Open a unit: what cases, referrals and officers are addressed to
    Unit {
        #[command(flatten)]
        registrar: Registrar,
        /// Its id, for good
        unit: String,
        /// Its names, in Arabic and in English
        #[arg(long, required = true, num_args = 2, value_names = ["AR", "EN"])]
        name: Vec<String>,
    },
    /// Invite an officer to make a key in a browser, wait for it, and register it: also an agency's first registrar
    Invite(invite::Args),
    /// Enrol an officer or a system with its first key
    Enrol {
        #[command(flatten)]
        registrar: Registrar,
        /// What `sijill keys proof` wrote for the officer's key
        #[arg(long, value_name = "FILE")]
        proof: PathBuf,
        /// The unit it works in
        #[arg(long)]
        unit: String,
        /// What it may do
        #[arg(long, value_delimiter = ',', value_parser = words::roles())]
        roles: Vec<Role>,
        /// A system of the agency, which may sign on an officer's behalf
        #[arg(long)]
        service: bool,
    },
    /// Give an officer one more key
    AddKey {
        #[command(flatten)]
        registrar: Registrar,
        /// What `sijill keys proof` wrote for the new key
        #[arg(long, value_name = "FILE")]
        proof: PathBuf,
    },
    /// Revoke a key: it signs nothing any more
    Revoke {
        #[command(flatten)]
        registrar: Registrar,
        /// The key's id
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// Why: a word such as lost, replaced
        #[arg(long, required_unless_present = "compromised_since")]
        reason: Option<String>,
        /// It was in wrong hands: what it signed since then, RFC 3339, becomes disputed
        #[arg(long, value_name = "DATE-TIME", conflicts_with = "reason")]
        compromised_since: Option<String>,
    },
    /// Set all roles of an officer
    Roles {
        #[command(flatten)]
        registrar: Registrar,
        /// The officer
        officer: String,
        /// All its roles
        #[arg(long, value_delimiter = ',', value_parser = words::roles())]
        roles: Vec<Role>,
    },
    /// Remove an officer for good; its keys are revoked
    Remove {
        #[command(flatten)]
        registrar: Registrar,
        /// The officer
        officer: String,
        /// Why: a word such as left
        #[arg(long)]
        reason: String,
    },
}

/// Who signs, and in whose stream.
#[derive(Debug, Clone, clap::Args)]
pub struct Registrar {
    #[command(flatten)]
    target: Target,
    /// The agency whose stream it is, if not the signer's own
    #[arg(long)]
    agency: Option<String>,
}

/// Runs `sijill registry …`; `json` for what is said before the answer.
pub async fn run(command: Command, json: bool) -> Result<Answer> {
    match command {
        Command::Invite(args) => invite::run(args, json).await,
        Command::Unit { registrar, unit, name } => {
            let [ar, en] = name.as_slice() else {
                return Err(Error::Usage("--name takes the Arabic and the English name".to_string()));
            };
            let name =
                Name::new(ar, en).ok_or(Error::Usage("names are 1 to 200 characters each".to_string()))?;
            let data = UnitOpened { unit: unit_id(&unit)?, name }.data();
            registrar.append("unit opened", |_| Ok((UnitOpened::TYPE, data))).await
        }
        Command::Enrol { registrar, proof, unit, roles, service } => {
            let (unit, roles) = (unit_id(&unit)?, roles.into_iter().collect());
            let kind = if service { OfficerKind::Service } else { OfficerKind::Officer };
            registrar
                .append("enrolled", |desk| {
                    let file = desk.proof_file(&proof)?;
                    let officer = officer_id(&file.officer)?;
                    let enrolled =
                        OfficerEnrolled { officer, kind, unit, roles, key: file.key, proof: file.proof };
                    Ok((OfficerEnrolled::TYPE, enrolled.data()))
                })
                .await
        }
        Command::AddKey { registrar, proof } => {
            registrar
                .append("key added", |desk| {
                    let file = desk.proof_file(&proof)?;
                    let added =
                        KeyAdded { officer: officer_id(&file.officer)?, key: file.key, proof: file.proof };
                    Ok((KeyAdded::TYPE, added.data()))
                })
                .await
        }
        Command::Revoke { registrar, kid, reason, compromised_since } => {
            let (event_type, data) = revocation(&kid, reason.as_deref(), compromised_since.as_deref())?;
            registrar.append("key revoked", |_| Ok((event_type, data))).await
        }
        Command::Roles { registrar, officer, roles } => {
            let data = RolesSet { officer: officer_id(&officer)?, roles: roles.into_iter().collect() }.data();
            registrar.append("roles set", |_| Ok((RolesSet::TYPE, data))).await
        }
        Command::Remove { registrar, officer, reason } => {
            let data =
                OfficerRemoved { officer: officer_id(&officer)?, reason: read_reason(&reason)? }.data();
            registrar.append("officer removed", |_| Ok((OfficerRemoved::TYPE, data))).await
        }
    }
}

fn revocation(kid: &str, reason: Option<&str>, since: Option<&str>) -> Result<(&'static str, Json)> {
    let kid = Kid::parse(kid)
        .map_err(|_| Error::Usage(format!("`{kid}` is no key id: 43 characters of base64url")))?;
    match since {
        Some(text) => {
            let no_time = || Error::Usage(format!("`{text}` is no RFC 3339 date-time with offset"));
            let since = Timestamp::parse(text).ok_or_else(no_time)?;
            Ok((KeyCompromised::TYPE, KeyCompromised { kid, since }.data()))
        }
        None => Ok((
            KeyRevoked::TYPE,
            KeyRevoked { kid, reason: read_reason(reason.unwrap_or_default())? }.data(),
        )),
    }
}

/// The ledger and the agency a registrar's event is for.
struct Office {
    origin: String,
    agency: String,
}

impl Office {
    /// A proof of possession for an officer of this agency.
    fn proof_file(&self, path: &std::path::Path) -> Result<told::ProofFile> {
        let file = told::ProofFile::read(path, &self.origin)?;
        if file.agency == self.agency {
            return Ok(file);
        }
        Err(Error::malformed(path, format!("it is for agency {}, not for {}", file.agency, self.agency)))
    }
}

impl Registrar {
    async fn office(&self, opened: &Opened) -> Result<Office> {
        let agency = self.agency.clone().unwrap_or(opened.author.agency.clone());
        Ok(Office { origin: opened.gate.origin().await?, agency })
    }

    async fn append(
        &self,
        what: &str,
        event: impl FnOnce(&Office) -> Result<(&'static str, Json)>,
    ) -> Result<Answer> {
        let opened = self.target.open().await?;
        let told = self.append_to(&opened, what, event).await;
        opened.close().await;
        told
    }

    async fn append_to(
        &self,
        opened: &Opened,
        what: &str,
        event: impl FnOnce(&Office) -> Result<(&'static str, Json)>,
    ) -> Result<Answer> {
        let office = self.office(opened).await?;
        let stream = Stream::new(StreamKind::Agency, &office.agency);
        let stream = stream.ok_or_else(|| Error::Usage(format!("`{}` is no agency id", office.agency)))?;
        let (event_type, data) = event(&office)?;
        let event = NewEvent::registry(stream, event_type, data);
        let mut desk = Desk::new(&opened.gate, &opened.author, opened.log_key.clone()).await?;
        told::answer(desk.append(&event, false).await?, what)
    }
}

fn unit_id(text: &str) -> Result<UnitId> {
    UnitId::parse(text)
        .ok_or_else(|| Error::Usage(format!("`{text}` is no unit id: a-z, 0-9 and -, at most 32")))
}

fn officer_id(text: &str) -> Result<OfficerId> {
    OfficerId::parse(text).ok_or_else(|| {
        Error::Usage(format!("`{text}` is no officer id: a-z, 0-9 and . _ -, at most 64; never a name"))
    })
}

fn read_reason(text: &str) -> Result<Reason> {
    Reason::parse(text)
        .ok_or_else(|| Error::Usage(format!("`{text}` is no reason: one word of a-z, 0-9 and _")))
}

//! Notices by e-mail: that something waits for a unit, and the number of the case; nothing else leaves the ledger this way.
//!
//! A mail is a nudge, the queue is what counts: a mail that the relay does not take is tried again a few times and then
//! left, and what happened while no server ran is not mailed later. Of several servers of one ledger, one is to mail.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, SinglePart};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use sijill_casework::Address;
use sijill_event::{Entry, Event, Json, StreamKind};
use sijill_ledger::Ledger;

use crate::text::texts;

texts! {
    SUBJECT: "حالة بانتظار وحدتكم", "A case waits for your unit";
    BODY: "استجدّ في قائمة عمل وحدتكم ({unit}) ما يحتاج إليكم.", "There is news in the queue of your unit ({unit}).";
    CASE: "رقم الحالة: {case}", "Case: {case}";
    NOT_HERE: "لا تُذكر التفاصيل بالبريد. سجّل الدخول لتراها:", "Mail says no more. Sign in to see it:";
}

/// What a unit is told of by mail: who asks it for something, reminds it, or has to tell it.
const TOLD: &[&str] = &[
    "case.transfer_requested",
    "deadline.breached",
    "escalation.raised",
    "notice.given",
    "referral.breached",
    "referral.redirected",
    "referral.requested",
    "reminder.sent",
];
/// Times a mail is tried, and how long after the first failure; twice as long after each further one.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(2);
/// Entries read at once.
const PAGE: u32 = 1_000;

/// Why mail cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The relay's address is none.
    #[error("the mail relay must be `smtps://user:password@host` or `smtp://host:port?tls=required`: {0}")]
    Relay(String),
    /// A mailbox is none. Says whose.
    #[error("the mailbox of {0} is no e-mail address")]
    Mailbox(String),
    /// A unit is none.
    #[error("`{0}` is no unit: write `agency/unit`")]
    Unit(String),
}

impl MailError {
    /// Stable and kebab-case.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Relay(_) => "mail-relay",
            Self::Mailbox(_) => "mail-mailbox",
            Self::Unit(_) => "mail-unit",
        }
    }
}

/// Who is mailed, by whom, through what.
pub struct Mail {
    relay: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    boxes: BTreeMap<Address, Mailbox>,
    /// Where the pages are, without a slash at the end.
    site: String,
}

impl Mail {
    /// Through the relay at this URL, from this address, to these units' (`agency/unit`) mailboxes, about pages at `site`.
    ///
    /// # Errors
    /// `mail-relay`, `mail-mailbox`, `mail-unit`.
    pub fn new(
        relay: &str,
        from: &str,
        boxes: &BTreeMap<String, String>,
        site: &str,
    ) -> Result<Self, MailError> {
        let mailbox = |whose: &str, text: &str| {
            text.parse::<Mailbox>().map_err(|_| MailError::Mailbox(whose.to_owned()))
        };
        let boxes = boxes.iter().map(|(unit, text)| {
            let address = Address::parse(unit).ok_or_else(|| MailError::Unit(unit.clone()))?;
            Ok((address, mailbox(unit, text)?))
        });
        // What the URL holds is not repeated: there may be a password in it.
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(relay)
            .map_err(|_| MailError::Relay("it is no such URL".to_owned()))?;
        Ok(Self {
            relay: transport.build(),
            from: mailbox("the sender", from)?,
            boxes: boxes.collect::<Result<_, MailError>>()?,
            site: site.trim_end_matches('/').to_owned(),
        })
    }

    /// Follows the ledger from now on and mails, until it is aborted. Never fails: what goes wrong is in the log.
    pub async fn follow(self, ledger: Ledger) {
        let mut published = ledger.watch();
        let mut from = published.borrow_and_update().checkpoint.size;
        while published.changed().await.is_ok() {
            let size = published.borrow_and_update().checkpoint.size;
            let mut news = BTreeSet::new();
            while from < size {
                let Ok(page) = ledger.entries(from, PAGE).await else { break };
                let Some((last, _)) = page.last() else { break };
                from = last + 1;
                let entries = page.iter().filter_map(|(_, text)| Entry::parse(text.as_bytes()).ok());
                news.extend(entries.filter_map(|entry| told(&entry.event)));
            }
            for (unit, case) in news {
                self.send(&unit, &case).await;
            }
        }
    }

    async fn send(&self, unit: &Address, case: &str) {
        let Some(to) = self.boxes.get(unit) else { return };
        let Some(message) = self.message(to, unit, case) else {
            tracing::error!("a notice by mail could not be written");
            return;
        };
        let mut pause = PAUSE;
        for left in (0..TRIES).rev() {
            match self.relay.send(message.clone()).await {
                Ok(_) => return,
                // The relay's own words may repeat an address.
                Err(error) if error.is_permanent() || left == 0 => {
                    tracing::warn!(permanent = error.is_permanent(), "the mail relay took no notice");
                    return;
                }
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
    }

    fn message(&self, to: &Mailbox, unit: &Address, case: &str) -> Option<Message> {
        let link = format!("{}/desk/cases/{case}", self.site);
        let said = |text: &str| text.replace("{unit}", &unit.to_string()).replace("{case}", case);
        let part = |lines: [&str; 3]| {
            format!("{}\r\n{}\r\n\r\n{}\r\n{link}\r\n", said(lines[0]), said(lines[1]), lines[2])
        };
        let text = [part([BODY.ar, CASE.ar, NOT_HERE.ar]), part([BODY.en, CASE.en, NOT_HERE.en])]
            .join("\r\n——\r\n\r\n");
        let body = Body::new_with_encoding(text, ContentTransferEncoding::Base64).ok()?;
        // RFC 3834: nobody's holiday answer is to come back.
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        Message::builder()
            .from(self.from.clone())
            .to(to.clone())
            .subject(format!("{} · {}", SUBJECT.ar, SUBJECT.en))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(body))
            .ok()
    }
}

/// The unit that an event is news to, and the case; `None` if it is nobody's by mail.
fn told(event: &Event) -> Option<(Address, String)> {
    if !TOLD.contains(&event.event_type.as_str()) {
        return None;
    }
    if !matches!(event.stream.kind(), StreamKind::Case | StreamKind::Auto) {
        return None;
    }
    let unit = event.data.get("to").or_else(|| event.data.get("owes"))?;
    let part = |name: &str| unit.get(name).and_then(Json::as_str);
    let unit = Address::parse(&format!("{}/{}", part("agency")?, part("unit")?))?;
    Some((unit, event.stream.id()?.to_owned()))
}

//! Figures that everybody may know, put on the ledger when a month is over: once, and for ever.

use sijill_domain::event::FiguresPublished;
use sijill_event::SigningKey;
use sijill_projections::engine::{Base, Projector};
use sijill_projections::figure::{Ask, Dimension, Filter, Reader};
use sijill_projections::indicators;
use sijill_projections::publication::{Counted, Tally};
use uuid::Uuid;

use crate::attesting::{AttestError, LogStream, built};
use crate::ledger::{Ledger, Receipt};
use crate::state::parse;

/// By what the facts of a month are told apart before they are counted.
const BY: [Dimension; 5] =
    [Dimension::Kind, Dimension::Band, Dimension::Agency, Dimension::Governorate, Dimension::Month];

/// Appends the figures of every month since the ledger began that has been over for `grace_ms` and was not published yet, in
/// their order, signed by the ledger's service `log`. `jti`: the idempotency key of a month's publication.
///
/// What is published of a month is published once. Whoever else publishes at the same time is refused by the place in the stream.
///
/// # Errors
/// [`AttestError`]: of the months that were not answered with, nothing was appended, but for `unavailable`, where nobody knows.
pub async fn publish(
    ledger: &Ledger,
    base: &dyn Base,
    key: &SigningKey,
    grace_ms: u64,
    jti: &(dyn Fn(u64) -> Uuid + Sync),
) -> Result<Vec<(FiguresPublished, Receipt)>, AttestError> {
    let mut published = Vec::new();
    let Some(mut first) = first_month(ledger).await? else { return Ok(published) };
    loop {
        // The place first: what others publish from here on takes it away.
        let place = LogStream::next(ledger).await?;
        let stated = ledger.stated().await?;
        let month = stated.publications().last().map_or(first, |(_, said)| after(said.month));
        let ends = FiguresPublished { month, size: 1, version: 1, figures: Vec::new(), stocks: Vec::new() }
            .ends_ms();
        let due = ends.is_some_and(|ends| ends.saturating_add(grace_ms) <= ledger.now_ms());
        let Some(size) = place.size().filter(|_| due) else { return Ok(published) };
        let tally = tally(ledger, base, month, size).await?;
        if stated.publications().is_empty() && tally.is_empty() {
            // Before the first thing happened there is nothing to publish.
            first = after(month);
            continue;
        }
        let said = tally.publish(size, stated.past());
        let receipt = place.append(ledger, key, FiguresPublished::TYPE, &said.data(), jti(month)).await?;
        published.push((said, receipt));
    }
}

/// What is counted of a month in the log of `size` entries.
async fn tally(ledger: &Ledger, base: &dyn Base, month: u64, size: u64) -> Result<Tally, AttestError> {
    let log = ledger.following();
    let projector = Projector { base, log: &log };
    built(&projector).await?;
    let reader = Reader { base };
    while reader.position().await? < size {
        projector.follow().await?;
    }
    let codes = Tally::indicators();
    let ask = Ask { indicators: &codes, by: &BY, filter: Filter::default() };
    let found = reader.figures(&ask, Some(size)).await?;
    let mut tally = Tally::of(month);
    for figure in &found.figures {
        let [kind, band, agency, governorate, of] = figure.by.as_slice() else { continue };
        let month = of.parse().unwrap_or(0);
        let indicator = figure.indicator;
        tally.add(&Counted { indicator, kind, band, agency, governorate, month, n: figure.n });
    }
    Ok(tally)
}

/// The month that the ledger began in.
async fn first_month(ledger: &Ledger) -> Result<Option<u64>, AttestError> {
    let Some((index, text)) = ledger.entries(0, 1).await?.pop() else { return Ok(None) };
    let received = i64::try_from(parse(index, &text)?.received).unwrap_or(i64::MAX);
    Ok(u64::try_from(indicators::month(received)).ok().filter(|month| *month > 0))
}

/// The month after: January follows December.
fn after(month: u64) -> u64 {
    if month % 100 == 12 { month + 89 } else { month + 1 }
}

//! `/desk/oversight/events`: what a figure counts, event by event, each with its proof.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;
use sijill_domain::event::Role;
use sijill_event::StreamKind;
use sijill_projections::ProjectionError;
use sijill_projections::figure::{CountedFact, Dimension, Filter, Reader};
use sijill_projections::indicators::catalogue::{Band, Indicator, Kind, indicator};

use super::draw::definition;
use super::label::Labels;
use super::scope;
use super::{ask, known, unavailable};
use crate::desk::Office;
use crate::page::case::Known as KnownCase;
use crate::page::word;
use crate::part::page::Page;
use crate::part::state;
use crate::text::texts;
use crate::{DeskError, Session, Text, View};

texts! {
    TITLE: "الأحداث المحسوبة", "The events it counts";
    BACK: "لوحات المتابعة", "Dashboards";
    ENTRY: "القيد", "Entry";
    WHEN: "وقت القيد", "When";
    SUBJECT: "الحالة أو الاتصال", "Case or contact";
    KIND: "النوع", "Kind";
    BAND: "الفئة", "Band";
    AGENCY: "الجهة والوحدة", "Agency and unit";
    GOVERNORATE: "المحافظة", "Governorate";
    TOOK: "المدة", "Time";
    SINCE: "منذ القيد {entry}", "since entry {entry}";
    PROOF: "إثبات القيد {entry}", "Proof of entry {entry}";
    NOT_YOURS: "ليست مما يمكنك فتحه", "Not yours to open";
    NOTHING: "لا أحداث هنا", "No events here";
    NOTHING_NOTE: "لم يُحسب في هذا الرقم أي حدث.", "This figure counts no event.";
    BEFORE: "السابق", "Back";
    MORE: "التالي", "Next";
}

/// Events of a page.
const PAGE: u64 = 25;

/// Which events: of an indicator, with these values.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    indicator: String,
    kind: Option<String>,
    band: Option<String>,
    agency: Option<String>,
    unit: Option<String>,
    governorate: Option<String>,
    from: Option<i64>,
    to: Option<i64>,
    /// At this size of the log.
    at: Option<u64>,
    /// Behind so many.
    #[serde(default)]
    skip: u64,
}

/// `GET /desk/oversight/events?indicator=…`
pub(crate) async fn events(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Markup, DeskError> {
    let scope = scope::of(&office.desk.ledger.registry(), &session)?;
    let Query(asked) = query.map_err(|_| DeskError::Body)?;
    let of = indicator(&asked.indicator).ok_or(DeskError::NotFound)?;
    let base = office.desk.read_models.as_deref().ok_or(DeskError::Unavailable)?;
    let filter = Filter {
        kind: asked.kind,
        band: asked.band,
        agency: asked.agency,
        unit: asked.unit,
        governorate: asked.governorate,
        from: asked.from,
        to: asked.to,
    };
    let filter = scope.within(filter).ok_or(DeskError::NotYours)?;
    let read = Reader { base }.facts(of.code, &filter, asked.at, (asked.skip, PAGE + 1)).await;
    let (size, mut facts) = match read {
        Ok(read) => read,
        Err(ProjectionError::Ahead { .. } | ProjectionError::NotBuilt(_)) => return Err(DeskError::NotFound),
        Err(error) => return Err(unavailable(&error)),
    };
    let more = facts.len() as u64 > PAGE;
    facts.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let mut rows = Vec::new();
    for fact in &facts {
        rows.push((fact, page_of(&office, &session, &fact.subject).await));
    }
    let known = known(&office.desk.ledger, size).await?;
    let world = office.desk.ledger.world();
    let book = world.book();
    let audits = session.may(Role::Auditor);
    let list = List { of, labels: Labels { view: &view, world: &world, book: &book }, audits };
    let path = ask::events(of.code, &filter, size);
    let page = |skip: u64| if skip == 0 { path.clone() } else { format!("{path}&skip={skip}") };
    Ok(Page::new(&view, view.t(TITLE)).of(&session).style("chart.css").with(&html! {
        a.back href="/desk/oversight" { (view.t(BACK)) }
        h1 { (view.t(TITLE)) ": " (view.t(Text { ar: of.title[0], en: of.title[1] })) }
        p { (view.t(definition(of))) }
        (list.narrowed(&filter))
        @if rows.is_empty() { (state::nothing(&view, NOTHING, NOTHING_NOTE, None)) } @else { (list.table(&rows)) }
        p.chart__foot.small.quiet { (known.say(&view)) }
        div.row {
            @if asked.skip > 0 { a.button.button--second href=(page(asked.skip.saturating_sub(PAGE))) { (view.t(BEFORE)) } }
            @if more { a.button.button--second href=(page(asked.skip.saturating_add(PAGE))) { (view.t(MORE)) } }
        }
    }))
}

/// The page of a case or contact, if the reader may know of it.
pub(crate) async fn page_of(office: &Office, session: &Session, subject: &str) -> Option<String> {
    for kind in [StreamKind::Case, StreamKind::Contact] {
        if let Ok(known) = KnownCase::find(office, session, kind, subject).await {
            return Some(known.page());
        }
    }
    None
}

struct List<'a> {
    of: &'static Indicator,
    labels: Labels<'a>,
    /// Whether the reader is shown proofs in words.
    audits: bool,
}

impl List<'_> {
    /// What the events have in common.
    fn narrowed(&self, filter: &Filter) -> Markup {
        let Labels { view, .. } = self.labels;
        let value =
            |by, value: &Option<String>| value.as_deref().map(|value| self.labels.value(self.of, by, value));
        let months =
            [filter.from, filter.to].map(|month| month.map(|month| self.labels.month(&month.to_string())));
        let months = match months {
            [Some(from), Some(to)] if from == to => Some(from),
            [None, None] => None,
            [from, to] => Some([from.unwrap_or_default(), to.unwrap_or_default()].join(" – ")),
        };
        let all = [
            (KIND, value(Dimension::Kind, &filter.kind)),
            (BAND, value(Dimension::Band, &filter.band)),
            (AGENCY, value(Dimension::Agency, &filter.agency)),
            (GOVERNORATE, value(Dimension::Governorate, &filter.governorate)),
            (WHEN, months),
        ];
        let all: Vec<_> = all.into_iter().filter_map(|(label, value)| Some((label, value?))).collect();
        html! {
            @if !all.is_empty() {
                dl.facts { @for (label, value) in &all { div { dt { (view.t(*label)) } dd { (value) } } } }
            }
        }
    }

    fn table(&self, rows: &[(&CountedFact, Option<String>)]) -> Markup {
        let view = self.labels.view;
        let measured = matches!(self.of.band, Band::Duration | Band::Share);
        let heads = [ENTRY, WHEN, SUBJECT, KIND, AGENCY, GOVERNORATE];
        html! {
            div.table-wrap tabindex="0" role="group" aria-label=(view.t(TITLE)) {
                table.figures {
                    caption.visually-hidden { (view.t(TITLE)) }
                    thead {
                        tr {
                            @for head in heads.iter().filter(|head| **head != KIND || self.of.kind != Kind::None) { th scope="col" { (view.t(*head)) } }
                            @if self.of.band != Band::None { th scope="col" { (view.t(BAND)) } }
                            @if measured { th scope="col" { (view.t(TOOK)) } }
                        }
                    }
                    tbody { @for (fact, page) in rows { (self.row(fact, page.as_deref(), measured)) } }
                }
            }
        }
    }

    fn row(&self, fact: &CountedFact, page: Option<&str>, measured: bool) -> Markup {
        let view = self.labels.view;
        let value = |by, value: &str| self.labels.value(self.of, by, value);
        let entry = view.number(fact.entry);
        let proof = PROOF.fill(view.lang, &[("entry", &entry)]);
        let way = page.map(|page| {
            if self.audits {
                format!("/desk/audit/event?entry={}", fact.entry)
            } else {
                format!("{page}/proof/{}", fact.entry)
            }
        });
        html! {
            tr {
                th scope="row" {
                    @if let Some(way) = way { a href=(way) aria-label=(proof) { (entry) } } @else { (entry) }
                }
                td { (view.time(fact.at_ms)) }
                // Who may not know of the case is not told which it is.
                td { @if let Some(page) = page { a href=(page) { (word::short(&fact.subject)) } } @else { (view.t(NOT_YOURS)) } }
                @if self.of.kind != Kind::None { td { (value(Dimension::Kind, &fact.kind)) } }
                td { (self.labels.unit(&fact.agency, &fact.unit)) }
                td { (value(Dimension::Governorate, &fact.governorate)) }
                @if self.of.band != Band::None { td { (value(Dimension::Band, &fact.band)) } }
                @if measured {
                    td {
                        (view.span(u64::try_from(fact.value).unwrap_or(0)))
                        @if let Some(begun) = fact.begun { " " span.quiet.small { (SINCE.fill(view.lang, &[("entry", &view.number(begun))])) } }
                    }
                }
            }
        }
    }
}

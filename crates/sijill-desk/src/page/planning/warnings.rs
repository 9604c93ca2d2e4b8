//! The list of early warnings: each with its rule, its sentence and the entries it rests on; what was reviewed; how the rules did.

use std::collections::BTreeSet;

use maud::{Markup, html};
use sijill_casework::Address;
use sijill_casework::catalogue::WarningReviewed;
use sijill_domain::{AgencyId, UnitId};
use sijill_event::{Digest, StreamKind};
use sijill_projections::query::Sight;
use sijill_projections::signs::{CONTACT, MISSED};
use sijill_projections::warning::{Precision, RULES, Reader, Review, Sign, Warning};

use super::{Stop, known, review};
use crate::desk::Office;
use crate::page::case::{self, Known};
use crate::page::{queue, word};
use crate::part::state;
use crate::say::Id;
use crate::text::texts;
use crate::{Session, Text, View};

texts! {
    TITLE: "إنذارات مبكرة", "Early warnings";
    NONE: "لا إنذارات", "No warnings";
    NONE_NOTE: "لا شيء في الحالات المفتوحة التي تسأل عنها وحدتك يدعو إلى النظر الآن، بحسب القواعد أدناه.", "By the rules below, nothing in the open cases that your unit answers for asks to be looked at now.";
    CASE: "الحالة {case}", "Case {case}";
    RESTS_ON: "يستند إلى:", "It rests on:";
    ENTRY: "القيد {entry}", "Entry {entry}";
    REVIEW: "مراجعة الإنذار", "Review the warning";
    REVIEWED: "إنذارات رُوجعت", "Warnings that were reviewed";
    REVIEWED_BY: "راجعه {who} في {when}: {outcome}. السبب: {reason}.", "Reviewed by {who} on {when}: {outcome}. Reason: {reason}.";
    RULES_TITLE: "القواعد وكم أصابت", "The rules, and how often they were right";
    RULES_NOTE: "تُحسب الإنذارات التي راجعها موظفو جهتك، وللمدقق كل الجهات. وقاعدة يكثر خطؤها تُعدَّل بنسخة جديدة.", "Counted are the warnings that officers of your agency reviewed; for auditors, of all agencies. A rule that is often wrong is changed, as a new version.";
    RULE: "القاعدة", "Rule";
    VERSION: "النسخة", "Version";
    COUNTED: "رُوجع", "Reviewed";
    ACTED: "اتُّخذ إجراء", "Acted on";
    NO_ACTION: "دون إجراء", "No action";
    WRONG: "خاطئ", "Wrong";
    ONLY_FIRST: "تُعرض أول {n}.", "The first {n} are shown.";
}

/// Warnings on a page.
const MOST: usize = 60;

/// The list, with what stands around it.
pub(super) async fn list(
    office: &Office,
    reader: Reader<'_>,
    view: &View,
    session: &Session,
    sight: &Sight,
) -> Result<Markup, Stop> {
    let standing = reader.standing().await?;
    let size = standing.position.min(office.desk.ledger.published().checkpoint.size);
    let now = known(office, size).await?;
    let warnings = reader.warnings(&standing, size, now.at, sight, &[]).await?;
    let precision = reader.precision(&standing, size, sight).await?;
    let (mut open, mut reviewed, mut more) = (Vec::new(), Vec::new(), false);
    for warning in warnings {
        let list = if warning.review.is_some() { &mut reviewed } else { &mut open };
        if list.len() == MOST {
            more = true;
            continue;
        }
        // The models may lag behind a restriction or a review: the case itself says who may know of it, and what was signed.
        let Some(known) = told(office, session, &warning).await else { continue };
        if warning.review.is_some() || !is_reviewed(&known, &warning) {
            list.push((warning, known));
        }
    }
    let list = List { view, office };
    Ok(html! {
        section aria-labelledby="warnings" {
            h2 #warnings { (view.t(TITLE)) }
            @if open.is_empty() {
                (state::nothing(view, NONE, NONE_NOTE, None))
            } @else {
                @if more { p.quiet { (ONLY_FIRST.fill(view.lang, &[("n", &view.number(MOST as u64))])) } }
                ul.cards { @for (warning, known) in &open { (list.card(warning, known)) } }
            }
            @if !reviewed.is_empty() {
                details.more {
                    summary { (view.t(REVIEWED)) }
                    ul.cards { @for (warning, known) in &reviewed { (list.card(warning, known)) } }
                }
            }
            (rules(view, &precision))
            p.chart__foot.small.quiet { (now.say(view)) }
        }
    })
}

/// The case of a warning, if the reader may know of it and of everything else that the warning tells of.
pub(super) async fn told(office: &Office, session: &Session, warning: &Warning) -> Option<Known> {
    let known = Known::find(office, session, StreamKind::Case, &warning.case.id).await.ok()?;
    for other in &warning.others {
        let is_contact = warning.rests_on.iter().any(|sign| sign.kind == CONTACT && sign.subject == *other);
        let kind = if is_contact { StreamKind::Contact } else { StreamKind::Case };
        Known::find(office, session, kind, other).await.ok()?;
    }
    Some(known)
}

/// Whether somebody has reviewed it, by what is signed in the case.
pub(super) fn is_reviewed(known: &Known, warning: &Warning) -> bool {
    let events: BTreeSet<Digest> =
        warning.events().iter().filter_map(|event| Digest::parse(event).ok()).collect();
    let reviewed = (warning.rule.id.to_owned(), u64::from(warning.rule.version), events);
    known.file.case.as_ref().is_some_and(|case| case.warnings.contains(&reviewed))
}

struct List<'a> {
    view: &'a View,
    office: &'a Office,
}

impl List<'_> {
    fn card(&self, warning: &Warning, known: &Known) -> Markup {
        let view = self.view;
        let world = self.office.desk.ledger.world();
        let link = html! { a href=(known.page()) { (word::short(&warning.case.id)) } };
        html! {
            li.card {
                h3 { (view.t(text(warning.rule.title))) " · " (CASE.fill(view.lang, &[("case", &link)])) }
                p { (queue::risk(view, &world.book(), &warning.case.risk)) " " (owner(view, known, warning)) }
                p { (said(view, warning)) }
                (self.grounds(warning))
                @match &warning.review {
                    Some(of) => p { (self.reviewed(of, known)) },
                    None => @if review::may(known) {
                        div.row { a.button.button--second href=(review::path(warning)) { (view.t(REVIEW)) } }
                    }
                }
            }
        }
    }

    fn grounds(&self, warning: &Warning) -> Markup {
        let view = self.view;
        let ground = |sign: &Sign| {
            let entry = ENTRY.fill(view.lang, &[("entry", &view.number(sign.entry))]);
            let kind = if sign.kind == CONTACT { StreamKind::Contact } else { StreamKind::Case };
            let proof = format!("{}/proof/{}", case::path(kind, &sign.subject), sign.entry);
            html! { a href=(proof) { (entry) } " · " (view.t(what(sign))) " · " (view.time(sign.at_ms)) }
        };
        html! {
            p.quiet { (view.t(RESTS_ON)) }
            ul { @for sign in &warning.rests_on { li { (ground(sign)) } } }
        }
    }

    fn reviewed(&self, review: &Review, known: &Known) -> Markup {
        let view = self.view;
        let of = |field: &str, said: &str| {
            let kind = WarningReviewed::SPEC.field(field).map(|field| field.kind);
            kind.and_then(|kind| word::word(kind, said)).map_or("", |text| view.t(text))
        };
        let who = html! { (word::agency(view, known.world.registry(), &review.agency)) " · " (Id(&review.officer)) };
        REVIEWED_BY.fill(
            view.lang,
            &[
                ("who", &who),
                ("when", &view.time(review.at_ms)),
                ("outcome", &of("outcome", &review.outcome)),
                ("reason", &of("reason", &review.reason)),
            ],
        )
    }
}

/// What a warning says.
pub(super) fn said(view: &View, warning: &Warning) -> String {
    let [ar, en] = &warning.said;
    view.figures(if view.lang == crate::Lang::Ar { ar } else { en }).into_owned()
}

/// A rule's text.
pub(super) fn text([ar, en]: [&'static str; 2]) -> Text {
    Text { ar, en }
}

fn owner(view: &View, known: &Known, warning: &Warning) -> Markup {
    let (agency, unit) = (AgencyId::parse(&warning.case.agency), UnitId::parse(&warning.case.unit));
    let address = agency.zip(unit).map(|(agency, unit)| Address { agency, unit });
    address.map_or_else(|| html! {}, |address| word::address(view, known.world.registry(), &address))
}

/// What an event was that a warning rests on.
fn what(sign: &Sign) -> Text {
    word::event_type(match sign.kind.as_str() {
        CONTACT => "contact.linked",
        MISSED => "deadline.breached",
        sijill_projections::signs::LINKED => "case.linked",
        sijill_projections::signs::ASSIGNED => "case.assigned",
        sijill_projections::signs::CLOSED => "case.closed",
        sijill_projections::signs::REOPENED => "case.reopened",
        _ => "case.opened",
    })
}

fn rules(view: &View, precision: &[Precision]) -> Markup {
    let of = |rule: &sijill_projections::warning::Rule, outcome: &str| {
        let own = precision.iter().find(|own| own.rule == rule.id && own.version == u64::from(rule.version));
        own.map_or(0, |own| own.outcomes.get(outcome).copied().unwrap_or(0))
    };
    let outcomes = ["acted", "no_action", "wrong"];
    let head = [RULE, VERSION, COUNTED, ACTED, NO_ACTION, WRONG];
    html! {
        h3 #rules { (view.t(RULES_TITLE)) }
        p { (view.t(RULES_NOTE)) }
        div.table-wrap tabindex="0" role="group" aria-label=(view.t(RULES_TITLE)) {
            table.figures {
                caption.visually-hidden { (view.t(RULES_TITLE)) }
                thead { tr { @for name in head { th scope="col" { (view.t(name)) } } } }
                tbody {
                    @for rule in &RULES {
                        @let counts = outcomes.map(|outcome| of(rule, outcome));
                        tr data-rule=(rule.id) {
                            th scope="row" { (view.t(text(rule.title))) }
                            td { (view.number(rule.version.into())) }
                            td { (view.number(counts.iter().sum())) }
                            @for count in counts { td { (view.number(count)) } }
                        }
                    }
                }
            }
        }
        details.more {
            summary { (view.t(super::forecast::DEFINITIONS)) }
            dl { @for rule in &RULES { dt { (view.t(text(rule.title))) } dd { (view.t(text(rule.definition))) } } }
        }
    }
}

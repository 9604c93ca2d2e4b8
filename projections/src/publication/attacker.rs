//! Somebody who is shown everything that is published, knows the rule, and calculates.
//!
//! Twice. Once with everything that a month's table can be, laid side by side: whoever knows the rule knows that it is one of those
//! that look like this. And once with the publications of several months of a made-up country, as a system of linear
//! equations and inequalities in whole numbers: sums of tables, parts of figures, open cases from month to month.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sijill_domain::event::{CellValue, FiguresPublished, PublishedCell};

use super::shown::{LEAST, Past};
use super::{Counted, PUBLICATIONS, Tally, publication};

/// Every number that something small can be.
const SMALL: std::ops::Range<u64> = 1..LEAST;

// --- Everything that a table can be ---

/// What is published of governorates, of so many contacts of one month.
fn table(cells: &[u64], complement: bool) -> (Option<u64>, Option<Vec<PublishedCell>>) {
    let mut tally = Tally::of(202_601);
    let names = ["a", "b", "c", "d"];
    for (n, governorate) in cells.iter().zip(names).filter(|(n, _)| **n > 0) {
        let fact = Counted {
            indicator: "contacts",
            kind: "",
            band: "",
            agency: "",
            governorate,
            month: 202_601,
            n: *n,
        };
        tally.add(&fact);
    }
    let said = tally.publish_with(1, &Past::default(), complement);
    let figure = said.figures.iter().find(|figure| figure.indicator.as_str() == "contacts");
    let Some(figure) = figure else { return (Some(0), Some(Vec::new())) };
    let table = figure.tables.iter().find(|table| table.by.as_str() == "governorate");
    (figure.total, table.and_then(|table| table.cells.clone()))
}

/// All tables of four values of these sums.
fn all_tables(sums: std::ops::RangeInclusive<u64>) -> impl Iterator<Item = [u64; 4]> {
    sums.flat_map(|sum| {
        (0..=sum).flat_map(move |a| {
            (0..=sum - a).flat_map(move |b| (0..=sum - a - b).map(move |c| [a, b, c, sum - a - b - c]))
        })
    })
}

/// The smallest number of values, from 1 to 4, that a hidden small cell can have; by whether others of its table are shown.
fn freedom(complement: bool) -> (usize, usize) {
    let mut alike: BTreeMap<String, Vec<[u64; 4]>> = BTreeMap::new();
    for cells in all_tables(1..=26) {
        alike.entry(format!("{:?}", table(&cells, complement))).or_default().push(cells);
    }
    let (mut beside, mut alone) = (usize::MAX, usize::MAX);
    for tables in alike.values() {
        let (total, shown) = table(&tables[0], complement);
        for place in 0..4 {
            let name = ["a", "b", "c", "d"][place];
            let known = shown.as_ref().is_some_and(|cells| {
                cells.iter().all(|cell| cell.value.as_str() != name || cell.n.is_some())
            });
            let values: BTreeSet<u64> = tables.iter().map(|cells| cells[place]).collect();
            let small = values.iter().filter(|n| SMALL.contains(n)).count();
            if known || small == 0 {
                continue;
            }
            let freedom = if total.is_some() && shown.is_some() { &mut beside } else { &mut alone };
            *freedom = (*freedom).min(if values.len() == small { small } else { small.max(2) });
        }
    }
    (beside, alone)
}

#[test]
fn whoever_knows_the_rule_finds_every_small_number_possible() {
    let (beside, alone) = freedom(true);
    assert_eq!(beside, 4, "in a table that is shown, a small number can be any from 1 to 4");
    assert!(alone >= 2, "and in one that is not, no number follows: {alone}");
}

#[test]
fn hiding_small_numbers_alone_hides_nothing() {
    assert_eq!(freedom(false).0, 1, "one hidden number is the rest of the sum");
}

// --- A country, month by month ---

/// A variable of the system, and what is known of it: the least and the most.
type Bounds = BTreeMap<String, (i64, i64)>;

const MOST: i64 = 1 << 40;

/// Σ factor × variable lies between these.
struct Equation {
    terms: Vec<(i64, String)>,
    least: i64,
    most: i64,
}

#[derive(Default)]
struct Attacker {
    known: Bounds,
    past: Past,
    equations: Vec<Equation>,
}

impl Attacker {
    fn know(&mut self, name: &str, least: u64, most: i64) {
        let least = i64::try_from(least).expect("small");
        self.known.insert(name.to_owned(), (least, most));
    }

    fn equal(&mut self, terms: Vec<(i64, String)>, least: i64, most: i64) {
        for (_, name) in &terms {
            self.known.entry(name.clone()).or_insert((0, MOST));
        }
        self.equations.push(Equation { terms, least, most });
    }

    /// Reads a publication: everything that it says, and what is bound by definition.
    fn read(&mut self, said: &FiguresPublished) {
        let month = said.month;
        for of in &PUBLICATIONS {
            let figure = said.figures.iter().find(|figure| figure.indicator.as_str() == of.code);
            let total = format!("{month} {}", of.code);
            match figure.map(|figure| figure.total) {
                None => self.know(&total, 0, 0),
                Some(Some(n)) => self.know(&total, n, i64::try_from(n).expect("small")),
                Some(None) => {
                    let come = of
                        .out_of
                        .map(|code| said.figures.iter().find(|figure| figure.indicator.as_str() == code));
                    let come = come.map(|come| come.map_or(0, |figure| figure.total.unwrap_or(1)));
                    let none_is_told = come.is_none_or(|come| self.past.covers(come, 0));
                    self.know(&total, u64::from(none_is_told), MOST);
                }
            }
            for table in figure.iter().flat_map(|figure| &figure.tables) {
                let Some(cells) = &table.cells else { continue };
                let mut sum = vec![(-1, total.clone())];
                for cell in cells {
                    let name = format!("{total} {} {}", table.by, cell.value.as_str());
                    match cell.n {
                        Some(n) => self.know(&name, n, i64::try_from(n).expect("small")),
                        None => self.know(&name, 1, MOST),
                    }
                    sum.push((1, name));
                }
                self.equal(sum, 0, 0);
            }
            if let Some(whole) = of.part_of {
                self.equal(vec![(1, format!("{month} {whole}")), (-1, total)], 0, MOST);
            }
        }
        self.answered(said);
        self.stocks(said);
        self.past.take(said);
    }

    /// Whatever was completed, rejected or failed was answered first.
    fn answered(&mut self, said: &FiguresPublished) {
        let ended = format!("{} referrals-ended", said.month);
        let table = said.figures.iter().find(|figure| figure.indicator.as_str() == "referrals-ended");
        let cells = table.and_then(|figure| figure.tables.first()?.cells.as_ref());
        if let Some(cells) = cells {
            let states = cells.iter().filter(|cell| ["completed", "rejected"].contains(&cell.value.as_str()));
            let mut terms = vec![(1, format!("{} time-to-answer", said.month))];
            terms.extend(states.map(|cell| (-1, format!("{ended} state {}", cell.value.as_str()))));
            self.equal(terms, 0, MOST);
        }
    }

    /// What is open is what was open, with what was begun and without what was closed.
    fn stocks(&mut self, said: &FiguresPublished) {
        let (month, before) = (said.month, said.month - 1);
        let open = said.stocks.iter().find(|stock| stock.indicator.as_str() == "cases-open");
        let name = format!("{month} open");
        if let Some(stock) = open {
            let least = stock.least.unwrap_or(0);
            self.know(&name, least, i64::try_from(least + LEAST - 1).expect("small"));
        }
        let flow = |code: &str| format!("{month} {code}");
        self.equal(
            vec![
                (1, format!("{before} open")),
                (1, flow("cases-begun")),
                (-1, flow("cases-closed")),
                (-1, name),
            ],
            0,
            0,
        );
    }

    /// Narrows every variable as far as any one of the equations allows, until none does. The system's variables hang together
    /// as the branches of trees do, where nothing more can follow.
    fn solve(&mut self) {
        loop {
            let mut moved = false;
            for Equation { terms, least, most } in &self.equations {
                for (place, (factor, name)) in terms.iter().enumerate() {
                    let (mut low, mut high) = (*least, *most);
                    for (other, (factor, name)) in terms.iter().enumerate() {
                        if other != place {
                            let (from, to) = self.known[name];
                            let ends = [factor * from, factor * to];
                            low -= ends[0].max(ends[1]);
                            high -= ends[0].min(ends[1]);
                        }
                    }
                    let (low, high) = if *factor > 0 { (low, high) } else { (-high, -low) };
                    let (from, to) = self.known[name];
                    let narrower = (from.max(low), to.min(high));
                    assert!(narrower.0 <= narrower.1, "{name} is something");
                    if narrower != (from, to) {
                        self.known.insert(name.clone(), narrower);
                        moved = true;
                    }
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// What is known of it, as far as it can be small.
    fn small(&self, name: &str) -> Vec<u64> {
        let (from, to) = self.known[name];
        SMALL.filter(|n| (from..=to).contains(&i64::try_from(*n).expect("small"))).collect()
    }
}

/// A month: cases begun by governorate, closed by reason, contacts by category and outcome, referrals by service and how they
/// ended and were answered.
#[derive(Debug, Clone)]
struct Month {
    begun: Vec<u64>,
    closed: Vec<u64>,
    contacts: Vec<(u8, u8, u64)>,
    referrals: Vec<(u8, u8, u64)>,
}

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
/// Not ended, answered or not; rejected; completed; cancelled without an answer.
const STATES: [Option<&str>; 5] = [None, None, Some("rejected"), Some("completed"), Some("cancelled")];

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![2 => Just(0_u64), 4 => SMALL, 2 => 5..9_u64, 1 => 9..60_u64]
}

fn month() -> impl Strategy<Value = Month> {
    let crossed = || prop::collection::vec((0..6_u8, 0..5_u8, number()), 0..10);
    let plain = || prop::collection::vec(number(), 0..6);
    (plain(), plain(), crossed(), crossed()).prop_map(|(begun, closed, contacts, referrals)| Month {
        begun,
        closed,
        contacts,
        referrals,
    })
}

/// Counts a month, and how many cases are open at its end.
fn counted(number: u64, month: &Month, open: &mut u64) -> Tally {
    let mut tally = Tally::of(number);
    let at = i64::try_from(number).expect("a month");
    let fact =
        |indicator| Counted { indicator, kind: "", band: "", agency: "x", governorate: "", month: at, n: 0 };
    for (n, governorate) in month.begun.iter().zip(NAMES).filter(|(n, _)| **n > 0) {
        tally.add(&Counted { governorate, n: *n, kind: "low", ..fact("cases-opened") });
        *open += n;
    }
    for (n, kind) in month.closed.iter().zip(NAMES) {
        let n = (*n).min(*open);
        if n > 0 {
            tally.add(&Counted { kind, n, band: "longer", ..fact("cases-closed") });
            *open -= n;
        }
    }
    for (category, outcome, n) in month.contacts.iter().filter(|(.., n)| *n > 0) {
        let category = NAMES[usize::from(*category)];
        let outcome = if outcome % 2 == 0 { "case" } else { "no_case" };
        tally.add(&Counted { governorate: category, n: *n, ..fact("contacts") });
        for (indicator, kind) in [
            ("contact-channel", "helpline"),
            ("contact-category", category),
            ("contact-outcome", outcome),
            ("contact-repeat", "no"),
        ] {
            tally.add(&Counted { kind, n: *n, ..fact(indicator) });
        }
    }
    for (service, state, n) in month.referrals.iter().filter(|(.., n)| *n > 0) {
        let (service, how) = (NAMES[usize::from(*service)], usize::from(*state));
        tally.add(&Counted { kind: service, n: *n, ..fact("referral-service") });
        if let Some(kind) = STATES[how] {
            tally.add(&Counted { kind, n: *n, ..fact("referrals-ended") });
        }
        if (1..4).contains(&how) {
            tally.add(&Counted { band: NAMES[how], kind: service, n: *n, ..fact("time-to-answer") });
        }
    }
    tally.add(&Counted { month: 0, n: *open, ..fact("cases-open") });
    tally
}

/// What is hidden of a publication, by the attacker's names, with what it is.
fn hidden(tally: &Tally, said: &FiguresPublished) -> Vec<(String, u64)> {
    let mut all = Vec::new();
    for figure in &said.figures {
        let of = publication(figure.indicator.as_str()).expect("it is published");
        let total = format!("{} {}", said.month, of.code);
        if figure.total.is_none() {
            all.push((total.clone(), tally.totals.get(of.code).copied().unwrap_or(0)));
        }
        for table in &figure.tables {
            for cell in table.cells.iter().flatten().filter(|cell| cell.n.is_none()) {
                let by = of.tables.iter().find(|of| of.by == table.by.as_str()).expect("a table").by;
                let value = cell.value.as_str();
                let cells = &tally.tables[&(of.code, by)];
                let n = cells.get(value).or_else(|| cells.get("").filter(|_| value == CellValue::UNSTATED));
                all.push((format!("{total} {by} {value}"), *n.expect("it was counted")));
            }
        }
    }
    all
}

/// Publishes the months and has them attacked: how many hidden small numbers there are, and those that could not be any from 1
/// to 4.
fn attack(months: &[Month], open: u64, complement: bool) -> (usize, Vec<(String, Vec<u64>)>) {
    let (mut attacker, mut past, mut open) = (Attacker::default(), Past::default(), open);
    let mut secrets = Vec::new();
    for (number, month) in (202_601..).zip(months) {
        let tally = counted(number, month, &mut open);
        let said = tally.publish_with(1, &past, complement);
        past.take(&said);
        attacker.read(&said);
        secrets.extend(hidden(&tally, &said));
    }
    attacker.solve();
    secrets.retain(|(_, n)| SMALL.contains(n));
    let narrowed = secrets.iter().filter_map(|(name, n)| {
        let possible = attacker.small(name);
        assert!(possible.contains(n), "{name} is {n}: the attacker calculates well");
        // That something was completed and something rejected is shown, and both were answered.
        let least = if name.ends_with(" time-to-answer") { 2 } else { SMALL.count() };
        (possible.len() < least).then(|| (name.clone(), possible))
    });
    (secrets.len(), narrowed.collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_follows_from_all_months_together(months in prop::collection::vec(month(), 1..5), open in 0..300_u64) {
        let (_, narrowed) = attack(&months, open, true);
        prop_assert_eq!(narrowed, Vec::new());
    }
}

/// The attacker is one who wins, where there is something to win.
#[test]
fn without_complements_the_attacker_wins() {
    let month = Month {
        begun: vec![3, 40, 12],
        closed: vec![7, 2],
        contacts: vec![(0, 0, 30), (1, 1, 1), (2, 1, 20)],
        referrals: vec![(0, 3, 20), (1, 2, 2), (2, 0, 9)],
    };
    let (secrets, narrowed) = attack(std::slice::from_ref(&month), 100, false);
    let found: BTreeMap<_, _> = narrowed.into_iter().collect();
    for (name, n) in [
        ("202601 cases-begun governorate a", 3),
        ("202601 cases-closed reason b", 2),
        ("202601 contacts category b", 1),
        ("202601 referrals service b", 2),
        ("202601 referrals-ended state rejected", 2),
    ] {
        assert_eq!(found.get(name), Some(&vec![n]), "{name} of {secrets}: {found:?}");
    }
    let (secrets, narrowed) = attack(&[month], 100, true);
    assert!(secrets >= 5 && narrowed.is_empty(), "{secrets}: {narrowed:?}");
}

/// Open cases would tell how many were closed in a month in which that is hidden; so they are told no more.
#[test]
fn a_stock_ends_where_a_flow_is_hidden() {
    let plain =
        |closed: u64| Month { begun: vec![20], closed: vec![closed], contacts: vec![], referrals: vec![] };
    let publish = |months: &[Month]| {
        let (mut past, mut open) = (Past::default(), 100);
        let mut told = Vec::new();
        for (number, month) in (202_601..).zip(months) {
            let said = counted(number, month, &mut open).publish(1, &past);
            past.take(&said);
            told.push(said.stocks.iter().any(|stock| stock.indicator.as_str() == "cases-open"));
        }
        told
    };
    assert_eq!(
        publish(&[plain(9), plain(0), plain(3), plain(9), plain(9)]),
        [true, true, false, false, false]
    );
}

/// Nobody closes more cases than there are: that 7 were closed would tell that 3 or 4 were begun in each of two months.
#[test]
fn what_leaves_is_told_as_far_as_it_is_known_to_have_been_there() {
    let plain = |begun: u64, closed: u64| Month {
        begun: vec![begun],
        closed: vec![closed],
        contacts: vec![],
        referrals: vec![],
    };
    let publish = |months: &[Month]| {
        let (mut past, mut open) = (Past::default(), 0);
        let mut told = Vec::new();
        for (number, month) in (202_601..).zip(months) {
            let said = counted(number, month, &mut open).publish(1, &past);
            past.take(&said);
            let closed = said.figures.iter().find(|figure| figure.indicator.as_str() == "cases-closed");
            told.push(closed.map(|closed| closed.total));
        }
        told
    };
    assert_eq!(
        publish(&[plain(4, 0), plain(4, 7)]),
        [Some(None), Some(None)],
        "not even that there were none"
    );
    assert_eq!(publish(&[plain(40, 0), plain(4, 7), plain(0, 30)]), [None, Some(Some(7)), Some(Some(30))]);
    assert_eq!(publish(&[plain(40, 3), plain(10, 9), plain(0, 2)]), [Some(None), Some(Some(9)), Some(None)]);
}

/// Of a month of which everything is large, everything is shown; of one without anything, nothing is there to show.
#[test]
fn nothing_is_hidden_without_need() {
    let month = Month {
        begun: vec![30, 0, 12],
        closed: vec![7, 5],
        contacts: vec![(0, 0, 30), (1, 1, 11), (2, 1, 20)],
        referrals: vec![(0, 3, 20), (1, 2, 8), (2, 0, 9), (1, 4, 5)],
    };
    let said = counted(202_601, &month, &mut 200).publish(77, &Past::default());
    assert_eq!((said.month, said.size, said.version), (202_601, 77, super::VERSION));
    assert!(said.figures.iter().all(|figure| figure.total.is_some()));
    let cells = said
        .figures
        .iter()
        .flat_map(|figure| &figure.tables)
        .flat_map(|table| table.cells.as_ref().expect("shown"));
    assert!(cells.clone().count() > 15 && cells.clone().all(|cell| cell.n.is_some()));
    let codes: Vec<&str> = said.figures.iter().map(|figure| figure.indicator.as_str()).collect();
    assert_eq!(
        codes,
        ["cases-begun", "cases-closed", "contacts", "referrals", "referrals-ended", "time-to-answer"]
    );
    let stocks: Vec<_> = said.stocks.iter().map(|stock| (stock.indicator.as_str(), stock.least)).collect();
    assert_eq!(stocks, [("cases-open", Some(230)), ("referrals-open", None), ("deadlines-overdue", None)]);

    let mut past = Past::default();
    past.take(&said);
    let said = Tally::of(202_602).publish(78, &past);
    assert!(said.figures.is_empty());
}

/// What would follow from a figure that is bound to another is not shown: those that had not ended, those that were answered.
#[test]
fn what_is_bound_is_not_shown_where_it_would_tell() {
    let of = |referrals: Vec<(u8, u8, u64)>| {
        let month = Month { begun: vec![], closed: vec![], contacts: vec![], referrals };
        let said = counted(202_601, &month, &mut 0).publish(1, &Past::default());
        let total = |code: &str| said.figures.iter().find(|f| f.indicator.as_str() == code).map(|f| f.total);
        (total("referrals"), total("referrals-ended"), total("time-to-answer"))
    };
    assert_eq!(of(vec![(0, 3, 20), (0, 0, 6)]), (Some(Some(26)), Some(Some(20)), Some(Some(20))));
    assert_eq!(
        of(vec![(0, 3, 20), (0, 0, 2)]),
        (Some(Some(22)), Some(None), Some(None)),
        "2 would not have ended"
    );
    assert_eq!(of(vec![(0, 3, 20), (0, 2, 3)]), (Some(Some(23)), Some(Some(23)), Some(None)), "3 are hidden");
    assert_eq!(of(vec![(0, 3, 3)]), (Some(None), Some(None), Some(None)));
    assert_eq!(of(vec![(0, 0, 30)]), (Some(Some(30)), None, None));
}

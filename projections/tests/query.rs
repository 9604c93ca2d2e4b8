//! Questions to views, on both engines, beside the plainest way to answer them: all rows, looked through one by one.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use sijill_casework::case::{Documents, World};
use sijill_domain::Registry;
use sijill_log::Hash;
use sijill_projections::engine::{Base, Batch, Folded, Lead, Log, PostgresBase, Projector, SqliteBase};
use sijill_projections::query::{Ask, Place, Reader, Sight, VIEWS, View, Views, Who, view};
use sijill_projections::{
    Cell, History, MODELS, Model, NEVER, ProjectionError, Span, SubjectRows, Timeline, Type, circles,
};
use sijill_store_postgres::testing::Cluster;

/// The entries that the rows are spread over.
const SIZE: u64 = 40;

/// A log without entries, so that generations are made and are empty.
struct Nothing;

#[async_trait]
impl Log for Nothing {
    fn size(&self) -> u64 {
        0
    }

    fn timeline(&self) -> Timeline {
        Timeline::new(World::new(Arc::new(Registry::new()), Arc::new(Documents::new())))
    }

    async fn root(&self, _: u64) -> Result<Hash, ProjectionError> {
        Ok(Hash([0; 32]))
    }

    async fn touched(&self, _: u64, _: u64) -> Result<BTreeSet<String>, ProjectionError> {
        Ok(BTreeSet::new())
    }

    async fn subjects(&self, _: &str, _: usize) -> Result<Vec<String>, ProjectionError> {
        Ok(Vec::new())
    }

    async fn histories(&self, _: &[String], _: u64) -> Result<Vec<History>, ProjectionError> {
        Ok(Vec::new())
    }
}

/// Numbers that are the same in every run (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        let at = usize::try_from(self.below(all.len() as u64)).expect("small");
        all[at]
    }
}

/// Texts that sort and match otherwise by locale, by case or as patterns.
const TEXTS: [&str; 8] = ["a", "B", "b", "a%", "_", "ab", "'; --", "é"];
const AGENCIES: [&str; 3] = ["moh", "mosd", "rop"];
const OFFICERS: [&str; 2] = ["ana", "omar"];
const UNITS: [&str; 2] = ["desk", "ward"];

/// Cells of a column, with nothing in it where its table allows that.
fn cell(chance: &mut Chance, model: &Model, name: &str, holds: Type) -> Cell {
    let line = model.sql.lines().find(|line| line.trim_start().starts_with(&format!("{name} ")));
    if !line.expect("a column").contains("NOT NULL") && chance.below(3) == 0 {
        return Cell::Null;
    }
    match (name, holds) {
        ("concerns" | "situations" | "classes", _) => {
            let several = (0..chance.below(3)).map(|_| chance.of(&TEXTS)).collect::<Vec<_>>();
            if several.is_empty() { "".into() } else { format!(",{},", several.join(",")).into() }
        }
        ("automatic" | "breached" | "disposed" | "varied" | "readable", _) => chance.below(2).into(),
        (_, Type::Integer) => Cell::Integer(i64::try_from(chance.below(5)).expect("small") - 2),
        ("agency", _) if model.name == "accesses" => chance.of(&AGENCIES).into(),
        (_, Type::Text) => chance.of(&TEXTS).into(),
    }
}

/// Rows of one model: spans that never overlap under one key, as the engine would have made them.
fn rows(chance: &mut Chance, model: &'static Model) -> Vec<SubjectRows> {
    let subjects = (0..25).map(|number| format!("{}{number}", if number % 2 == 0 { "c" } else { "C" }));
    let table = &model.tables[0];
    let mut all: Vec<SubjectRows> = Vec::new();
    for subject in subjects {
        let mut rows = Vec::new();
        for line in 0..chance.below(3) {
            let mut since = chance.below(10);
            loop {
                let mut cells: Vec<Cell> = table
                    .columns
                    .iter()
                    .map(|column| cell(chance, model, column.name, column.holds))
                    .collect();
                // Different lines have different keys; without a key there is one line, of one row after the other.
                if table.key > 0 {
                    cells[0] = Cell::from(format!("{}{line}", TEXTS[usize::try_from(line).expect("small")]));
                }
                let until = since + 1 + chance.below(15);
                let ends = until < SIZE && chance.below(4) > 0;
                let until = if ends { until } else { NEVER };
                let ms = |index: u64| if index == NEVER { NEVER } else { 1_000 * index };
                rows.push(Span { table: 0, since, since_ms: ms(since), until, until_ms: ms(until), cells });
                if !ends {
                    break;
                }
                since = until;
            }
            if table.key == 0 {
                break;
            }
        }
        all.push(SubjectRows { subject, gaps: 0, rows });
    }
    all
}

/// Who may know of which subject: by the words of the model itself.
fn ties(chance: &mut Chance, subjects: &[SubjectRows]) -> Vec<SubjectRows> {
    let span = |cells: [Cell; 5]| Span {
        table: 0,
        since: 0,
        since_ms: 0,
        until: NEVER,
        until_ms: NEVER,
        cells: cells.into(),
    };
    let of = |of: &SubjectRows, chance: &mut Chance| {
        let mut rows = Vec::new();
        let mut tie = |tie: &str, agency: &str, unit: Cell, officer: Cell, ends: Cell| {
            rows.push(span([tie.into(), agency.into(), unit, officer, ends]));
        };
        for agency in AGENCIES {
            if chance.below(2) == 0 {
                let word = if chance.below(4) == 0 { circles::CALLER } else { circles::PARTY };
                tie(word, agency, Cell::Null, Cell::Null, Cell::Null);
            }
        }
        tie(circles::OWNER, chance.of(&AGENCIES), chance.of(&UNITS).into(), Cell::Null, Cell::Null);
        if chance.below(3) == 0 {
            let ends = Cell::Integer(chance.of(&[50, 150]));
            tie(circles::GLASS, chance.of(&AGENCIES), Cell::Null, chance.of(&OFFICERS).into(), ends);
        }
        match chance.below(5) {
            0 => tie(circles::BARRED, chance.of(&AGENCIES), chance.of(&UNITS).into(), Cell::Null, Cell::Null),
            1 => tie(
                circles::BARRED,
                chance.of(&AGENCIES),
                Cell::Null,
                chance.of(&OFFICERS).into(),
                Cell::Null,
            ),
            _ => {}
        }
        // What was so once and is not any more opens and closes nothing.
        let mut over = span([circles::PARTY.into(), "pp".into(), Cell::Null, Cell::Null, Cell::Null]);
        (over.until, over.until_ms) = (3, 3_000);
        rows.push(over);
        SubjectRows { subject: of.subject.clone(), gaps: 0, rows }
    };
    subjects.iter().map(|subject| of(subject, chance)).collect()
}

/// Everything that was written, by view.
struct Written {
    rows: BTreeMap<&'static str, Vec<SubjectRows>>,
    ties: Vec<SubjectRows>,
}

async fn write(base: &dyn Base, written: &Written) {
    let projector = Projector { base, log: &Nothing };
    projector.rebuild(&MODELS, &|_| ()).await.expect("empty generations");
    let folded = |model: &'static Model, rows: &[SubjectRows]| -> Vec<Folded> {
        rows.iter().map(|of| Folded::new(model, of.clone())).collect()
    };
    let ties = folded(&circles::MODEL, &written.ties);
    let rows: Vec<_> = VIEWS.iter().map(|view| folded(view.model, &written.rows[view.name])).collect();
    let lead = |model: &'static Model, subjects| Lead {
        model,
        number: 1,
        from: 0,
        to: (SIZE, Hash([1; 32])),
        subjects,
        fresh: false,
    };
    let mut leads = vec![lead(&circles::MODEL, ties.as_slice())];
    leads.extend(VIEWS.iter().zip(&rows).map(|(view, rows)| lead(view.model, rows.as_slice())));
    assert!(base.write(&Batch { leads }).await.expect("written"));
}

impl Written {
    fn by(chance: &mut Chance) -> Self {
        let rows: BTreeMap<_, _> = VIEWS.iter().map(|view| (view.name, rows(chance, view.model))).collect();
        let ties = ties(chance, &rows["cases"]);
        Self { rows, ties }
    }

    /// The rows as known at a size, as a view has them.
    fn known(&self, view: &View, size: u64) -> Vec<Vec<Cell>> {
        let subjects = self.rows[view.name].iter();
        let rows = subjects.flat_map(|subject| subject.rows.iter().map(move |row| (subject, row)));
        let known = rows.filter(|(_, row)| row.since < size && size <= row.until);
        known
            .map(|(subject, row)| {
                let first = [subject.subject.as_str().into(), row.since.into(), row.since_ms.into()];
                first.into_iter().chain(row.cells.iter().cloned()).collect()
            })
            .collect()
    }

    /// Whether the row's agency was no party before it.
    fn is_of_an_outsider(&self, row: &[Cell]) -> bool {
        let since = u64::try_from(row[1].integer()).expect("an index");
        let ties = self.ties.iter().filter(|of| of.subject == row[0].text()).flat_map(|of| &of.rows);
        let mut parties = ties.filter(|tie| {
            let is_party = [circles::PARTY, circles::CALLER].contains(&tie.cells[0].text());
            is_party && tie.since < since && since <= tie.until && tie.cells[1] == row[4]
        });
        parties.next().is_none()
    }

    fn may_see(&self, who: Who, subject: &str, reader: &Reader) -> bool {
        let ties = self.ties.iter().filter(|of| of.subject == subject).flat_map(|of| &of.rows);
        let ties: Vec<[&str; 4]> = ties
            .clone()
            .filter(|row| row.until == NEVER)
            .map(|row| std::array::from_fn(|at| row.cells[at].text()))
            .collect();
        let ends = |tie: &[&str; 4]| {
            let of = self.ties.iter().filter(|of| of.subject == subject).flat_map(|of| &of.rows);
            let row = of.clone().find(|row| (0..4).all(|at| row.cells[at].text() == tie[at]));
            row.map_or(0, |row| row.cells[4].integer())
        };
        let now = i64::try_from(reader.now).expect("a time");
        let is_party = |tie: &[&str; 4]| {
            [circles::PARTY, circles::CALLER].contains(&tie[0])
                && reader.agencies.iter().any(|id| id == tie[1])
        };
        let broke = |tie: &[&str; 4]| {
            tie[0] == circles::GLASS && tie[1] == reader.agency && tie[3] == reader.officer && ends(tie) > now
        };
        let answers = |tie: &[&str; 4]| {
            tie[0] == circles::OWNER
                && ((tie[1] == reader.agency && tie[2] == reader.unit)
                    || (reader.supervises && reader.agencies.iter().any(|id| id == tie[1])))
        };
        let barred = |tie: &[&str; 4]| {
            tie[0] == circles::BARRED
                && tie[1] == reader.agency
                && ((!tie[2].is_empty() && tie[2] == reader.unit)
                    || (!tie[3].is_empty() && tie[3] == reader.officer))
        };
        let knows = ties.iter().any(|tie| is_party(tie) || broke(tie));
        let may =
            reader.audits || (reader.works && knows && (who == Who::Knowers || ties.iter().any(answers)));
        may && !ties.iter().any(barred)
    }
}

/// A question, in words and as the plain way has it.
struct Question {
    filters: Vec<(&'static str, String)>,
    sort: Option<String>,
}

fn asked(chance: &mut Chance, view: &View) -> Question {
    let mut filters: BTreeMap<&'static str, String> = BTreeMap::new();
    for _ in 0..chance.below(3) {
        let field = chance.of(view.fields);
        let value = match field.kind.as_str() {
            "flag" => chance.of(&["true", "0"]).to_owned(),
            _ if chance.below(5) == 0 => String::new(),
            _ if field.kind.holds() == Type::Text => chance.of(&TEXTS).to_owned(),
            _ if chance.below(2) == 0 => chance.below(4).to_string(),
            _ => chance.of(&["-1..2", "..3", "1.."]).to_owned(),
        };
        filters.insert(field.name, value);
    }
    let sort = (chance.below(4) > 0).then(|| {
        let field = chance.of(view.fields);
        format!("{}{}", chance.of(&["", "-"]), field.name)
    });
    Question { filters: filters.into_iter().collect(), sort }
}

impl Question {
    fn ask(&self, view: &View, limit: u32) -> Ask {
        let filters = self.filters.iter().map(|(name, value)| (*name, value.as_str()));
        Ask::read(view, filters, self.sort.as_deref(), limit).expect("a question")
    }

    fn fits(&self, view: &View, row: &[Cell]) -> bool {
        self.filters.iter().all(|(name, value)| {
            let at = view.fields.iter().position(|field| field.name == *name).expect("a column");
            let (cell, field) = (&row[at], &view.fields[at]);
            if value.is_empty() {
                return *cell == Cell::Null;
            }
            match cell {
                Cell::Null => false,
                Cell::Text(text) if field.kind.is_many() => text.split(',').any(|one| one == value),
                Cell::Text(text) => text == value,
                Cell::Integer(is) => match value.split_once("..") {
                    Some((from, to)) => {
                        from.parse().is_ok_and(|from: i64| from <= *is) | from.is_empty()
                            && to.parse().is_ok_and(|to: i64| *is < to) | to.is_empty()
                    }
                    None => *is == value.replace("true", "1").parse::<i64>().expect("an integer"),
                },
            }
        })
    }

    fn in_order(&self, view: &View, rows: &mut [Vec<Cell>]) {
        let place = |name: &str| view.fields.iter().position(|field| field.name == name).expect("a column");
        let key = view.model.tables[0].columns.iter().take(view.model.tables[0].key);
        let identity: Vec<usize> = [place("subject")]
            .into_iter()
            .chain(key.map(|column| place(column.name)))
            .chain([place("since")])
            .collect();
        let same = |a: &[Cell], b: &[Cell]| identity.iter().map(|at| a[*at].cmp(&b[*at])).find(|o| o.is_ne());
        rows.sort_by(|a, b| {
            let by = self.sort.as_deref().map_or(Ordering::Equal, |sort| {
                let (name, falling) = sort.strip_prefix('-').map_or((sort, false), |name| (name, true));
                let (a, b) = (&a[place(name)], &b[place(name)]);
                match (a, b) {
                    (Cell::Null, Cell::Null) => Ordering::Equal,
                    (Cell::Null, _) => Ordering::Greater,
                    (_, Cell::Null) => Ordering::Less,
                    _ if falling => b.cmp(a),
                    _ => a.cmp(b),
                }
            });
            by.then(same(a, b).unwrap_or(Ordering::Equal))
        });
    }
}

fn reader(chance: &mut Chance) -> Reader {
    let agency = chance.of(&AGENCIES);
    let mut agencies = vec![agency.to_owned()];
    if chance.below(3) == 0 {
        agencies.push(chance.of(&["rop", "pp"]).to_owned());
    }
    Reader {
        audits: chance.below(5) == 0,
        works: chance.below(6) > 0,
        supervises: chance.below(2) == 0,
        agency: agency.to_owned(),
        agencies,
        unit: chance.of(&UNITS).to_owned(),
        officer: chance.of(&OFFICERS).to_owned(),
        now: 100,
    }
}

/// All pages of an answer, put together.
async fn all(
    views: &Views<'_>,
    view: &'static View,
    ask: &Ask,
    size: u64,
    sight: &Sight,
    withheld: &[String],
) -> Vec<Vec<Cell>> {
    let standing = views.standing(view).await.expect("built");
    let (mut all, mut after) = (Vec::new(), None::<Place>);
    loop {
        let page = views.rows(standing, ask, size, after.as_ref(), sight, withheld).await.expect("an answer");
        assert!(page.rows.len() <= ask.limit() as usize);
        assert!(
            page.next.is_none() || page.rows.len() == ask.limit() as usize,
            "a page that is not full is the last"
        );
        all.extend(page.rows);
        let Some(next) = page.next else { return all };
        // As text and back, as between two requests.
        after = Some(Place::read(&next.write(view, ask), view, ask).expect("a place"));
    }
}

async fn compare(base: &dyn Base) {
    let mut chance = Chance(4);
    let written = Written::by(&mut chance);
    write(base, &written).await;
    let views = Views::of(base);
    let (mut found, mut hidden) = (0, 0);
    for _ in 0..400 {
        let view = &VIEWS[usize::try_from(chance.below(6)).expect("small")];
        let (size, limit) = (chance.below(SIZE + 1), chance.of(&[1, 3, 1_000]));
        let question = asked(&mut chance, view);
        let sight = if chance.below(3) == 0 { Sight::Everything } else { Sight::Of(reader(&mut chance)) };
        let withheld = if chance.below(4) == 0 { vec!["c2".to_owned(), "C5".to_owned()] } else { Vec::new() };

        let may_see = |row: &Vec<Cell>| {
            let seen = match &sight {
                Sight::Everything => true,
                Sight::Of(reader) => written.may_see(view.who, row[0].text(), reader),
            };
            seen && !withheld.iter().any(|subject| subject == row[0].text())
        };
        let mut expected = written.known(view, size);
        expected.retain(|row| question.fits(view, row));
        hidden += expected.len();
        expected.retain(may_see);
        hidden -= expected.len();
        question.in_order(view, &mut expected);
        found += expected.len();
        let ask = question.ask(view, limit);
        let answer = all(&views, view, &ask, size, &sight, &withheld).await;
        assert_eq!(
            answer, expected,
            "{} at {size}: {:?} {:?} {sight:?}",
            view.name, question.filters, question.sort
        );
    }
    assert!(
        found > 500 && hidden > 500,
        "the questions have answers: {found}, and rows that are not shown: {hidden}"
    );

    let accesses = view("accesses").expect("a view");
    let ask = Ask::read(accesses, [], None, 7).expect("a question").of_outsiders();
    let outsiders = all(&views, accesses, &ask, SIZE, &Sight::Everything, &[]).await;
    let mut expected = written.known(accesses, SIZE);
    let every = expected.len();
    expected.retain(|row| written.is_of_an_outsider(row));
    expected.sort_by(|a, b| (a[0].text(), a[1].integer()).cmp(&(b[0].text(), b[1].integer())));
    assert_eq!(outsiders, expected);
    assert!(!expected.is_empty() && expected.len() < every, "{} of {every}", expected.len());

    let cases = view("cases").expect("a view");
    let ask = Ask::read(cases, [], None, 10).expect("a question");
    let standing = views.standing(cases).await.expect("built");
    let ahead = views.rows(standing, &ask, SIZE + 1, None, &Sight::Everything, &[]).await;
    assert_eq!(ahead.expect_err("not there yet").code(), "projection-ahead");
    assert_eq!(standing.position, SIZE);
}

/// Two officers on two days: how many cases each asked to see on which, the most first.
async fn busy(base: &dyn Base) {
    const DAY: u64 = 86_400_000;
    let view = view("accesses").expect("a view");
    let line = |index: u64, at: u64, act: &str, officer: &str| Span {
        table: 0,
        since: index,
        since_ms: at,
        until: NEVER,
        until_ms: NEVER,
        cells: [
            act.into(),
            "moh".into(),
            Cell::Null,
            officer.into(),
            Cell::Null,
            Cell::Null,
            Cell::Integer(0),
            format!("e{index}").into(),
        ]
        .into(),
    };
    // Midnight in Muscat is at 20:00 in UTC.
    let (evening, night) = (20_000 * DAY + 20 * 3_600_000 - 1, 20_000 * DAY + 20 * 3_600_000);
    let of = |subject: &str, rows: Vec<Span>| SubjectRows { subject: subject.to_owned(), gaps: 0, rows };
    let written = Written {
        rows: VIEWS
            .iter()
            .map(|view| (view.name, Vec::new()))
            .chain([(
                view.name,
                vec![
                    of(
                        "a",
                        vec![
                            line(1, evening, "access.requested", "ana"),
                            line(2, evening, "access.requested", "ana"),
                            line(3, evening, "access.released", "ana"),
                            line(4, night, "access.requested", "ana"),
                        ],
                    ),
                    of(
                        "b",
                        vec![
                            line(5, night, "break_glass.invoked", "ana"),
                            line(6, night, "child.looked_up", "omar"),
                        ],
                    ),
                    of("c", vec![line(7, night, "access.requested", "ana")]),
                ],
            )])
            .collect(),
        ties: Vec::new(),
    };
    write(base, &written).await;
    let views = Views::of(base);
    let standing = views.standing(view).await.expect("built");
    let busiest = async |withheld: &[String], limit| {
        let days = views.busiest(standing, &Sight::Everything, withheld, limit).await.expect("an answer");
        days.into_iter().map(|day| (day.officer, day.day_ms, day.subjects, day.requests)).collect::<Vec<_>>()
    };
    let (first, second) = (20_000 * DAY - 4 * 3_600_000, 20_001 * DAY - 4 * 3_600_000);
    let (ana, omar) = ("ana".to_owned(), "omar".to_owned());
    assert_eq!(
        busiest(&[], 9).await,
        [(ana.clone(), second, 3, 3), (ana.clone(), first, 1, 2), (omar.clone(), second, 1, 1)]
    );
    assert_eq!(busiest(&[], 1).await, [(ana.clone(), second, 3, 3)]);
    assert_eq!(
        busiest(&["b".to_owned(), "c".to_owned()], 9).await,
        [(ana.clone(), first, 1, 2), (ana, second, 1, 1)]
    );
}

#[tokio::test]
async fn days_are_counted_on_sqlite() {
    let dir = tempfile::tempdir().expect("a directory");
    busy(&SqliteBase::open(&dir.path().join("read.db")).await.expect("a database")).await;
}

#[tokio::test]
async fn days_are_counted_on_postgres() {
    let Some(cluster) = Cluster::shared() else { return };
    busy(&PostgresBase::connect(&cluster.create_database().await).await.expect("a database")).await;
}

#[tokio::test]
async fn sqlite_answers_as_the_plain_way_does() {
    let dir = tempfile::tempdir().expect("a directory");
    let base = SqliteBase::open(&dir.path().join("read.db")).await.expect("a database");
    let cases = view("cases").expect("a view");
    let nothing = Views::of(&base).standing(cases).await;
    assert_eq!(nothing.expect_err("nothing is there").code(), "projection-not-built");
    compare(&base).await;
}

#[tokio::test]
async fn postgres_answers_as_the_plain_way_does() {
    let Some(cluster) = Cluster::shared() else { return };
    let base = PostgresBase::connect(&cluster.create_database().await).await.expect("a database");
    compare(&base).await;
}

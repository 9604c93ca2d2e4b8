//! What a forecast follows from, in sentences with their numbers, in Arabic and English.

use super::{Forecast, HORIZON, MEMORY, Series, Work};

impl Forecast {
    /// What this work's forecast `ahead` weeks ahead follows from, sentence by sentence: Arabic, English. Digits are Latin.
    pub fn explained(&self, work: Work, ahead: usize) -> Vec<[String; 2]> {
        let ahead = ahead.clamp(1, HORIZON);
        let step = &self.steps[ahead - 1];
        let (level, weeks) = (tenths(self.level.milli), self.level.weeks);
        let (stayed, young) = (step.stayed.percent(), step.young.percent());
        let (held, ar_ahead, en_ahead) = (self.held.open, ar_weeks(ahead), en_weeks(ahead));
        let mut said = vec![
            [
                format!(
                    "الوارد: {level} في الأسبوع، وهو متوسط آخر {weeks} أسبوعًا؛ واختير لأنه الأقل خطأً حتى الآن بين متوسطات 4 و8 و13 و26 أسبوعًا."
                ),
                format!(
                    "Arrivals: {level} a week, the mean of the last {weeks} weeks, which has erred least so far among the means of 4, 8, 13 and 26 weeks."
                ),
            ],
            [
                format!(
                    "المفتوح: مما كان مفتوحًا في نهاية الأسبوع الماضي ({held}) يبقى {stayed}% مفتوحًا بعد {ar_ahead}، ومما يرد حتى ذلك الحين {young}%، كما كان في آخر {MEMORY} أسبوعًا."
                ),
                format!(
                    "Open: of the {held} open at the end of the last week {stayed}% are still open after {en_ahead}, and of what arrives until then {young}%, as over the last {MEMORY} weeks."
                ),
            ],
        ];
        if work == Work::Tasks {
            let (late, missed, fresh) = (step.late.percent(), step.missed.percent(), step.fresh.percent());
            let (overdue, falls) = (self.held.overdue, step.ahead);
            said.push([
                format!(
                    "المتأخر: مما هو متأخر الآن ({overdue}) يبقى {late}% دون إنجاز؛ ويحين موعد {falls} مما هو مفتوح، ولا يُنجز منه حتى ذلك الحين {missed}%؛ ويتأخر {fresh}% مما يرد في الأثناء."
                ),
                format!(
                    "Overdue: of the {overdue} overdue now {late}% are still not done then; {falls} of what is open fall due until then, of which {missed}% are not done by then; and of what arrives meanwhile {fresh}% are overdue."
                ),
            ]);
        }
        let score = self.score(Series::Open, ahead);
        let (within, of) = score.within;
        said.push([
            format!(
                "المدى: وقعت فيه ثمانية من كل عشرة أخطاء سابقة لهذا النموذج على بعد {ar_ahead}. وعند اختباره على الماضي وقع المفتوح في المدى المعلن حينها {within} مرة من {of}."
            ),
            format!(
                "Range: eight of ten past errors of this model at {en_ahead} lie within it. Tried on the past, what was open lay within the range given then {within} times of {of}."
            ),
        ]);
        said
    }
}

/// What the model cannot know; said beside every forecast. Arabic, English.
pub const LIMITS: [&str; 2] = [
    "يفترض النموذج أن الأسابيع القادمة كالماضية. ولا يعلم بالأعياد ولا بموظف يغيب ولا بقرار يغيّر العمل؛ والموعد الذي عُدّل يُحسب في الماضي بموعده الأخير.",
    "The model takes the weeks to come to be like those past. It knows nothing of feasts, of an officer who is away, of a decision that changes the work; a deadline that was varied counts in the past by its latest time.",
];

/// Tenths of a thousandth's whole: `12.3`.
fn tenths(milli: i64) -> String {
    let tenths = milli.saturating_add(50).div_euclid(100);
    format!("{}.{}", tenths.div_euclid(10), tenths.rem_euclid(10))
}

fn en_weeks(weeks: usize) -> String {
    if weeks == 1 { "1 week".to_owned() } else { format!("{weeks} weeks") }
}

fn ar_weeks(weeks: usize) -> String {
    match weeks {
        1 => "أسبوع".to_owned(),
        2 => "أسبوعين".to_owned(),
        3..=10 => format!("{weeks} أسابيع"),
        _ => format!("{weeks} أسبوعًا"),
    }
}

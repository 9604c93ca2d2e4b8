//! Weeks as Oman works them: from Sunday to Saturday by Muscat's clocks, worked from Sunday to Thursday.

/// A week, counted from the one that 1 January 1970 lies in, which is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Week(pub i64);

impl Week {
    /// Its length in milliseconds. Oman's offset is the same all year.
    pub(super) const LENGTH: i64 = 7 * 86_400_000;
    /// From the beginning of week 0, a Sunday's midnight in Muscat, to the epoch, which was a Thursday's at four.
    pub(super) const LEAD: i64 = 4 * 86_400_000 + 4 * 3_600_000;

    /// The week of a time in Unix milliseconds.
    pub fn of(unix_ms: i64) -> Self {
        Self(unix_ms.saturating_add(Self::LEAD).div_euclid(Self::LENGTH))
    }

    /// When it begins, Unix milliseconds.
    pub fn begins_ms(self) -> i64 {
        self.0.saturating_mul(Self::LENGTH).saturating_sub(Self::LEAD)
    }

    /// When it has ended: the beginning of the next.
    pub fn ends_ms(self) -> i64 {
        self.after(1).begins_ms()
    }

    /// So many weeks later.
    #[must_use]
    pub fn after(self, weeks: i64) -> Self {
        Self(self.0.saturating_add(weeks))
    }

    /// Its first day, `YYYY-MM-DD`; empty for a week that no calendar reaches.
    pub fn first_day(self) -> String {
        let noon = self.begins_ms().saturating_add(12 * 3_600_000);
        chrono::DateTime::from_timestamp_millis(noon)
            .map_or_else(String::new, |day| day.format("%Y-%m-%d").to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_begins_on_sunday_at_midnight_in_muscat() {
        // 2026-11-22 is a Sunday; its midnight in Muscat is 20:00 in UTC the day before.
        let begins = 1_795_291_200_000;
        let week = Week::of(begins);
        assert_eq!(week.begins_ms(), begins);
        assert_eq!(week.first_day(), "2026-11-22");
        assert_eq!(Week::of(begins - 1), week.after(-1));
        assert_eq!(Week::of(week.ends_ms() - 1), week);
        assert_eq!(Week::of(0), Week(0));
        assert_eq!(Week::of(-5 * 86_400_000), Week(-1));
    }
}

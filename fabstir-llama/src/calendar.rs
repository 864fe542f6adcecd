//! Dates for the templates that print one, in UTC.

use std::time::{SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const DAY: u64 = 86_400;

/// A second of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    year: u64,
    month: usize,
    day: u64,
    weekday: usize,
    second_of_day: u64,
}

impl Moment {
    /// The moment of a system time; the epoch for anything before it.
    pub(crate) fn of(time: SystemTime) -> Self {
        let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let days = seconds / DAY;
        // Years that begin in March put the odd month last; 719,468 days lie between such a year 0 and the epoch.
        let shifted = days + 719_468;
        let era = shifted / 146_097;
        let day_of_era = shifted % 146_097;
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self {
            year: year_of_era + era * 400 + u64::from(month <= 2),
            month: usize::try_from(month).unwrap_or(1),
            day: day_of_year - (153 * from_march + 2) / 5 + 1,
            weekday: usize::try_from((days + 4) % 7).unwrap_or(0),
            second_of_day: seconds % DAY,
        }
    }

    /// Formats as C's `strftime` does, for the letters that templates use; others stay as they are.
    pub(crate) fn format(&self, format: &str) -> String {
        let mut text = String::new();
        let mut letters = format.chars();
        while let Some(letter) = letters.next() {
            if letter != '%' {
                text.push(letter);
                continue;
            }
            match letters.next() {
                Some(letter) => text.push_str(&self.field(letter)),
                None => text.push('%'),
            }
        }
        text
    }

    fn field(&self, letter: char) -> String {
        let month = MONTHS.get(self.month - 1).copied().unwrap_or_default();
        let weekday = WEEKDAYS.get(self.weekday).copied().unwrap_or_default();
        let (hour, minute, second) = (self.second_of_day / 3600, self.second_of_day / 60 % 60, self.second_of_day % 60);
        match letter {
            'Y' => self.year.to_string(),
            'y' => format!("{:02}", self.year % 100),
            'm' => format!("{:02}", self.month),
            'B' => month.to_owned(),
            'b' => month.chars().take(3).collect(),
            'd' => format!("{:02}", self.day),
            'A' => weekday.to_owned(),
            'a' => weekday.chars().take(3).collect(),
            'H' => format!("{hour:02}"),
            'I' => format!("{:02}", (hour + 11) % 12 + 1),
            'p' => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            'M' => format!("{minute:02}"),
            'S' => format!("{second:02}"),
            '%' => "%".to_owned(),
            other => format!("%{other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> Moment {
        Moment::of(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    #[test]
    fn known_days() {
        assert_eq!(at(0).format("%a %d %b %Y %H:%M:%S"), "Thu 01 Jan 1970 00:00:00");
        assert_eq!(at(951_782_400).format("%Y-%m-%d"), "2000-02-29");
        assert_eq!(at(1_735_689_599).format("%A, %d %B %y, %I:%M %p"), "Tuesday, 31 December 24, 11:59 PM");
        assert_eq!(at(4_107_542_400).format("%d %m %Y"), "01 03 2100");
    }

    #[test]
    fn unknown_letters_stay() {
        assert_eq!(at(0).format("100%% %Q %"), "100% %Q %");
    }
}

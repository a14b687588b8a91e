//! Times as RFC 3339 texts.

use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// A point in time as `google.protobuf.Timestamp` has it: seconds since 1970 and nanoseconds within the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instant {
    pub(super) seconds: i64,
    pub(super) nanos: i32,
}

impl Instant {
    /// Go's zero time, the start of year 1: "none" wherever Go cannot leave a time out.
    pub(super) const ZERO: Self = Self {
        seconds: -62_135_596_800,
        nanos: 0,
    };

    /// Reads a time such as `2030-01-31T12:00:00Z`. `None` if it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let time = OffsetDateTime::parse(text, &Rfc3339)
            .ok()?
            .checked_to_offset(UtcOffset::UTC)?;
        let nanos = i32::try_from(time.nanosecond()).ok()?;
        Some(Self {
            seconds: time.unix_timestamp(),
            nanos,
        })
    }

    /// Writes the time in UTC. `None` where it is out of the range of RFC 3339, the years to 9999.
    pub(super) fn format(self) -> Option<String> {
        let nanos = u32::try_from(self.nanos).ok()?;
        OffsetDateTime::from_unix_timestamp(self.seconds)
            .ok()?
            .replace_nanosecond(nanos)
            .ok()?
            .format(&Rfc3339)
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_any_zone_are_written_in_utc() {
        for (text, utc) in [
            ("2030-01-31T12:00:00Z", "2030-01-31T12:00:00Z"),
            ("2030-01-31T14:00:00+02:00", "2030-01-31T12:00:00Z"),
            ("2030-01-31T12:00:00.5Z", "2030-01-31T12:00:00.5Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ] {
            let instant = Instant::parse(text).unwrap();
            assert_eq!(instant.format().as_deref(), Some(utc));
        }
        assert_eq!(Instant::parse("0001-01-01T00:00:00Z"), Some(Instant::ZERO));
    }

    #[test]
    fn what_is_no_time_is_refused_without_panic() {
        for text in [
            "",
            "tomorrow",
            "2030-01-31",
            "2030-13-31T12:00:00Z",
            "2030-01-31T12:00:00",
        ] {
            assert_eq!(Instant::parse(text), None, "{text:?}");
        }
        assert!(Instant::parse("0000-01-01T00:00:00+23:59").is_none_or(|i| i.seconds < 0));
        for seconds in [i64::MIN, i64::MAX, 253_402_300_800] {
            assert_eq!(Instant { seconds, nanos: 0 }.format(), None);
        }
        assert_eq!(
            Instant {
                seconds: 0,
                nanos: -1
            }
            .format(),
            None
        );
        assert_eq!(
            Instant {
                seconds: 0,
                nanos: 1_000_000_000
            }
            .format(),
            None
        );
    }
}

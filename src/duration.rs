//! Durations as texts: Go's syntax, with Teleport's units for days, months and years. The one parser of the provider, so that
//! validate, plan and apply give the same answer.
//!
//! Syntax: `time.ParseDuration` and `Duration.String` of Go; `d`, `mo`, `y` and `never`: `api/types/duration.go` in
//! gravitational/teleport.

use std::time::Duration;

/// Reads a duration that is not negative, such as `30s`, `1h30m` or `7d`. `never` is zero.
///
/// # Errors
///
/// When the text is not a duration, is negative, or is longer than about 292 years.
pub(crate) fn parse(text: &str) -> Result<Duration, InvalidDuration> {
    let nanoseconds = parse_nanoseconds(text).ok_or(InvalidDuration)?;
    let nanoseconds = u64::try_from(nanoseconds).map_err(|_| InvalidDuration)?;
    Ok(Duration::from_nanos(nanoseconds))
}

/// A text that is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write numbers with units, such as 500ms, 30s, 1h30m or 7d")]
pub(crate) struct InvalidDuration;

/// Reads a duration such as `1h30m`, `1.5h`, `7d`, `-5ns` or `never`, in nanoseconds. `None` if it is not a duration, or is
/// longer than about 292 years.
pub(crate) fn parse_nanoseconds(text: &str) -> Option<i64> {
    if text == "never" {
        return Some(0);
    }
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_i128;
    while !rest.is_empty() {
        let (nanoseconds, after) = part(rest)?;
        total += nanoseconds;
        rest = after;
        if total > 1 << 63 {
            return None;
        }
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// Writes nanoseconds as Go does: `30h0m0s`, `1.5s`, `2ms`, `0s`.
pub(crate) fn format(nanoseconds: i128) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let size = nanoseconds.unsigned_abs();
    let unit = |unit: u128, name: &str| format!("{sign}{}{name}", decimal(size, unit));
    if size == 0 {
        return "0s".to_owned();
    }
    if size < MICROSECOND {
        return unit(1, "ns");
    }
    if size < MILLISECOND {
        return unit(MICROSECOND, "µs");
    }
    if size < SECOND {
        return unit(MILLISECOND, "ms");
    }
    let minutes = size / MINUTE;
    let seconds = decimal(size % MINUTE, SECOND);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// The shortest form of a duration: `8h` for `8h0m0s`. Another text stays as it is.
pub(crate) fn short(text: &str) -> String {
    let Some(nanoseconds) = parse_nanoseconds(text) else {
        return text.to_owned();
    };
    let mut text = format(nanoseconds.into());
    for (end, left) in [("m0s", "m"), ("h0m", "h")] {
        if let Some(rest) = text.strip_suffix(end) {
            text = format!("{rest}{left}");
        }
    }
    text
}

/// One number with its unit, in nanoseconds, and what follows.
fn part(text: &str) -> Option<(i128, &str)> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let end = rest
        .find(|c: char| c == '.' || c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let unit = i128::try_from(*unit).ok()?;

    let whole = match whole {
        "" => 0,
        digits => digits.parse::<u64>().ok()?.into(),
    };
    // Digits below a nanosecond do not count; a year's fraction has 17 above it.
    let fraction = &fraction[..fraction.len().min(18)];
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let fraction = match fraction {
        "" => 0,
        digits => digits.parse::<i128>().ok()?,
    };
    let nanoseconds = whole * unit + fraction * unit / scale;
    Some((nanoseconds, rest))
}

fn digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// A number of units, with as many decimals as it takes.
fn decimal(size: u128, unit: u128) -> String {
    let (whole, rest) = (size / unit, size % unit);
    if rest == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let decimals = format!("{rest:0width$}");
    format!("{whole}.{}", decimals.trim_end_matches('0'))
}

const MICROSECOND: u128 = 1_000;

const MILLISECOND: u128 = 1_000 * MICROSECOND;

const SECOND: u128 = 1_000 * MILLISECOND;

const MINUTE: u128 = 60 * SECOND;

const HOUR: u128 = 60 * MINUTE;

const DAY: u128 = 24 * HOUR;

const UNITS: [(&str, u128); 11] = [
    ("ns", 1),
    ("us", MICROSECOND),
    ("µs", MICROSECOND),
    ("μs", MICROSECOND),
    ("ms", MILLISECOND),
    ("s", SECOND),
    ("m", MINUTE),
    ("h", HOUR),
    ("d", DAY),
    ("mo", 30 * DAY),
    ("y", 365 * DAY),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const H: i64 = 3_600_000_000_000;

    #[test]
    fn durations_are_read_as_go_and_teleport_read_them() {
        for (text, nanoseconds) in [
            ("30h", 30 * H),
            ("1h30m", H * 3 / 2),
            ("1.5h", H * 3 / 2),
            (".5h", H / 2),
            ("7d", 7 * 24 * H),
            ("1mo", 30 * 24 * H),
            ("1y2mo3d", (365 + 60 + 3) * 24 * H),
            ("1m", H / 60),
            ("-1ms", -1_000_000),
            ("+2us", 2_000),
            ("2µs", 2_000),
            ("1.000000001s", 1_000_000_001),
            ("1.23456789012h", 4_444_444_404_432),
            ("0", 0),
            ("never", 0),
            ("9223372036854775807ns", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
        ] {
            assert_eq!(parse_nanoseconds(text), Some(nanoseconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "-",
            "1",
            "h",
            ".h",
            "1x",
            "1 h",
            "1h ",
            "300y",
            "1h-1m",
            "--1h",
            "1..5h",
            "1.h.",
            "99999999999999999999h",
            "Never",
        ] {
            assert_eq!(parse_nanoseconds(text), None, "{text:?}");
            assert_eq!(parse(text), Err(InvalidDuration), "{text:?}");
        }
    }

    #[test]
    fn durations_are_written_as_go_writes_them() {
        for (nanoseconds, text) in [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (245_000_000_000, "4m5s"),
            (245_001_000_000, "4m5.001s"),
            (18_367_001_000_000, "5h6m7.001s"),
            (480_000_000_001, "8m0.000000001s"),
            (108_000_000_000_000, "30h0m0s"),
            (-1_500_000_000, "-1.5s"),
            (i128::from(i64::MAX), "2562047h47m16.854775807s"),
        ] {
            assert_eq!(format(nanoseconds), text);
        }
    }

    #[test]
    fn a_timeout_is_read_as_any_other_duration_and_is_not_negative() {
        assert_eq!(parse("20d"), Ok(Duration::from_secs(20 * 24 * 3600)));
        assert_eq!(parse("0d"), Ok(Duration::ZERO));
        assert_eq!(parse("-1s"), Err(InvalidDuration));
    }

    #[test]
    fn a_short_duration_means_the_same() {
        for (text, expected) in [
            ("8h0m0s", "8h"),
            ("1h10m0s", "1h10m"),
            ("1h0m10s", "1h0m10s"),
            ("90m", "1h30m"),
            ("10m0s", "10m"),
            ("30s", "30s"),
            ("0s", "0s"),
            ("soon", "soon"),
        ] {
            assert_eq!(short(text), expected);
            assert_eq!(parse_nanoseconds(&short(text)), parse_nanoseconds(text));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(nanoseconds in -i64::MAX..=i64::MAX) {
            prop_assert_eq!(parse_nanoseconds(&format(nanoseconds.into())), Some(nanoseconds));
        }

            #[test]
        fn any_text_is_read_or_refused_without_panic(text in "[-+.0-9nuµmshdyo]{0,40}") {
            let _ = parse(&text);
        }
    }
}

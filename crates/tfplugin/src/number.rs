//! Numbers as Terraform has them: decimal, of any size, without rounding.

use std::{fmt, str::FromStr};

use bigdecimal::{BigDecimal, FromPrimitive, ToPrimitive};

/// A number, exact, or one of the two infinities.
///
/// Core computes with 512 bits; nothing here rounds, so what core sends comes back unchanged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Number {
    /// Less than every other number.
    NegativeInfinity,
    /// A finite number.
    Finite(BigDecimal),
    /// Greater than every other number.
    PositiveInfinity,
}

impl Number {
    /// The number that a float stands for, exactly. `None` for NaN, which Terraform does not have.
    pub fn from_f64(value: f64) -> Option<Self> {
        if value.is_nan() {
            return None;
        }
        if value.is_infinite() {
            return Some(if value > 0.0 {
                Self::PositiveInfinity
            } else {
                Self::NegativeInfinity
            });
        }
        BigDecimal::from_f64(value).map(Self::finite)
    }

    /// The number as an `i64`, if it is one exactly.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Finite(decimal) if decimal.is_integer() => decimal.to_i64(),
            _ => None,
        }
    }

    /// The number as a `u64`, if it is one exactly.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Finite(decimal) if decimal.is_integer() => decimal.to_u64(),
            _ => None,
        }
    }

    /// The nearest float.
    pub fn to_f64(&self) -> f64 {
        match self {
            Self::NegativeInfinity => f64::NEG_INFINITY,
            // Through the text, as the conversion of the crate can be off by one unit in the last place.
            Self::Finite(decimal) => decimal.to_scientific_notation().parse().unwrap_or(f64::NAN),
            Self::PositiveInfinity => f64::INFINITY,
        }
    }

    fn finite(decimal: BigDecimal) -> Self {
        Self::Finite(decimal.normalized())
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::finite(value.into())
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self::finite(value.into())
    }
}

impl FromStr for Number {
    type Err = InvalidNumber;

    /// Reads decimal notation, with or without an exponent.
    fn from_str(text: &str) -> Result<Self, InvalidNumber> {
        let invalid = || InvalidNumber {
            text: text.chars().take(40).collect(),
        };
        // A short text with a huge exponent would take gigabytes when written out again.
        let exponent = text
            .find(['e', 'E'])
            .and_then(|at| text[at + 1..].parse::<i64>().ok())
            .unwrap_or(0);
        if text.len() > MAX_TEXT || exponent.unsigned_abs() > MAX_EXPONENT {
            return Err(invalid());
        }
        let decimal = BigDecimal::from_str(text)
            .map_err(|_| invalid())?
            .normalized();
        // What is read must be readable again when every digit of it is written.
        let written = decimal.digits() + decimal.fractional_digit_count().unsigned_abs();
        if written + SIGN_AND_POINT > MAX_TEXT as u64 {
            return Err(invalid());
        }
        Ok(Self::Finite(decimal))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NegativeInfinity => f.write_str("-Inf"),
            Self::Finite(decimal) => f.write_str(&decimal.to_plain_string()),
            Self::PositiveInfinity => f.write_str("Inf"),
        }
    }
}

/// The text is not a decimal number, or the number is too large.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is not a decimal number")]
pub struct InvalidNumber {
    text: String,
}

const MAX_TEXT: usize = 4096;

const MAX_EXPONENT: u64 = 4096;

/// The most characters of a number that are not digits: `-0.`.
const SIGN_AND_POINT: u64 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_every_digit() {
        let text = "123456789012345678901234567890.000000000000000000001";
        assert_eq!(text.parse::<Number>().unwrap().to_string(), text);
        assert_eq!("0.1".parse::<Number>().unwrap().to_string(), "0.1");
    }

    #[test]
    fn equal_numbers_are_equal_however_they_are_written() {
        assert_eq!("1e3".parse::<Number>().unwrap(), Number::from(1000_i64));
        assert_eq!(
            "1.50".parse::<Number>().unwrap(),
            Number::from_f64(1.5).unwrap()
        );
    }

    #[test]
    fn the_nearest_float_is_found() {
        for text in [
            "0.1",
            "2.2250738585072011e-308",
            "9007199254740993",
            "-123456789.123456789",
        ] {
            assert_eq!(
                text.parse::<Number>().unwrap().to_f64(),
                text.parse::<f64>().unwrap(),
                "{text}"
            );
        }
    }

    #[test]
    fn order_puts_the_infinities_at_the_ends() {
        assert!(Number::NegativeInfinity < Number::from(i64::MIN));
        assert!(Number::from(u64::MAX) < Number::PositiveInfinity);
        assert!(Number::from(-2_i64) < Number::from(1_i64));
    }

    #[test]
    fn rubbish_and_giants_are_refused() {
        for text in ["", "one", "1e999999999", "NaN", "1e4096", "-1e-4096"] {
            assert!(text.parse::<Number>().is_err(), "{text}");
        }
        for text in ["1e4000", "-1e-4000"] {
            let number: Number = text.parse().unwrap();
            assert_eq!(number.to_string().parse::<Number>().unwrap(), number);
        }
        assert!(Number::from_f64(f64::NAN).is_none());
    }
}

//! Versions of clients and servers, as far as they are compared.

/// Major, minor and patch number of `X.Y.Z`, `X.Y.Z-PRERELEASE` or `X.Y.Z+BUILD`. `None` for other text.
pub(crate) fn parse(text: &str) -> Option<(u64, u64, u64)> {
    let core = text.split(['-', '+']).next()?;
    let mut numbers = core.split('.').map(|number| {
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| number.parse().ok()).flatten()
    });
    let version = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_numbers_are_a_version() {
        assert_eq!(parse("18.2.10"), Some((18, 2, 10)));
        assert_eq!(parse("18.0.0-dev.1+b"), Some((18, 0, 0)));
        for text in ["", "v18.0.0", "18.0", "18.0.0.0", "18.-1.0", "18..0"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

//! How long to wait before a call is repeated, and how often it is.

use std::time::Duration;

use backon::ExponentialBuilder;

/// Exponential backoff with jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Longest wait before the first repetition. It doubles with each.
    pub base: Duration,
    /// Longest wait before any repetition.
    pub cap: Duration,
    /// How often a call is tried in all, at least once.
    pub tries: u32,
}

impl RetryPolicy {
    /// The waits between the tries. Each lies between half of its longest and all of it.
    pub(crate) fn waits(&self) -> ExponentialBuilder {
        // backon's jitter adds up to the same time again.
        ExponentialBuilder::new()
            .with_min_delay(self.base.min(self.cap) / 2)
            .with_max_delay(self.cap / 2)
            .with_max_times(usize::try_from(self.tries.saturating_sub(1)).unwrap_or(usize::MAX))
            .with_jitter()
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            base: Duration::from_secs(1),
            cap: Duration::from_secs(5),
            tries: 10,
        }
    }
}

#[cfg(test)]
mod tests {
    use backon::BackoffBuilder;

    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_end_with_the_last_try() {
        let policy = RetryPolicy {
            base: Duration::from_secs(1),
            cap: Duration::from_secs(5),
            tries: 6,
        };
        let waits: Vec<_> = policy
            .waits()
            .build()
            .map(|wait| wait.as_secs_f32())
            .collect();
        for (wait, longest) in waits.iter().zip([1.0, 2.0, 4.0, 5.0, 5.0]) {
            assert!((longest / 2.0..=longest).contains(wait), "{waits:?}");
        }
        assert_eq!(waits.len(), 5);
    }

    #[test]
    fn many_tries_and_long_waits_do_not_overflow() {
        let policy = RetryPolicy {
            base: Duration::MAX,
            cap: Duration::MAX,
            tries: u32::MAX,
        };
        assert_eq!(policy.waits().build().take(100).count(), 100);
    }
}

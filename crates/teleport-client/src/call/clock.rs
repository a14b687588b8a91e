//! What time it is, and how to wait. Tests have a clock that they advance by hand.

#[cfg(test)]
use std::time::Duration;
use std::time::Instant;

use time::OffsetDateTime;

/// A clock.
#[derive(Clone, Default)]
pub(crate) enum Clock {
    /// The machine's.
    #[default]
    System,
    /// A test's own: it advances only when something waits.
    #[cfg(test)]
    Manual(std::sync::Arc<Manual>),
}

/// A clock that a test advances.
#[cfg(test)]
pub(crate) struct Manual {
    start: (OffsetDateTime, Instant),
    passed: std::sync::Mutex<Duration>,
}

impl Clock {
    /// The date, for what other machines date.
    pub(crate) fn now(&self) -> OffsetDateTime {
        match self {
            Self::System => OffsetDateTime::now_utc(),
            #[cfg(test)]
            Self::Manual(manual) => manual.start.0 + manual.passed(),
        }
    }

    /// The time that only goes forward, for deadlines.
    pub(crate) fn instant(&self) -> Instant {
        match self {
            Self::System => Instant::now(),
            #[cfg(test)]
            Self::Manual(manual) => manual.start.1 + manual.passed(),
        }
    }

    /// Waits.
    pub(crate) async fn sleep_until(&self, until: Instant) {
        match self {
            Self::System => tokio::time::sleep_until(until.into()).await,
            #[cfg(test)]
            Self::Manual(manual) => {
                let wait = until.saturating_duration_since(self.instant());
                manual.turn(wait);
            }
        }
    }
}

#[cfg(test)]
impl Manual {
    pub(crate) fn new() -> std::sync::Arc<Self> {
        std::sync::Arc::new(Self {
            start: (OffsetDateTime::now_utc(), Instant::now()),
            passed: std::sync::Mutex::default(),
        })
    }

    /// Lets time pass.
    pub(crate) fn turn(&self, duration: Duration) {
        *self.passed.lock().unwrap() += duration;
    }

    /// How much of it has passed.
    pub(crate) fn passed(&self) -> Duration {
        *self.passed.lock().unwrap()
    }
}

//! One place of the store: what is stored there, and what the cache still shows of earlier times.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::Object;

/// What is stored under one name.
///
/// A write with a lag leaves behind what was there before, with the time until which the cache shows that. Reads see the
/// oldest of these whose time has not come. So the cache shows all states in their order, and never goes back.
#[derive(Debug, Default)]
pub(super) struct Slot {
    stored: Option<Object>,
    earlier: VecDeque<(Instant, Option<Object>)>,
}

impl Slot {
    /// A slot with an object that the cache knows.
    pub(super) fn holding(object: Object) -> Self {
        Self {
            stored: Some(object),
            earlier: VecDeque::new(),
        }
    }

    /// What is stored.
    pub(super) fn stored(&self) -> Option<&Object> {
        self.stored.as_ref().filter(|object| !object.is_expired())
    }

    /// What is stored.
    pub(super) fn stored_mut(&mut self) -> Option<&mut Object> {
        self.stored.as_mut().filter(|object| !object.is_expired())
    }

    /// Stores an object, or that there is none. The cache shows it after `lag`.
    pub(super) fn set(&mut self, object: Option<Object>, lag: Duration) {
        let before = std::mem::replace(&mut self.stored, object);
        if lag.is_zero() {
            self.earlier.clear();
        } else if let Some(until) = Instant::now().checked_add(lag) {
            self.forget_earlier();
            if self.earlier.len() >= MAX_EARLIER {
                self.earlier.pop_front();
            }
            self.earlier.push_back((until, before));
        }
    }

    /// What the cache shows.
    pub(super) fn cached(&mut self, lagging: bool) -> Option<&mut Object> {
        self.forget_earlier();
        let shown = match self.earlier.front_mut() {
            Some((_, earlier)) if lagging => earlier.as_mut(),
            _ => self.stored.as_mut(),
        };
        shown.filter(|object| !object.is_expired())
    }

    /// Whether nothing is stored and the cache shows nothing.
    pub(super) fn is_empty(&mut self) -> bool {
        self.forget_earlier();
        self.stored().is_none() && self.earlier.is_empty()
    }

    fn forget_earlier(&mut self) {
        let now = Instant::now();
        let past = |(until, _): &(Instant, Option<Object>)| *until <= now;
        while self.earlier.front().is_some_and(past) {
            self.earlier.pop_front();
        }
    }
}

/// Most states that the cache lags behind. With more it catches up earlier.
const MAX_EARLIER: usize = 100;

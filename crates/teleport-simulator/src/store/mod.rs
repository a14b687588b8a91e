//! What a cluster stores: one store for objects of every kind, and the reset tokens. Every method is one atomic step.
//!
//! Writes are checked against what is stored. Reads are answered from a cache that follows the writes after the read lag, as on a
//! real server.

mod kind;
pub(crate) mod object;
mod refusal;
mod reset_tokens;
mod slot;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use prost::Message;
use prost_reflect::DynamicMessage;
use teleport_proto::types::UserTokenV3;

use self::slot::Slot;
pub(crate) use self::{
    kind::{Composed, Kind, Op, Page, Sight, Write},
    object::{Beside, Object},
    refusal::Refusal,
    reset_tokens::Reset,
};
use crate::{
    rules::{self, metadata, workload_cluster::Names},
    scenario::Edition,
};

/// What one cluster stores.
#[derive(Debug)]
pub(crate) struct Store {
    // A std mutex: it is never held across an await.
    state: Mutex<State>,
}

/// How long reads lag behind writes. All clusters of a simulator have the same lag, which can change while they run.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadLag(Arc<AtomicU64>);

/// The objects of one cluster, for functions that need several steps to be one.
#[derive(Debug)]
pub(crate) struct State {
    objects: BTreeMap<&'static str, BTreeMap<String, Slot>>,
    reset_tokens: BTreeMap<String, UserTokenV3>,
    /// Names of workload clusters that cannot be used, and how new ones start.
    pub(crate) names: Names,
    pub(crate) edition: Edition,
    lag: ReadLag,
}

impl ReadLag {
    /// Sets the lag. Zero lets the cache catch up at once.
    pub(crate) fn set(&self, lag: Duration) {
        let nanos = u64::try_from(lag.as_nanos()).unwrap_or(u64::MAX);
        self.0.store(nanos, Ordering::Relaxed);
    }

    /// The lag.
    pub(crate) fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

impl Store {
    pub(crate) fn new(names: Names, edition: Edition, lag: ReadLag) -> Self {
        let mut state = State {
            objects: BTreeMap::new(),
            reset_tokens: BTreeMap::new(),
            names,
            edition,
            lag,
        };
        for kind in rules::KINDS {
            if let Some(make) = kind.singleton {
                let mut message = make();
                object::set_revision(&mut message, metadata::revision());
                let object = Object::new(message, Beside::Nothing);
                let name = object::name(&object.message);
                state.slots(kind).insert(name, Slot::holding(object));
            }
        }
        let state = Mutex::new(state);
        Self { state }
    }

    /// The state, for several steps that are one.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One object as it is stored.
    pub(crate) fn get<T: Message + Default>(&self, kind: &Kind, name: &str) -> Result<T, Refusal> {
        self.lock().typed(kind, name)
    }

    /// Every object of a kind as it is stored, in the order of the names.
    pub(crate) fn all<T: Message + Default>(&self, kind: &Kind) -> Vec<T> {
        let state = self.lock();
        let objects = state.stored(kind);
        objects
            .filter_map(|(_, object)| object::typed(&object.message).ok())
            .collect()
    }

    /// Those of `names` that are stored.
    pub(crate) fn some<T: Message + Default>(&self, kind: &Kind, names: &[String]) -> Vec<T> {
        let state = self.lock();
        let found = names.iter().filter_map(|name| state.typed(kind, name).ok());
        found.collect()
    }

    /// Creates or replaces an object in the name of the server itself, without lag.
    pub(crate) fn put<T: Message>(&self, kind: &'static Kind, object: &T) -> Result<(), Refusal> {
        let message = object::untyped(kind.message, object)?;
        self.write(kind, Write::new(Op::Upsert, message)).map(drop)
    }

    /// Carries out a write without lag.
    pub(crate) fn write(
        &self,
        kind: &'static Kind,
        write: Write,
    ) -> Result<DynamicMessage, Refusal> {
        self.lock().without_lag(|state| state.write(kind, write))
    }

    /// Removes an object, even if others depend on it, without lag. False when there is none.
    pub(crate) fn remove(&self, kind: &'static Kind, name: &str) -> bool {
        self.lock().without_lag(|state| match kind.composed {
            Some(composed) => (composed.delete)(state, name).is_ok(),
            None => state.take(kind, name),
        })
    }
}

impl State {
    /// Reads one object, as a caller does.
    pub(crate) fn read(&mut self, kind: &Kind, name: &str) -> Result<DynamicMessage, Refusal> {
        if let Some(composed) = kind.composed {
            return (composed.read)(self, name);
        }
        let object = self
            .cached(kind, name)
            .filter(|object| (kind.known)(object));
        let object = object.ok_or_else(|| (kind.missing)(name))?;
        Ok((kind.show)(object, Sight::Read))
    }

    /// Looks at one object as it is stored, past the cache. Looking does not count as a read.
    pub(crate) fn look(&mut self, kind: &Kind, name: &str) -> Result<DynamicMessage, Refusal> {
        if let Some(composed) = kind.composed {
            return self.without_lag(|state| (composed.read)(state, name));
        }
        let object = self.stored_mut(kind, name);
        let object = object.filter(|object| (kind.known)(object));
        let object = object.ok_or_else(|| (kind.missing)(name))?;
        Ok((kind.show)(object, Sight::Looked))
    }

    /// Looks at every object of a kind as it is stored, in the order of the names.
    pub(crate) fn look_at_all(&mut self, kind: &Kind) -> Vec<DynamicMessage> {
        self.without_lag(|state| state.list(kind, "", usize::MAX, |_| true).items)
    }

    /// Does something as if there were no lag: it sees what is stored, and the cache shows at once what it writes.
    pub(crate) fn without_lag<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> T {
        let lag = std::mem::take(&mut self.lag);
        let answer = act(self);
        self.lag = lag;
        answer
    }

    /// A page of the objects from the name `start` on, of at most `size`, that are `wanted`.
    pub(crate) fn list(
        &mut self,
        kind: &Kind,
        start: &str,
        size: usize,
        wanted: impl Fn(&DynamicMessage) -> bool,
    ) -> Page {
        if let Some(composed) = kind.composed {
            return (composed.list)(self, start, size);
        }
        let lagging = !self.lag.get().is_zero();
        let slots = self.slots(kind).iter_mut();
        let mut page = Page::default();
        for (name, slot) in slots {
            let Some(object) = slot.cached(lagging).filter(|object| (kind.known)(object)) else {
                continue;
            };
            page.total += 1;
            if name.as_str() < start || !wanted(&object.message) || page.next.is_some() {
                continue;
            }
            if page.items.len() == size {
                page.next = Some(name.clone());
            } else {
                page.items.push((kind.show)(object, Sight::Listed));
            }
        }
        page
    }

    /// Writes one object. The answer is what the caller sees of it.
    pub(crate) fn write(
        &mut self,
        kind: &'static Kind,
        mut write: Write,
    ) -> Result<DynamicMessage, Refusal> {
        if let Some(composed) = kind.composed {
            return (composed.write)(self, write);
        }
        if write.message.encoded_len() > MAX_BYTES {
            let text = format!("{} is larger than {MAX_BYTES} bytes", kind.name);
            return Err(Refusal::invalid(text));
        }
        (kind.check)(&mut write, self)?;
        let name = object::name(&write.message);
        write.old = self.object(kind, &name).cloned();
        match (write.op, &write.old) {
            (Op::Create, Some(_)) => return Err((kind.exists)(&name)),
            (Op::Update, None) => return Err((kind.update_missing)(&name)),
            (Op::Update, Some(old))
                if object::revision(&old.message) != object::revision(&write.message) =>
            {
                return Err(Refusal::stale());
            }
            _ => (),
        }
        if write.old.is_none() {
            self.check_room(kind)?;
        }
        (kind.place)(&mut write, self)?;
        object::set_revision(&mut write.message, metadata::revision());
        let mut object = Object::new(write.message, write.beside);
        let shown = (kind.show)(&mut object, Sight::Written);
        self.set(kind, &name, Some(object));
        Ok(shown)
    }

    /// Deletes one object.
    pub(crate) fn delete(&mut self, kind: &'static Kind, name: &str) -> Result<(), Refusal> {
        if let Some(composed) = kind.composed {
            return (composed.delete)(self, name);
        }
        (kind.may_delete)(self, name)?;
        let is_known = self.object(kind, name).is_some_and(kind.known);
        if !is_known || !self.take(kind, name) {
            return Err((kind.missing)(name));
        }
        Ok(())
    }

    /// Removes one object, even if others depend on it. False when there is none.
    pub(crate) fn take(&mut self, kind: &'static Kind, name: &str) -> bool {
        let found = self.object(kind, name).is_some();
        if found {
            self.set(kind, name, None);
            (kind.deleted)(self, name);
        }
        found
    }

    /// One object as it is stored.
    pub(crate) fn object(&self, kind: &Kind, name: &str) -> Option<&Object> {
        self.objects.get(kind.kept_as())?.get(name)?.stored()
    }

    /// One object as it is stored, typed.
    pub(crate) fn typed<T: Message + Default>(
        &self,
        kind: &Kind,
        name: &str,
    ) -> Result<T, Refusal> {
        let object = self.object(kind, name);
        object::typed(&object.ok_or_else(|| (kind.missing)(name))?.message)
    }

    /// Every object of a kind as it is stored, in the order of the names.
    pub(crate) fn stored(&self, kind: &Kind) -> impl Iterator<Item = (&String, &Object)> {
        let slots = self.objects.get(kind.kept_as()).into_iter().flatten();
        slots.filter_map(|(name, slot)| Some((name, slot.stored()?)))
    }

    /// One object as it is stored, to change what the message does not show.
    pub(crate) fn stored_mut(&mut self, kind: &Kind, name: &str) -> Option<&mut Object> {
        let slots = self.objects.get_mut(kind.kept_as())?;
        slots.get_mut(name)?.stored_mut()
    }

    /// Changes one object without the API. `None` when there is none.
    pub(crate) fn change<T>(
        &mut self,
        kind: &Kind,
        name: &str,
        change: impl FnOnce(&mut Object) -> T,
    ) -> Option<T> {
        let mut object = self.object(kind, name)?.clone();
        let answer = change(&mut object);
        self.set(kind, name, Some(object));
        Some(answer)
    }

    /// One object as the cache shows it.
    fn cached(&mut self, kind: &Kind, name: &str) -> Option<&mut Object> {
        let lagging = !self.lag.get().is_zero();
        let slots = self.objects.get_mut(kind.kept_as())?;
        slots.get_mut(name)?.cached(lagging)
    }

    fn set(&mut self, kind: &Kind, name: &str, object: Option<Object>) {
        let lag = self.lag.get();
        let slot = self.slots(kind).entry(name.to_owned()).or_default();
        slot.set(object, lag);
    }

    fn slots(&mut self, kind: &Kind) -> &mut BTreeMap<String, Slot> {
        self.objects.entry(kind.kept_as()).or_default()
    }

    /// Checks that there is room for one more, and makes it where objects are gone.
    fn check_room(&mut self, kind: &Kind) -> Result<(), Refusal> {
        let slots = self.slots(kind);
        if slots.len() >= kind.most {
            slots.retain(|_, slot| !slot.is_empty());
        }
        match slots.len() >= kind.most {
            true => Err(Refusal::too_many(&format!("{} objects", kind.name))),
            false => Ok(()),
        }
    }
}

/// Largest object, encoded. Together with the numbers of objects it bounds the memory.
const MAX_BYTES: usize = 256 * 1024;

#[cfg(test)]
mod tests;

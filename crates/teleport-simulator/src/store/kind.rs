//! What describes a kind of objects: a row of the table in `rules`.

use prost::Message;
use prost_reflect::{DynamicMessage, ReflectMessage};

use super::{Beside, Object, Refusal, State, object};
use crate::tenant::Settings;

/// A kind of objects: what the store, the calls and the control API need to know of it. Special rules are functions.
pub(crate) struct Kind {
    /// Its name in the rules of roles and in the control API.
    pub(crate) name: &'static str,
    /// Full name of its message.
    pub(crate) message: &'static str,
    /// gRPC service and the methods of it that are about this kind.
    pub(crate) service: &'static str,
    pub(crate) calls: &'static [(&'static str, Op)],
    /// The kind as which its objects are kept, if it is another way to see that kind.
    pub(crate) kept_as: Option<&'static str>,
    /// Whether callers of it see an object.
    pub(crate) known: fn(&Object) -> bool,
    /// Most objects of it in one cluster.
    pub(crate) most: usize,
    /// Whether the cluster offers it.
    pub(crate) offered: fn(&Settings) -> Result<(), Refusal>,
    /// Whether users read an object without having the right to.
    pub(crate) readable: fn(&crate::grpc::access::Caller, &str) -> bool,
    /// Label of objects that belong to Teleport itself, and its value if only one counts.
    pub(crate) system: Option<(&'static str, Option<&'static str>)>,
    /// Checks an object before it is written and fills in defaults. It runs before existence and revision are checked.
    pub(crate) check: fn(&mut Write, &State) -> Result<(), Refusal>,
    /// Combines the object with what is stored. It runs after existence and revision are checked.
    pub(crate) place: fn(&mut Write, &State) -> Result<(), Refusal>,
    /// What a caller sees of a stored object.
    pub(crate) show: fn(&mut Object, Sight) -> DynamicMessage,
    /// Whether an object can be deleted.
    pub(crate) may_delete: fn(&State, &str) -> Result<(), Refusal>,
    /// What else changes when an object is deleted.
    pub(crate) deleted: fn(&mut State, &str),
    /// The answer about an object that is not there.
    pub(crate) missing: fn(&str) -> Refusal,
    /// The answer to a create of an object that is there.
    pub(crate) exists: fn(&str) -> Refusal,
    /// The answer to an update of an object that is not there.
    pub(crate) update_missing: fn(&str) -> Refusal,
    /// There is exactly one, made by this function, with the name in its metadata.
    pub(crate) singleton: Option<fn() -> DynamicMessage>,
    /// It is kept as objects of other kinds.
    pub(crate) composed: Option<&'static Composed>,
}

/// How to reach objects that are kept as objects of other kinds. The names of the functions are those of the store's.
pub(crate) struct Composed {
    pub(crate) read: fn(&mut State, &str) -> Result<DynamicMessage, Refusal>,
    pub(crate) list: fn(&mut State, &str, usize) -> Page,
    pub(crate) write: fn(&mut State, Write) -> Result<DynamicMessage, Refusal>,
    pub(crate) delete: fn(&mut State, &str) -> Result<(), Refusal>,
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Get,
    List,
    Create,
    Update,
    Upsert,
    Delete,
    /// Puts a singleton back to its defaults.
    Reset,
}

/// Through what an object is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// The answer to a write.
    Written,
    /// A read of one.
    Read,
    /// A list.
    Listed,
    /// The control API.
    Looked,
}

/// A page of a list.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) items: Vec<DynamicMessage>,
    /// Name of the first item of the next page.
    pub(crate) next: Option<String>,
    /// How many there are on all pages.
    pub(crate) total: usize,
}

/// A write of one object.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    /// Create, update or upsert.
    pub(crate) op: Op,
    /// The user that writes. `None` is the server itself.
    pub(crate) caller: Option<String>,
    /// Fields of an update that changes no others.
    pub(crate) mask: Option<Vec<String>>,
    pub(crate) message: DynamicMessage,
    pub(crate) beside: Beside,
    /// What is stored, once that is known.
    pub(crate) old: Option<Object>,
}

impl Write {
    pub(crate) fn new(op: Op, message: DynamicMessage) -> Self {
        Self {
            op,
            caller: None,
            mask: None,
            message,
            beside: Beside::Nothing,
            old: None,
        }
    }

    /// Changes the typed form of the message.
    pub(crate) fn edit<T: Message + Default>(
        &mut self,
        edit: impl FnOnce(&mut T) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let mut typed: T = object::typed(&self.message)?;
        edit(&mut typed)?;
        let name = self.message.descriptor().full_name().to_owned();
        self.message = object::untyped(&name, &typed)?;
        Ok(())
    }

    /// The typed form of what is stored.
    pub(crate) fn old<T: Message + Default>(&self) -> Result<Option<T>, Refusal> {
        let old = self.old.as_ref();
        old.map(|old| object::typed(&old.message)).transpose()
    }
}

impl Kind {
    /// The name of the kind as which its objects are kept.
    pub(crate) fn kept_as(&self) -> &'static str {
        self.kept_as.unwrap_or(self.name)
    }

    /// What most kinds are like. A row says what is different.
    pub(crate) const DEFAULT: Self = Self {
        name: "",
        message: "",
        service: "",
        calls: &[],
        kept_as: None,
        known: |_| true,
        most: 1_000,
        offered: |_| Ok(()),
        readable: |_, _| false,
        system: None,
        check: |_, _| Ok(()),
        place: |_, _| Ok(()),
        show: |object, _| object.message.clone(),
        may_delete: |_, _| Ok(()),
        deleted: |_, _| (),
        missing: |name| Refusal::not_found(format!("{name:?} is not found")),
        // The backend's own text, which does not know what it stores.
        exists: |_| Refusal::exists("UNIQUE constraint failed: kv.key"),
        update_missing: |_| Refusal::stale(),
        singleton: None,
        composed: None,
    };
}

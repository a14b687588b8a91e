//! Which call each step of a recording was, and what it sent.

use prost_reflect::{DynamicMessage, ReflectMessage, Value as Field};

use crate::{
    rules,
    store::{Kind, Op, object},
};

/// What a step sends, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sends {
    /// What the case is about.
    Original,
    /// The same, with the revision that is stored.
    OriginalNow,
    /// What the last read answered, with another description.
    Changed,
    /// What was sent for the change before, revision and all.
    ChangedAgain,
    /// A change of these fields of a bot.
    Masked(Vec<String>),
    /// A name.
    Name,
    /// Nothing.
    Nothing,
}

/// The call of a step and what it sends. `None` for a step that is not known.
pub(super) fn step(kind: &Kind, name: &str) -> Option<(Op, Sends)> {
    let (word, rest) = name.split_once(' ').unwrap_or((name, ""));
    Some(match word {
        "create" | "create-again" => (Op::Create, Sends::Original),
        "upsert" | "upsert-new" | "upsert-original" | "upsert-again" => {
            (Op::Upsert, Sends::Original)
        }
        "get" | "get-updated" | "get-changed" | "get-original" | "get-again" | "get-reset" => {
            (Op::Get, Sends::Name)
        }
        "update" if kind.name == "bot" => {
            let path = |path: &str| format!("spec.{path}");
            (
                Op::Update,
                Sends::Masked(rest.split('+').map(path).collect()),
            )
        }
        "update-mask" => {
            let paths = rest.split('+').filter(|path| !path.is_empty());
            (
                Op::Update,
                Sends::Masked(paths.map(str::to_owned).collect()),
            )
        }
        "update" => (Op::Update, Sends::Changed),
        "update-stale" => (Op::Update, Sends::ChangedAgain),
        "update-original" => (Op::Update, Sends::OriginalNow),
        "update-missing" => (Op::Update, Sends::Original),
        "upsert-changed" => (Op::Upsert, Sends::Changed),
        "upsert-stale" => (Op::Upsert, Sends::ChangedAgain),
        "delete" | "delete-again" => (Op::Delete, Sends::Name),
        "reset" => (Op::Reset, Sends::Nothing),
        _ => return None,
    })
}

/// The kind that recordings name so.
pub(super) fn kind(name: &str) -> Option<&'static Kind> {
    match name {
        "provision_token" => rules::kind("token"),
        name => rules::kind(name),
    }
}

/// Path and request message of a call.
pub(super) fn request(kind: &Kind, op: Op) -> (String, DynamicMessage) {
    let (name, _) = kind.calls.iter().find(|(_, known)| *known == op).unwrap();
    let service = teleport_proto::descriptors().get_service_by_name(kind.service);
    let method = service
        .unwrap()
        .methods()
        .find(|method| method.name() == *name);
    let request = DynamicMessage::new(method.unwrap().input());
    (format!("/{}/{name}", kind.service), request)
}

/// Puts an object into a request.
pub(super) fn put_object(request: &mut DynamicMessage, kind: &Kind, object: DynamicMessage) {
    let descriptor = request.descriptor();
    let field = descriptor.fields().find(|field| {
        let kind_of_field = field.kind();
        let message = kind_of_field.as_message();
        message.is_some_and(|message| message.full_name() == kind.message)
    });
    request.set_field(&field.unwrap(), Field::Message(object));
}

/// The object with the description `changed`.
pub(super) fn changed(mut object: DynamicMessage) -> DynamicMessage {
    if let Some(Field::Message(metadata)) = object.get_field_by_number_mut(4) {
        metadata.set_field_by_number(3, Field::String("changed".to_owned()));
    }
    object
}

/// The object with the revision of `stored`.
pub(super) fn at_revision_of(mut sent: DynamicMessage, stored: &DynamicMessage) -> DynamicMessage {
    let revision = object::revision(stored);
    object::set_revision(&mut sent, revision);
    sent
}

/// What every masked change of a bot in the recordings sends.
pub(super) const MASKED_BOT: &str = r#"{"spec": {"roles": ["access", "editor"],
    "traits": [{"name": "logins", "values": ["x"]}], "max_session_ttl": "7200s"}}"#;

//! Taking fields out of messages.

use prost_reflect::{DynamicMessage, FieldDescriptor, ReflectMessage as _, Value as Field};

/// Takes a field out of a message, with all that is in it. The path has the names of the attributes.
pub(crate) fn clear_at(message: &mut DynamicMessage, path: &[&str]) {
    let Some((name, rest)) = path.split_first() else {
        return;
    };
    let field = named_field(message, name);
    let Some(field) = field.filter(|field| message.has_field(field)) else {
        return;
    };
    if rest.is_empty() {
        message.clear_field(&field);
    } else if let Field::Message(inner) = message.get_field_mut(&field) {
        clear_at(inner, rest);
    }
}

/// Takes a message out in which nothing is set: to the server it would say that nothing is to be filled in.
pub(super) fn clear_blank(message: &mut DynamicMessage, path: &[&str]) {
    let Some((name, rest)) = path.split_first() else {
        return;
    };
    let field = named_field(message, name);
    let Some(field) = field.filter(|field| message.has_field(field)) else {
        return;
    };
    let Field::Message(inner) = message.get_field_mut(&field) else {
        return;
    };
    if !rest.is_empty() {
        clear_blank(inner, rest);
    } else if is_blank(inner) {
        message.clear_field(&field);
    }
}

/// Whether nothing is set in a message, nor in the messages in it.
fn is_blank(message: &DynamicMessage) -> bool {
    message.unknown_fields().next().is_none()
        && message.fields().all(|(_, value)| match value {
            Field::Message(inner) => is_blank(inner),
            _ => false,
        })
}

/// The field of an attribute: legacy messages have its name as their JSON name.
fn named_field(message: &DynamicMessage, name: &str) -> Option<FieldDescriptor> {
    let descriptor = message.descriptor();
    let found = descriptor.get_field_by_json_name(name);
    found.or_else(|| descriptor.get_field_by_name(name))
}

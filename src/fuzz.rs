//! The fuzz target: a server may send any bytes. `fuzz/README.md` says how it runs.

use std::sync::LazyLock;

use prost_reflect::DynamicMessage;
use tfplugin::{Block, Value, codec::dynamic_value};

use crate::{engine::descriptor, kinds, mapping::Mapping};

/// A message that a server sends: on the first byte the number of its kind, then the message. It becomes a value of its schema,
/// which says the same as itself, and which can be written back.
pub fn mapping(bytes: &[u8]) {
    let Some((number, bytes)) = bytes.split_first() else {
        return;
    };
    for mapping in &MAPPINGS[usize::from(*number) % MAPPINGS.len()] {
        let Ok(message) = DynamicMessage::decode(mapping.descriptor().clone(), bytes) else {
            return;
        };
        let mut block = Block::new("");
        block.attributes = mapping.schema_attributes();
        let ty = block.ty();
        let value = mapping.to_value(&message);
        for value in [&value, &mapping.to_full_value(&message)] {
            let written = dynamic_value::encode(value, &ty).expect("it must have the type");
            let read = dynamic_value::decode(Some(&written), &ty);
            assert_eq!(&read.expect("it must be readable"), value);
            assert!(mapping.same(value, value));
            assert_eq!(&mapping.reconcile(value.clone(), value), value);
        }
        settles(&value, message, mapping);
    }
}

/// Writes a value back. That adds defaults; written back once more, nothing changes. Times and durations that no text can say,
/// and more than one member of a oneof, are errors: nothing is sent then.
fn settles(value: &Value, mut message: DynamicMessage, mapping: &Mapping) {
    if mapping.merge_into(value, &mut message).is_err() {
        return;
    }
    let written = mapping.to_value(&message);
    let again = mapping.merge_into(&written, &mut message);
    again.expect("what was written must be writable");
    assert_eq!(mapping.to_value(&message), written);
}

/// Of each kind what is shown, and what is sent.
static MAPPINGS: LazyLock<Vec<[Mapping; 2]>> = LazyLock::new(|| {
    let mappings = kinds::ALL.iter().map(|kind| {
        let message = descriptor(kind);
        [(kind.rules)().all_optional_computed(), (kind.rules)()]
            .map(|rules| Mapping::new(message.clone(), rules).expect("the rules must fit"))
    });
    mappings.collect()
});

#[cfg(test)]
#[path = "../fuzz/bounded.rs"]
mod bounded;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapping_on_bounded_inputs() {
        bounded::run("mapping", mapping, 1_500, &[]);
    }
}

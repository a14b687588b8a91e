//! What to do about an object that exists already.

use super::Kind;

/// The advice. `id` is the import id of the object, and `replaces` whether the plan puts it in the place of another one.
pub(crate) fn what_to_do(kind: &Kind, name: &str, id: &str, replaces: bool) -> String {
    let noun = kind.noun;
    let what = if kind.name_is_secret {
        format!("A {noun} of this name")
    } else {
        format!("The {noun} {name:?}")
    };
    let other = format!("To create another {noun}, use another metadata.name.");
    if replaces {
        return format!(
            "{what} exists already. If an earlier apply of this change was interrupted, it is the new {noun}, and the state still \
             has the old one under the address of this resource. To keep the new one and destroy the old one, with that address \
             for ADDRESS:\n\n  terraform state mv ADDRESS ADDRESS_old\n  terraform import ADDRESS {id:?}\n  terraform apply\n\n\
             If the state has nothing under that address (terraform state list), leave out the first command. {other}"
        );
    }
    format!(
        "{what} exists already. To manage it with this configuration, import it. ADDRESS is the address of this resource:\n\n  \
         import {{\n    to = ADDRESS\n    id = {id:?}\n  }}\n\nIf it is this resource, and the plan shows that it is tainted: \
         terraform untaint ADDRESS. {other}"
    )
}

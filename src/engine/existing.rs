//! What to do about an object that exists already.

use super::Kind;

/// The advice. `id` is the import id of the object.
///
/// With create_before_destroy core does not say that the new object replaces another one. So this has to hold for all that the
/// state may have under the address of the resource.
pub(crate) fn what_to_do(kind: &Kind, name: &str, id: &str) -> String {
    let noun = kind.noun;
    let what = if kind.name_is_secret {
        format!("A {noun} of this name")
    } else {
        format!("The {noun} {name:?}")
    };
    format!(
        "{what} exists already. What to do depends on what the state has under the address of this resource (terraform state \
         show ADDRESS).\n\nNothing: to manage the {noun} with this configuration, import it.\n\n  import {{\n    to = ADDRESS\n    \
         id = {id:?}\n  }}\n\nThis {noun}: if it is tainted, terraform untaint ADDRESS. Otherwise undo the change, or leave out \
         -replace: create_before_destroy creates the new one first, and both have the same name.\n\nAnother {noun}: an earlier \
         apply of this change was interrupted. To keep the new one and destroy the old one, add the import block above, and then:\n\n  \
         terraform state mv ADDRESS ADDRESS_old\n  terraform apply\n\nTo create another {noun}, use another metadata.name."
    )
}

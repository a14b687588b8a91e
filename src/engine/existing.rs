//! What to do about an object that exists already.

use super::{Kind, private_state::Planned};

/// The plan whose create is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// It creates an object.
    Create,
    /// It replaces an object of another name, or in another cluster.
    Rename,
    /// It replaces an object by one of the same name, and creates the new one first.
    Recreate,
}

impl Plan {
    /// The plan that left this note.
    pub(crate) fn of(note: Option<&Planned>) -> Self {
        match note.and_then(|planned| planned.changed.as_ref()) {
            None => Self::Create,
            Some(changed) if changed.iter().any(|path| IDENTITY.contains(&path.as_str())) => {
                Self::Rename
            }
            Some(_) => Self::Recreate,
        }
    }
}

/// The advice. `id` is the import id of the object.
pub(crate) fn what_to_do(kind: &Kind, name: &str, id: &str, plan: Plan) -> String {
    let noun = kind.noun;
    let what = if kind.name_is_secret {
        format!("A {noun} of this name")
    } else {
        format!("The {noun} {name:?}")
    };
    let other = format!("To create another {noun}, use another metadata.name.");
    match plan {
        Plan::Create => format!(
            "{what} exists already. To manage it with this configuration, import it. ADDRESS is the address of this \
             resource:\n\n  import {{\n    to = ADDRESS\n    id = {id:?}\n  }}\n\nIf it is this resource, and the plan shows that it \
             is tainted: terraform untaint ADDRESS. {other}"
        ),
        Plan::Rename => format!(
            "{what} exists already. If an earlier apply of this change was interrupted, it is the new {noun}, and the state still \
             has the old one under the address of this resource. To keep the new one and destroy the old one, with that address \
             for ADDRESS:\n\n  terraform state mv ADDRESS ADDRESS_old\n  terraform import ADDRESS {id:?}\n  terraform apply\n\n\
             If the state has nothing under that address (terraform state list), leave out the first command. {other}"
        ),
        Plan::Recreate => format!(
            "{what} exists already: with create_before_destroy the new one is created first, and both have the same name. \
             Nothing was changed. To keep the {noun}, undo the change, or leave out -replace. {other}"
        ),
    }
}

/// What tells one object from another.
const IDENTITY: [&str; 2] = ["metadata.name", "cluster"];

//! `teleport_bot`, a bot, as resource and as data source.

mod flat;
mod rules;
pub(super) mod validate;

use teleport_client::{Answer, ListRpc, MaskedRpc, ObjectRpcs, Request, Rpc};

use crate::engine::{Kind, ServerFilled};

pub(crate) use flat::{BotResource, found};

/// Bots.
pub(crate) const BOT: Kind = Kind {
    type_name: "teleport_bot",
    noun: "bot",
    description: "A bot: an identity for a machine, such as a CI job or a server. It joins the cluster with a join token that names \
                  it (`teleport_provision_token`), and gets certificates for its roles.\n\n\
                  The cluster stores a bot as a user and a role, both named `bot-` and the name of the bot.\n\n\
                  `metadata` and `spec` describe the bot. The attributes `name`, `roles` and `traits` next to them are the older form \
                  of the official provider. They are deprecated, and the two forms cannot be mixed. To go from one to the other, \
                  write the same values in the other form: the next apply changes only the state.",
    rpcs: ObjectRpcs {
        message: "teleport.machineid.v1.Bot",
        get: rpc("GetBot", Request::Name("bot_name"), Answer::Object),
        create: rpc("CreateBot", Request::Object("bot"), Answer::Object),
        update: Some(rpc("UpsertBot", Request::Object("bot"), Answer::Object)),
        masked: Some(MaskedRpc {
            rpc: rpc("UpdateBot", Request::Object("bot"), Answer::Object),
            mask: "update_mask",
            paths: &["spec.roles", "spec.traits", "spec.max_session_ttl"],
        }),
        delete: rpc("DeleteBot", Request::Name("bot_name"), Answer::Empty),
        list: Some(ListRpc::new(
            "teleport.machineid.v1.BotService",
            "ListBots",
            "bots",
        )),
    },
    rules: rules::rules,
    server_filled: &[
        ServerFilled::new("spec"),
        ServerFilled::new("spec.max_session_ttl"),
    ],
    read_only: &["metadata.revision", "status"],
    not_kept: &["metadata.description", "metadata.namespace", "sub_kind"],
    same_meaning: &[("spec.traits", rules::same_traits)],
    review: rules::review,
    left_behind: rules::left_behind,
    ..Kind::DEFAULT
};

const fn rpc(name: &'static str, request: Request, answer: Answer) -> Rpc {
    Rpc::new("teleport.machineid.v1.BotService", name, request, answer)
}

#[cfg(test)]
mod tests;

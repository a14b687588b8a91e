//! `teleport_user_invite`, a link by which a user sets password and MFA device for the first time.
//!
//! A cluster can create such a link, but neither list nor revoke it. So the resource is created once. A link that was used or
//! has expired is no reason to create another one, because that would remove the user's credentials.

mod invited;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tfplugin::{
    Applied, Attribute, Block, Call, Create, Delete, Diagnostics, Path, PlannedChange, Private,
    Resource, Schema, Type, Update, Value,
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use self::invited::{Found, invited, look};
use crate::{
    clusters::{
        ProviderData,
        target::{CLUSTER, cluster_attribute, is_same_cluster},
    },
    duration,
    engine::{Shape, private_state::PrivateState, run::Run},
    errors::{self, Summary},
    kinds::{metadata, user},
};

/// The resource `teleport_user_invite`.
pub(crate) struct UserInviteResource {
    schema: Schema,
    users: Arc<Shape>,
}

impl UserInviteResource {
    pub(crate) fn new() -> Self {
        Self {
            schema: schema(),
            users: Shape::of(user::USER),
        }
    }
}

fn schema() -> Schema {
    let result = || Attribute::string().computed().use_state_for_unknown();
    let block = Block::new(
        "A link with which a local user sets a password and an MFA device for the first time.\n\nIt is created once, and \
         recreated only when `user`, `cluster` or `keepers` change, not when it was used or has expired. A cluster cannot revoke a \
         link, so destroying the resource only removes it from the state: an unused link works until `expires`.\n\nAn invite \
         cannot be imported, because a cluster does not show the link again.",
    )
    .attribute(
        "user",
        Attribute::string()
            .required()
            .requires_replace()
            .validate(metadata::name)
            .describe(
                "Name of the user, who must be a local one. If this configuration creates the user, refer to it: \
                 `teleport_user.NAME.metadata.name`.",
            ),
    )
    .attribute(
        "ttl",
        Attribute::string()
            .default_to("1h")
            .validate(check_ttl)
            .describe(
                "How long the link works, as a duration such as `30m`, at most `48h`. A change creates no link: it counts for \
                 the next one.",
            ),
    )
    .attribute(
        "keepers",
        Attribute::new(Type::map(Type::String))
            .requires_replace()
            .describe("Any texts, such as a date. A change recreates the link."),
    )
    .attribute(
        "reset",
        Attribute::bool().describe(
            "Whether to create a link for a user who already has a password or an MFA device. The cluster then removes them at \
             once, and does so for every later link: a change of `keepers`, or `-replace`, removes the credentials that were set \
             with the link before. A change of `reset` itself creates no link. Default: `false`.",
        ),
    )
    .attribute(CLUSTER, cluster_attribute("user"))
    .attribute("id", result().describe("Name of the user."))
    .attribute(
        "url",
        result()
            .sensitive()
            .describe("The link. Whoever has it can become the user."),
    )
    .attribute(
        "token_id",
        result().sensitive().describe("The secret part of the link."),
    )
    .attribute(
        "expires",
        result().describe("When the link expires, as RFC 3339 text."),
    );
    Schema::new(block)
}

#[async_trait]
impl Resource<ProviderData> for UserInviteResource {
    fn type_name(&self) -> &str {
        "teleport_user_invite"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    async fn plan(
        &self,
        _call: &Call<ProviderData>,
        change: &mut PlannedChange,
        diags: &mut Diagnostics,
    ) {
        let path = Path::attribute(CLUSTER);
        if is_same_cluster(&change.prior, &change.planned) {
            change.requires_replace.retain(|reason| *reason != path);
        } else if change.requires_replace.contains(&path) {
            errors::warning(Summary::RecreatedInAnotherCluster)
                .at(path)
                .detail(format!(
                    "cluster changes, or is known only after the apply. So the link in the state is removed from it, and another \
                     link is created for the user {:?} in that cluster.",
                    change.prior.field("user").as_str().unwrap_or_default()
                ))
                .add(diags);
        }
    }

    async fn create(&self, call: &Call<ProviderData>, request: Create) -> Applied {
        let run = Run::apply(call);
        let mut diags = Diagnostics::new();
        let (mut state, mut private) = (request.planned, Private::new());
        let created = match invited(&run, &self.users, &state, &mut diags).await {
            Some(invited) => invited.invite(&mut state, &mut private, &mut diags).await,
            None => false,
        };
        Applied {
            state: if created { state } else { Value::Null },
            private,
            diagnostics: diags,
        }
    }

    /// A link cannot be read. But if its workload cluster is gone, the link is gone.
    async fn read(&self, call: &Call<ProviderData>, state: Value, private: Private) -> Applied {
        let run = Run::refresh(call);
        let memory = PrivateState::read(&private);
        let mut diags = Diagnostics::new();
        let gone = match look(&run, &state, &memory, &mut diags).await {
            Found::NoCluster => true,
            Found::User(invited) if !invited.is_in(&memory) => {
                invited.warn_of_dead_link(&mut diags);
                false
            }
            Found::User(_) | Found::Nothing => false,
        };
        Applied {
            state: if gone { Value::Null } else { state },
            private: if gone { Private::new() } else { private },
            diagnostics: diags,
        }
    }

    /// Stores the arguments that count for the next link.
    async fn update(&self, _call: &Call<ProviderData>, request: Update) -> Applied {
        Applied {
            state: request.planned,
            private: request.private,
            diagnostics: Diagnostics::new(),
        }
    }

    async fn delete(&self, _call: &Call<ProviderData>, request: Delete) -> Diagnostics {
        let mut diags = Diagnostics::new();
        let expires = request.prior.field("expires").as_str().unwrap_or_default();
        let has_expired = OffsetDateTime::parse(expires, &Rfc3339)
            .is_ok_and(|time| time <= OffsetDateTime::now_utc());
        if !has_expired {
            let user = request.prior.field("user").as_str().unwrap_or_default();
            errors::warning(Summary::InviteLinkStillWorks)
                .detail(format!(
                    "A cluster cannot revoke the link for the user {user:?}. If it was not used, it works until {expires}. To end \
                     it, delete the user or create another link."
                ))
                .add(&mut diags);
        }
        diags
    }
}

/// The limits of a cluster, by `CreateUserTokenRequest` of lib/auth in gravitational/teleport.
fn check_ttl(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let text = value.as_str().unwrap_or_default();
    let problem = match duration::parse(text) {
        Ok(ttl) if ttl.is_zero() => "it must be longer than zero".to_owned(),
        Ok(ttl) if ttl > LONGEST_TTL => "a cluster creates links for 48h at most".to_owned(),
        Ok(_) => return,
        Err(error) => error.to_string(),
    };
    errors::error(Summary::InvalidAttributeValue)
        .at(path.clone())
        .detail(format!(
            "{path} must be a duration up to 48h{} ({problem}).",
            errors::got(text)
        ))
        .add(diags);
}

const LONGEST_TTL: Duration = Duration::from_secs(48 * 60 * 60);

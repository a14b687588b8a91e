//! `teleport_user_invite`, a link by which a user sets password and MFA device for the first time.
//!
//! A cluster can make such a link, and neither list nor remove it. So the resource is made once; what becomes of the link
//! afterwards - used, expired - is no reason to make another, since that would take the user's credentials away.

use std::time::Duration;

use async_trait::async_trait;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    Cluster,
    cluster::begin_apply,
    errors::call_failed,
    interrupt::unless_stopped,
    target::{self, CLUSTER, Target, cluster_attribute},
    unread, user,
};
use crate::{
    framework::{
        Applied, Attribute, Block, Call, Create, Delete, Diagnostics, Path, PlanKind,
        PlannedChange, Private, Resource, Schema, Type, Update, Value,
    },
    proto::types::{UserTokenV3, UserV2},
    teleport::{Client, Kind, duration},
};

/// The resource `teleport_user_invite`.
pub(super) struct UserInviteResource {
    schema: Schema,
}

impl UserInviteResource {
    pub(super) fn new() -> Self {
        Self { schema: schema() }
    }
}

fn schema() -> Schema {
    let result = || Attribute::string().computed().use_state_for_unknown();
    let block = Block::new(
        "A link by which a local user sets password and MFA device for the first time.\n\nIt is made once, and made anew only \
         when `user`, `cluster` or `keepers` change: not because it was used or has expired. A cluster has no call to take a link back, so \
         destroying the resource forgets it; an unused link works until `expires`.",
    )
    .attribute(
        "user",
        Attribute::string()
            .required()
            .requires_replace()
            .validate(user::name)
            .describe("Name of the user. It must be a local one."),
    )
    .attribute(
        "ttl",
        Attribute::string()
            .default_to("1h")
            .validate(check_ttl)
            .describe(
                "How long the link can be used, as a duration such as `30m`, at most `48h`. A change holds for the next link \
                 and does not make one. Default: `1h`.",
            ),
    )
    .attribute(
        "keepers",
        Attribute::new(Type::map(Type::String))
            .requires_replace()
            .describe("Texts of any meaning. A change makes a new link."),
    )
    .attribute(
        "reset",
        Attribute::bool().describe(
            "Whether to make a link for a user who has a password or an MFA device already. The cluster then takes them away \
             at once. Default: `false`.",
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
        result().describe("Time until which the link can be used, as RFC 3339 text."),
    );
    Schema::new(block)
}

#[async_trait]
impl Resource<Cluster> for UserInviteResource {
    fn type_name(&self) -> &str {
        "teleport_user_invite"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    async fn plan(
        &self,
        call: &Call<Cluster>,
        change: &mut PlannedChange,
        diagnostics: &mut Diagnostics,
    ) {
        target::plan(call, "invite link", change, diagnostics);
        if change.kind == PlanKind::Update
            && change.requires_replace.is_empty()
            && unread::is_marked(&change.private)
        {
            for name in RESULTS {
                change.planned.set_field(name, Value::Unknown);
            }
        }
    }

    async fn create(&self, call: &Call<Cluster>, request: Create) -> Applied {
        begin_apply(call);
        let mut told = Diagnostics::new();
        let (mut state, mut private) = (request.planned, Private::new());
        let made = match invited(call, &state, &mut told).await {
            Some(invited) => invited.invite(&mut state, &mut private, &mut told).await,
            None => false,
        };
        Applied {
            state: if made { state } else { Value::Null },
            private,
            diagnostics: told,
        }
    }

    /// Links cannot be read. But one into a workload cluster that is gone is gone with it.
    async fn read(&self, call: &Call<Cluster>, state: Value, mut private: Private) -> Applied {
        if let Some(cluster) = &call.client {
            cluster.note_read();
        }
        if Target::unknown(&state, call).is_some() {
            // This stays until an apply has looked.
            unread::mark(&mut private);
        }
        let gone = is_cluster_gone(call, &state).await;
        Applied {
            state: if gone { Value::Null } else { state },
            private: if gone { Private::new() } else { private },
            diagnostics: Diagnostics::new(),
        }
    }

    /// Makes a link only where the provider block was not known at the plan, and the user turns out to be another one than was
    /// invited, as in a workload cluster that was made since.
    async fn update(&self, call: &Call<Cluster>, request: Update) -> Applied {
        begin_apply(call);
        let mut told = Diagnostics::new();
        let Update {
            prior,
            planned,
            mut private,
            ..
        } = request;
        let mut state = planned;
        let mut other = None;
        if unread::is_marked(&private) {
            let Some(invited) = invited(call, &state, &mut told).await else {
                return Applied {
                    state: prior,
                    private,
                    diagnostics: told,
                };
            };
            other = Some(invited).filter(|invited| !invited.is_in(&private));
        }
        let made = match other {
            Some(invited) => invited.invite(&mut state, &mut private, &mut told).await,
            None => false,
        };
        if !made {
            for name in RESULTS {
                state.set_field(name, prior.field(name).clone());
            }
        }
        if !told.has_errors() {
            unread::unmark(&mut private);
        }
        Applied {
            state,
            private,
            diagnostics: told,
        }
    }

    async fn delete(&self, call: &Call<Cluster>, request: Delete) -> Diagnostics {
        begin_apply(call);
        let mut told = Diagnostics::new();
        let expires = request.prior.field("expires").as_str().unwrap_or_default();
        let over = OffsetDateTime::parse(expires, &Rfc3339)
            .is_ok_and(|time| time <= OffsetDateTime::now_utc());
        if !over {
            let user = request.prior.field("user").as_str().unwrap_or_default();
            told.warning(
                "Invite Link Not Taken Back",
                format!(
                    "The cluster has no call to take back the link for the user {user:?}. If it was not used, it works until \
                     {expires}. Deleting the user, or making another link, ends it."
                ),
            );
        }
        told
    }
}

/// What keeps this from being found out is told by those who need the cluster.
async fn is_cluster_gone(call: &Call<Cluster>, state: &Value) -> bool {
    if state.field(CLUSTER).is_null() || Target::unknown(state, call).is_some() {
        return false;
    }
    let (mut untold, doing) = (Diagnostics::new(), "looking for the cluster");
    let Some(target) = Target::of(state, call, &mut untold) else {
        return false;
    };
    let look = async {
        match target.client().ping().await {
            Ok(_) => false,
            Err(error) => target.is_gone(&error, doing, &mut Diagnostics::new()).await,
        }
    };
    unless_stopped(&call.stop, doing, &mut untold, look).await == Some(true)
}

/// A user who is to have a link.
struct Invited {
    client: Client,
    name: String,
    user: UserV2,
}

/// The user that a link is for, or an error that says why there is none.
async fn invited(call: &Call<Cluster>, planned: &Value, told: &mut Diagnostics) -> Option<Invited> {
    let target = Target::of(planned, call, told)?.patient();
    let client = target.client().clone();
    let name = planned.field("user").as_str().unwrap_or_default();
    let doing = format!("reading the user {name:?}");
    let users = client.objects(user::USER.rpcs);
    match unless_stopped(&call.stop, &doing, told, users.get(name)).await? {
        Ok(user) => Some(Invited {
            user: user.transcode_to().unwrap_or_default(),
            name: name.to_owned(),
            client,
        }),
        Err(error) if error.kind() == Kind::NotFound => {
            told.attribute_error(
                Path::attribute("user"),
                "User Not Found",
                format!(
                    "There is no user {name:?} to make a link for. If the user is made here, refer to it: user = \
                     teleport_user.NAME.metadata.name."
                ),
            );
            None
        }
        Err(error) => {
            if target.is_gone(&error, &doing, told).await {
                target.missing(&doing, told);
            }
            None
        }
    }
}

impl Invited {
    /// Makes a link and puts it into the state. False if that is an error.
    async fn invite(
        &self,
        state: &mut Value,
        private: &mut Private,
        told: &mut Diagnostics,
    ) -> bool {
        let Self { client, name, user } = self;
        let path = || Path::attribute("user");
        if let Some(why) = not_local(user) {
            told.attribute_error(
                path(),
                "Not a Local User",
                format!("The user {name:?} {why}, and has no password or MFA device to set. An invite is for local users."),
            );
            return false;
        }
        let reset = state.field("reset").as_bool() == Some(true);
        if let (false, Some(what)) = (reset, would_lose(user)) {
            told.attribute_error(
                path(),
                "Credentials Would Be Reset",
                format!(
                    "The user {name:?} {what}. Making a link takes away the user's password and all MFA devices at once, whether \
                     or not the link is used. No link was made.\n\nIf that is what you want, set reset = true. If the user was \
                     invited already, there is nothing to do: take this resource out of the configuration."
                ),
            );
            return false;
        }
        let ttl = duration::parse(state.field("ttl").as_str().unwrap_or_default());
        match client
            .reset_tokens()
            .invite(name, ttl.unwrap_or(DEFAULT_TTL))
            .await
        {
            Ok(token) => {
                unreachable_link(&token, told);
                results(state, &token);
                private.insert(INVITED, self.since());
                true
            }
            Err(error) => {
                let doing = format!("making an invite link for the user {name:?}");
                call_failed(&error, &doing, told);
                false
            }
        }
    }

    /// Whether this is the user that the last link was for, and not another one of the same name.
    fn is_in(&self, private: &Private) -> bool {
        let since = private.get(INVITED).and_then(|since| since.as_str());
        since.is_none_or(|since| since == self.since())
    }

    /// When the user was made, which tells users of one name apart. Empty if the cluster does not say.
    fn since(&self) -> String {
        let spec = self.user.spec.as_ref();
        let made = spec.and_then(|spec| spec.created_by.as_ref()?.time.as_ref());
        made.map(|time| format!("{}.{:09}", time.seconds, time.nanos))
            .unwrap_or_default()
    }
}

/// Why a user does not log in with a password of the cluster. None for those who do.
fn not_local(user: &UserV2) -> Option<String> {
    let labels = user.metadata.as_ref().map(|metadata| &metadata.labels);
    if labels.is_some_and(|labels| labels.contains_key("teleport.internal/bot")) {
        return Some("is a bot".to_owned());
    }
    let spec = user.spec.as_ref()?;
    if let Some(connector) = spec
        .created_by
        .as_ref()
        .and_then(|created_by| created_by.connector.as_ref())
    {
        return Some(format!(
            "comes from the {} connector {:?}",
            connector.r#type, connector.id
        ));
    }
    [
        (&spec.github_identities, "GitHub"),
        (&spec.oidc_identities, "OIDC"),
        (&spec.saml_identities, "SAML"),
    ]
    .into_iter()
    .find(|(identities, _)| !identities.is_empty())
    .map(|(_, kind)| format!("logs in by {kind}"))
}

/// What a user has to lose. None for those who have nothing.
fn would_lose(user: &UserV2) -> Option<&'static str> {
    // As in types.PasswordState and types.MFADeviceKind. Where the cluster does not know, it may have both.
    let status = user.status.unwrap_or_default();
    match (status.password_state, status.mfa_weakest_device) {
        (1, 0 | 1) => None,
        (1, _) => Some("has an MFA device"),
        (2, 0 | 1) => Some("has a password"),
        (2, _) => Some("has a password and an MFA device"),
        _ => Some("may have a password: the cluster does not say"),
    }
}

fn unreachable_link(token: &UserTokenV3, told: &mut Diagnostics) {
    let url = token.spec.as_ref().map(|spec| spec.url.as_str());
    if url.is_some_and(|url| url.contains("<proxyhost>")) {
        told.attribute_warning(
            Path::attribute("url"),
            "Link Without an Address",
            "The cluster knows no public address of a proxy, so it made a link with \"<proxyhost>\" in its place. Put the \
             proxy's address there.",
        );
    }
}

fn results(state: &mut Value, token: &UserTokenV3) {
    let metadata = token.metadata.clone().unwrap_or_default();
    let expires = metadata.expires.and_then(|expires| {
        let time = OffsetDateTime::from_unix_timestamp(expires.seconds).ok()?;
        let nanos = u32::try_from(expires.nanos).ok()?;
        time.replace_nanosecond(nanos).ok()?.format(&Rfc3339).ok()
    });
    let url = token.spec.clone().unwrap_or_default().url;
    state.set_field("id", state.field("user").clone());
    state.set_field("url", url.into());
    state.set_field("token_id", metadata.name.into());
    state.set_field("expires", expires.map_or(Value::Null, Value::from));
}

/// The limits of a cluster, by `CreateUserTokenRequest` of lib/auth in gravitational/teleport.
fn check_ttl(path: &Path, value: &Value, told: &mut Diagnostics) {
    let text = value.as_str().unwrap_or_default();
    let problem = match duration::parse(text) {
        Ok(ttl) if ttl.is_zero() => "it must be longer than nothing".to_owned(),
        Ok(ttl) if ttl > LONGEST_TTL => "a cluster makes links of 48h at most".to_owned(),
        Ok(_) => return,
        Err(error) => error.to_string(),
    };
    told.attribute_error(
        path.clone(),
        "Invalid Attribute Value",
        format!("{path} must be a duration up to 48h, got: {text:?} ({problem})."),
    );
}

const RESULTS: [&str; 3] = ["url", "token_id", "expires"];

/// Which user the last link was for, in private state.
const INVITED: &str = "invited";

const DEFAULT_TTL: Duration = Duration::from_secs(60 * 60);

const LONGEST_TTL: Duration = Duration::from_secs(48 * 60 * 60);

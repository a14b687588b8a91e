//! Bots: each is a user and a role, and nothing else (`lib/auth/machineid/machineidv1`).
//!
//! The user and the role are written one after the other. When the second step fails the first one stays: a create that
//! meets a role of the bot's name leaves a user behind.

use std::collections::{BTreeMap, HashMap};

use prost_reflect::DynamicMessage;
use prost_types::Duration;
use teleport_proto::{
    teleport::{
        header::v1::Metadata,
        machineid::v1::{Bot, BotSpec, BotStatus, Trait},
    },
    types::{RoleV6, UserSpecV2, UserV2},
    wrappers::{LabelValues, StringValues},
};
use tonic::Code;

use super::{BOT, ROLE, USER, role, user::BOT_LABEL};
use crate::store::{Composed, Kind, Op, Page, Refusal, State, Write, object};

/// How to reach bots.
pub(super) static COMPOSED: Composed = Composed {
    read,
    list,
    write,
    delete,
};

/// The bot `name` with `roles`, as callers write it.
pub(crate) fn with_roles(name: &str, roles: &[String]) -> Bot {
    Bot {
        metadata: Some(Metadata {
            name: name.to_owned(),
            ..Metadata::default()
        }),
        spec: Some(BotSpec {
            roles: roles.to_vec(),
            ..BotSpec::default()
        }),
        ..Bot::default()
    }
}

fn read(state: &mut State, name: &str) -> Result<DynamicMessage, Refusal> {
    let key = key(name);
    let user = state.read(&USER, &key);
    let user = user.map_err(|refusal| refusal.during("fetching bot user"))?;
    let role = state.read(&ROLE, &key);
    let role = role.map_err(|refusal| refusal.during("fetching bot role"))?;
    let bot = from_parts(object::typed(&user)?, object::typed(&role)?)?;
    object::untyped(BOT.message, &bot)
}

/// Pages are of users: a page may have fewer bots than it could, or none, and there may still be a next one.
fn list(state: &mut State, start: &str, size: usize) -> Page {
    let users = state.list(&USER, start, size, |_| true);
    let bots = users.items.iter().filter_map(|user| {
        let name = object::labels(user).remove(BOT_LABEL)?;
        read(state, &name).ok()
    });
    Page {
        items: bots.collect(),
        ..users
    }
}

fn write(state: &mut State, write: Write) -> Result<DynamicMessage, Refusal> {
    let bot: Bot = object::typed(&write.message)?;
    if let Some(mask) = &write.mask {
        return update(state, &bot, mask);
    }
    let (op, creating) = (write.op, write.op == Op::Create);
    check(&bot).map_err(|refusal| refusal.during("validating bot"))?;
    let name = bot.metadata.clone().unwrap_or_default().name;
    let generation = state
        .object(&USER, &key(&name))
        .and_then(|user| object::labels(&user.message).remove(GENERATION));
    let (user, role) = into_parts(bot, generation);
    let during = |what: &str| match creating {
        true => format!("creating bot {what}"),
        false => format!("upserting bot {what}"),
    };
    let user = put(state, &USER, op, &user).map_err(|refusal| refusal.during(&during("user")))?;
    let role = put(state, &ROLE, op, &role).map_err(|refusal| refusal.during(&during("role")))?;
    object::untyped(BOT.message, &from_parts(user, role)?)
}

/// Changes the parts that `mask` names, and nothing else. There is no revision to compare.
fn update(state: &mut State, bot: &Bot, mask: &[String]) -> Result<DynamicMessage, Refusal> {
    let name = bot.metadata.clone().unwrap_or_default().name;
    if name.is_empty() {
        let text = "bot.metadata.name: must be non-empty";
        return Err(Refusal::invalid(text));
    }
    if mask.is_empty() {
        let text = "update_mask.paths: must be non-empty";
        return Err(Refusal::invalid(text));
    }
    let mut user: UserV2 = state.typed(&USER, &key(&name))?;
    let mut role: RoleV6 = state.typed(&ROLE, &key(&name))?;
    let spec = bot.spec.clone().unwrap_or_default();
    for path in mask {
        match path.as_str() {
            "spec.roles" => {
                check_roles(&spec.roles)?;
                role::set_impersonated(&mut role, spec.roles.clone());
            }
            "spec.traits" => {
                user.spec.get_or_insert_default().traits = Some(traits(&spec.traits));
            }
            "spec.max_session_ttl" => {
                role::set_session_ttl(&mut role, nanoseconds(spec.max_session_ttl));
            }
            _ => {
                return Err(Refusal::invalid(format!(
                    "update_mask: unsupported path {path:?}"
                )));
            }
        }
    }
    let user = put(state, &USER, Op::Upsert, &user)?;
    let role = put(state, &ROLE, Op::Upsert, &role)?;
    object::untyped(BOT.message, &from_parts(user, role)?)
}

/// Deletes the user and the role, the role also when the user cannot be deleted. What is not the bot's stays.
fn delete(state: &mut State, name: &str) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(Refusal::invalid("bot_name: must be non-empty"));
    }
    let mut refusals = Vec::new();
    for (kind, what) in [(&USER, "user"), (&ROLE, "role")] {
        if let Err(refusal) = delete_part(state, kind, what, name) {
            refusals.push(refusal.during(&format!("deleting bot {what}")));
        }
    }
    let texts: Vec<&str> = refusals
        .iter()
        .map(|refusal| refusal.text.as_str())
        .collect();
    match refusals.first() {
        None => Ok(()),
        Some(first) => Err(Refusal::new(first.code, texts.join(", "))),
    }
}

fn delete_part(
    state: &mut State,
    kind: &'static Kind,
    what: &str,
    name: &str,
) -> Result<(), Refusal> {
    let key = key(name);
    let Some(part) = state.object(kind, &key) else {
        return Err((kind.missing)(&key).during(&format!("fetching bot {what}")));
    };
    if object::labels(&part.message)
        .get(BOT_LABEL)
        .map(String::as_str)
        != Some(name)
    {
        let text = format!(
            "{what} missing bot label matching bot name; consider manually deleting {what}"
        );
        return Err(Refusal::new(Code::Unknown, text));
    }
    state.take(kind, &key);
    Ok(())
}

fn check(bot: &Bot) -> Result<(), Refusal> {
    let Some(metadata) = &bot.metadata else {
        return Err(Refusal::invalid("metadata: must be non-nil"));
    };
    if metadata.name.is_empty() {
        return Err(Refusal::invalid("metadata.name: must be non-empty"));
    }
    match &bot.spec {
        Some(spec) => check_roles(&spec.roles),
        None => Err(Refusal::invalid("spec: must be non-nil")),
    }
}

fn check_roles(roles: &[String]) -> Result<(), Refusal> {
    match roles.iter().any(String::is_empty) {
        true => Err(Refusal::invalid(
            "spec.roles: must not contain empty strings",
        )),
        false => Ok(()),
    }
}

fn into_parts(bot: Bot, generation: Option<String>) -> (UserV2, RoleV6) {
    let metadata = bot.metadata.unwrap_or_default();
    let spec = bot.spec.unwrap_or_default();
    let key = key(&metadata.name);
    let generation = generation.unwrap_or_else(|| "0".to_owned());
    let mut labels: HashMap<String, String> = metadata.labels;
    labels.insert(BOT_LABEL.to_owned(), metadata.name.clone());
    labels.insert(GENERATION.to_owned(), generation);
    let user = UserV2 {
        metadata: Some(teleport_proto::types::Metadata {
            name: key.clone(),
            labels,
            expires: metadata.expires,
            ..Default::default()
        }),
        spec: Some(UserSpecV2 {
            roles: vec![key.clone()],
            traits: Some(traits(&spec.traits)),
            ..UserSpecV2::default()
        }),
        ..UserV2::default()
    };
    let mut role = role::bot_internal(&metadata.name, &key, &spec.roles);
    if spec.max_session_ttl.is_some() {
        role::set_session_ttl(&mut role, nanoseconds(spec.max_session_ttl));
    }
    role.metadata.get_or_insert_default().expires = metadata.expires;
    (user, role)
}

fn from_parts(user: UserV2, role: RoleV6) -> Result<Bot, Refusal> {
    let metadata = user.metadata.unwrap_or_default();
    let mut labels = metadata.labels;
    labels.remove(GENERATION);
    let Some(name) = labels.remove(BOT_LABEL) else {
        let text = format!("user missing {BOT_LABEL:?} label");
        return Err(Refusal::invalid(text));
    };
    let traits = user.spec.unwrap_or_default().traits.unwrap_or_default();
    let mut traits: Vec<Trait> = traits
        .values
        .into_iter()
        .map(|(name, list)| Trait {
            name,
            values: list.values,
        })
        .collect();
    fastrand::shuffle(&mut traits);
    let role_name = role.metadata.clone().unwrap_or_default().name;
    let spec = role.spec.unwrap_or_default();
    let impersonate = spec.allow.and_then(|allow| allow.impersonate);
    let ttl = spec.options.unwrap_or_default().max_session_ttl;
    Ok(Bot {
        kind: BOT.name.to_owned(),
        version: "v1".to_owned(),
        metadata: Some(Metadata {
            name,
            labels,
            expires: metadata.expires,
            ..Metadata::default()
        }),
        spec: Some(BotSpec {
            roles: impersonate.unwrap_or_default().roles,
            traits,
            max_session_ttl: Some(Duration {
                seconds: ttl / SECOND,
                nanos: i32::try_from(ttl % SECOND).unwrap_or_default(),
            }),
        }),
        status: Some(BotStatus {
            user_name: metadata.name,
            role_name,
        }),
        ..Bot::default()
    })
}

/// The traits as a user has them: those of the same name are one, and those without values are dropped.
fn traits(traits: &[Trait]) -> LabelValues {
    let mut merged = BTreeMap::<&str, Vec<String>>::new();
    for one in traits.iter().filter(|one| !one.values.is_empty()) {
        let values = merged.entry(&one.name).or_default();
        values.extend(one.values.iter().cloned());
    }
    let list = |(name, values): (&str, Vec<String>)| (name.to_owned(), StringValues { values });
    LabelValues {
        values: merged.into_iter().map(list).collect(),
    }
}

/// Writes one part in the name of the server: a bot's roles need not exist. The answer is what is stored.
fn put<T: prost::Message + Default>(
    state: &mut State,
    kind: &'static Kind,
    op: Op,
    part: &T,
) -> Result<T, Refusal> {
    let message = object::untyped(kind.message, part)?;
    object::typed(&state.write(kind, Write::new(op, message))?)
}

fn nanoseconds(duration: Option<Duration>) -> i64 {
    let duration = duration.unwrap_or_default();
    let seconds = duration.seconds.saturating_mul(SECOND);
    seconds.saturating_add(duration.nanos.into())
}

/// Name of the user and of the role of a bot.
pub(crate) fn key(bot: &str) -> String {
    format!("bot-{}", bot.replace(' ', "-"))
}

/// Label with the number of times that the bot has renewed its certificates.
const GENERATION: &str = "teleport.internal/bot-generation";
const SECOND: i64 = 1_000_000_000;

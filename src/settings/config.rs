//! What the arguments of the provider mean once they are checked.

use std::{fmt, time::Duration};

use teleport_client::{Address, Config, Source};

use crate::duration;

use super::{
    attributes::{self as attribute, Attribute},
    contents, sources,
    values::{InvalidSettings, Problem, Settings},
};

/// A configuration of the client, and what is odd about the settings.
#[derive(Debug)]
pub(crate) struct Validated {
    pub(crate) config: Config,
    pub(crate) warnings: Vec<Problem>,
}

impl Settings {
    /// Checks everything that can be checked without reading files.
    ///
    /// # Errors
    ///
    /// Every problem at once.
    pub(crate) fn validate(&self) -> Result<Validated, InvalidSettings> {
        let misplaced = contents::misplaced(self);
        if !misplaced.is_empty() {
            // The other checks repeat what they find.
            return Err(InvalidSettings(misplaced));
        }
        let mut problems = Vec::new();
        let address = self.checked(&mut problems, &attribute::ADDR, Address::parse);
        let join_timeout = self.checked(
            &mut problems,
            &attribute::JOIN_TIMEOUT_DURATION,
            parse_duration,
        );
        let mut warnings = Vec::new();
        let sources = sources::sources(self, &mut problems, &mut warnings);
        for name in [
            &attribute::AUDIENCE_TAG,
            &attribute::GITLAB_ID_TOKEN_ENV_VAR,
        ] {
            self.checked(&mut problems, name, variable_name);
        }
        let insecure = self.checked(&mut problems, &attribute::INSECURE, parse_bool);
        let dial_timeout = self.checked(
            &mut problems,
            &attribute::DIAL_TIMEOUT_DURATION,
            positive_duration,
        );
        let base = self.checked(
            &mut problems,
            &attribute::RETRY_BASE_DURATION,
            parse_duration,
        );
        let cap = self.checked(
            &mut problems,
            &attribute::RETRY_CAP_DURATION,
            parse_duration,
        );
        let tries = self.checked(&mut problems, &attribute::RETRY_MAX_TRIES, parse_tries);
        let is_reported = |problem: &Problem| problem.attribute == attribute::ADDR;
        if self.get(&attribute::ADDR).is_none()
            && !problems.iter().any(is_reported)
            && !sources.iter().any(Source::knows_address)
        {
            problems.push(Problem {
                attribute: attribute::ADDR,
                message: "no address is set: write the host of the cluster's proxy, such as example.teleport.sh:443".to_owned(),
            });
        }
        if !problems.is_empty() {
            return Err(InvalidSettings(problems));
        }
        let mut config = Config::new(address, sources);
        if insecure == Some(true) && config.joins() {
            warnings.push(Problem {
                attribute: attribute::INSECURE,
                message: INSECURE_JOIN.to_owned(),
            });
        }
        config.dial.user_agent = USER_AGENT;
        set(&mut config.dial.insecure, insecure);
        set(&mut config.dial.timeout, dial_timeout);
        set(&mut config.retry.base, base);
        set(&mut config.retry.cap, cap);
        set(&mut config.retry.tries, tries);
        set(&mut config.join_timeout, join_timeout);
        Ok(Validated { config, warnings })
    }

    fn checked<T, E: fmt::Display>(
        &self,
        problems: &mut Vec<Problem>,
        attribute: &Attribute,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(self.text(attribute)?) {
            Ok(value) => Some(value),
            Err(error) => {
                problems.push(Problem {
                    attribute: *attribute,
                    message: error.to_string(),
                });
                None
            }
        }
    }
}

/// Sets what was given. What was not keeps its default.
fn set<T>(place: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *place = value;
    }
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(Duration::ZERO) => {
            Err("a timeout of zero leaves no time to connect: write one such as 30s".to_owned())
        }
        result => result,
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    duration::parse(text).map_err(|error| format!("{text:?} is not a duration: {error}"))
}

fn parse_tries(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err(format!(
            "{text:?} is no number of tries: write a whole number from 1, such as 10"
        )),
        Ok(tries) => Ok(tries),
    }
}

/// Checks what becomes a part of the name of an environment variable. The text is not repeated: it may be the token itself.
fn variable_name(text: &str) -> Result<(), &'static str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match text.len() <= MAX_VARIABLE_NAME && text.bytes().all(fits) {
        true => Ok(()),
        false => Err(
            "it must have the characters of the name of an environment variable: letters, digits and _",
        ),
    }
}

/// Reads a truth value as Go does (`strconv.ParseBool`).
fn parse_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("{text:?} is neither true nor false")),
    }
}

/// What somebody between this machine and the cluster can do with an insecure join.
pub(crate) const INSECURE_JOIN: &str = "the certificate of the cluster is not checked, and a join proves nothing else about the \
                                        cluster: whoever is between this machine and the cluster can obtain a certificate of \
                                        the bot. Use it for tests only. Otherwise set SSL_CERT_FILE to the certificate of the \
                                        cluster's proxy, or of its CA";

/// Bytes.
const MAX_VARIABLE_NAME: usize = 200;

const USER_AGENT: &str = concat!("terraform-provider-teleport/", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests;

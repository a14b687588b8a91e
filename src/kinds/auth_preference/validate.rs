//! What can be said about the auth preference without asking the cluster: `CheckAndSetDefaults` of api/types/authentication.go
//! in gravitational/teleport.

use std::time::Duration;

use tfplugin::{Diagnostics, Path, Value};

use crate::{
    duration,
    kinds::checks::{elements, familiar, invalid, is_empty},
};

/// Checks what no attribute can check by itself.
pub(crate) fn validate(config: &Value, diags: &mut Diagnostics) {
    let (spec, path) = (config.field("spec"), Path::attribute("spec"));
    if !spec.is_set() {
        return;
    }
    let factors = Factors::of(spec);
    factors.check(spec, &path, diags);
    webauthn(spec, &factors, &path, diags);
    connector(spec, &factors, &path, diags);
    for (name, known) in [
        ("type", &["", "local", "oidc", "saml", "github"][..]),
        ("locking_mode", &["", "strict", "best_effort"]),
    ] {
        familiar(&path.with_attribute(name), spec.field(name), known, diags);
    }
    device_trust(
        spec.field("device_trust"),
        &path.with_attribute("device_trust"),
        diags,
    );
    hardware_key(
        spec.field("hardware_key"),
        &path.with_attribute("hardware_key"),
        diags,
    );
    let unix = "stable_unix_user_config";
    unix_users(spec.field(unix), &path.with_attribute(unix), diags);
}

/// The second factors that a configuration allows, as far as they are known.
struct Factors {
    otp: bool,
    webauthn: bool,
    /// Whether there is a value that is unknown, or that the provider does not know.
    unclear: bool,
}

impl Factors {
    /// Without any, the provider sends `second_factor = "otp"`.
    fn of(spec: &Value) -> Self {
        let (one, several) = (spec.field("second_factor"), spec.field("second_factors"));
        let has = |number: i64| {
            let number = Value::from(number);
            elements(several).any(|(_, factor)| *factor == number)
        };
        let text = one.as_str().unwrap_or_default();
        let none = is_empty(one) && is_empty(several);
        let known = ["", "otp", "webauthn", "on"].contains(&text);
        let numbers = [0_i64, 1, 2, 3].map(Value::from);
        let all_known = elements(several).all(|(_, factor)| numbers.contains(factor));
        Self {
            otp: none || matches!(text, "otp" | "on") || has(1),
            webauthn: matches!(text, "webauthn" | "on") || has(2),
            unclear: one.is_unknown() || several.is_unknown() || !known || !all_known,
        }
    }

    fn check(&self, spec: &Value, path: &Path, diags: &mut Diagnostics) {
        let (one, several) = (spec.field("second_factor"), spec.field("second_factors"));
        let one_path = path.with_attribute("second_factor");
        let set = |value: &Value| value.is_set() && !is_empty(value);
        if set(one) && set(several) {
            let what =
                format!("cannot be set together with {path}.second_factors. Keep one of them");
            invalid(&one_path, &what, diags);
        }
        match one.as_str() {
            Some(text @ ("off" | "optional" | "u2f")) => {
                let what = format!(
                    "must be \"otp\", \"webauthn\" or \"on\", got: {text:?}. The cluster no longer lets users log in without a \
                     second factor"
                );
                invalid(&one_path, &what, diags);
            }
            _ => familiar(&one_path, one, &["", "otp", "webauthn", "on"], diags),
        }
        let local = spec.field("allow_local_auth");
        let allowed = local.is_null() || local.as_bool() == Some(true);
        if set(several) && !self.otp && !self.webauthn && !self.unclear && allowed {
            let what = "must hold 1 (otp) or 2 (webauthn) unless allow_local_auth = false: local users have no other second factor";
            invalid(&path.with_attribute("second_factors"), what, diags);
        }
    }
}

fn webauthn(spec: &Value, factors: &Factors, path: &Path, diags: &mut Diagnostics) {
    let (webauthn, u2f) = (spec.field("webauthn"), spec.field("u2f"));
    let webauthn_path = path.with_attribute("webauthn");
    let lacks = |object: &Value, name| {
        object.is_null() || (object.is_set() && is_empty(object.field(name)))
    };
    if factors.webauthn && lacks(webauthn, "rp_id") && lacks(u2f, "app_id") {
        let what = "must be set for the second factor webauthn: the domain of the cluster, such as \"example.teleport.sh\"";
        invalid(&webauthn_path.with_attribute("rp_id"), what, diags);
    }
    if spec.field("allow_passwordless").as_bool() == Some(true)
        && !factors.webauthn
        && !factors.unclear
    {
        let what = "must not be true without the second factor webauthn";
        invalid(&path.with_attribute("allow_passwordless"), what, diags);
    }
    for name in ["attestation_allowed_cas", "attestation_denied_cas"] {
        certificates(
            webauthn.field(name),
            &webauthn_path.with_attribute(name),
            diags,
        );
    }
}

/// The connector of local users.
fn connector(spec: &Value, factors: &Factors, path: &Path, diags: &mut Diagnostics) {
    let (kind, name) = (spec.field("type"), spec.field("connector_name"));
    let local = is_empty(kind) || kind.as_str() == Some("local");
    let (true, Some(text)) = (local, name.as_str()) else {
        return;
    };
    let path = path.with_attribute("connector_name");
    let needs_webauthn = matches!(text, "passwordless" | "headless");
    if needs_webauthn && !factors.webauthn && !factors.unclear {
        invalid(
            &path,
            &format!("must not be {text:?} without the second factor webauthn"),
            diags,
        );
    } else {
        familiar(
            &path,
            name,
            &["", "local", "passwordless", "headless"],
            diags,
        );
    }
}

fn device_trust(trust: &Value, path: &Path, diags: &mut Diagnostics) {
    let modes = ["", "off", "optional", "required", "required-for-humans"];
    familiar(
        &path.with_attribute("mode"),
        trust.field("mode"),
        &modes,
        diags,
    );
    let cas = "ekcert_allowed_cas";
    certificates(trust.field(cas), &path.with_attribute(cas), diags);
}

fn hardware_key(key: &Value, path: &Path, diags: &mut Diagnostics) {
    let slots = ["", "9a", "9c", "9d", "9e"];
    familiar(
        &path.with_attribute("piv_slot"),
        key.field("piv_slot"),
        &slots,
        diags,
    );
    let ttl = key.field("pin_cache_ttl").as_str().unwrap_or_default();
    if duration::parse(ttl).is_ok_and(|ttl| ttl > LONGEST_PIN_CACHE) {
        let what = format!("must not be longer than 1h, got: {ttl:?}");
        invalid(&path.with_attribute("pin_cache_ttl"), &what, diags);
    }
}

fn unix_users(config: &Value, path: &Path, diags: &mut Diagnostics) {
    if config.field("enabled").as_bool() != Some(true) {
        return;
    }
    let mut ids = Vec::new();
    for name in ["first_uid", "last_uid"] {
        let id = match config.field(name) {
            Value::Null => 0,
            Value::Number(number) => number.as_i64().unwrap_or_default(),
            _ => return,
        };
        if id < SMALLEST_UID {
            let what = format!("must be at least {SMALLEST_UID} when enabled is true, got: {id}");
            invalid(&path.with_attribute(name), &what, diags);
        }
        ids.push(id);
    }
    if ids[0] > ids[1] {
        let what = format!("must not be less than {path}.first_uid");
        invalid(&path.with_attribute("last_uid"), &what, diags);
    }
}

/// Certificates in PEM.
fn certificates(list: &Value, path: &Path, diags: &mut Diagnostics) {
    for (index, certificate) in elements(list) {
        if certificate
            .as_str()
            .is_some_and(|text| !text.contains("-----BEGIN "))
        {
            let what =
                "must be a certificate in PEM, which begins with -----BEGIN CERTIFICATE-----";
            invalid(&path.with_index(index), what, diags);
        }
    }
}

const LONGEST_PIN_CACHE: Duration = Duration::from_secs(60 * 60);
/// Smaller ones belong to the operating system.
const SMALLEST_UID: i64 = 1000;

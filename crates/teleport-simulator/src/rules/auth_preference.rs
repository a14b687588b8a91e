//! The auth preference: what the server refuses and fills in (`api/types/authentication.go`).

use prost_reflect::DynamicMessage;
use teleport_proto::types::{
    AuthPreferenceSpecV2, AuthPreferenceV2, BoolValue, Metadata, SecondFactorType,
    SignatureAlgorithmSuite,
};

use super::{AUTH_PREFERENCE, metadata};
use crate::{
    scenario::Edition,
    store::{Refusal, State, Write, object},
};

/// The preference of a new cluster.
pub(super) fn default() -> DynamicMessage {
    let mut preference = AuthPreferenceV2 {
        metadata: Some(Metadata {
            labels: [(metadata::ORIGIN.to_owned(), DEFAULTS.to_owned())].into(),
            ..Metadata::default()
        }),
        spec: Some(AuthPreferenceSpecV2 {
            second_factor: "otp".to_owned(),
            signature_algorithm_suite: SignatureAlgorithmSuite::BalancedV1.into(),
            ..AuthPreferenceSpecV2::default()
        }),
        ..AuthPreferenceV2::default()
    };
    fill_in(&mut preference);
    let made = object::untyped(AUTH_PREFERENCE.message, &preference);
    made.expect("the default preference must be one of its type")
}

/// Checks a preference and fills in what it leaves open.
pub(super) fn check(write: &mut Write, state: &State) -> Result<(), Refusal> {
    let reset = write.op == crate::store::Op::Reset;
    write.edit(|preference: &mut AuthPreferenceV2| {
        let metadata = preference.metadata.get_or_insert_default();
        if !reset {
            let dynamic = (metadata::ORIGIN.to_owned(), "dynamic".to_owned());
            metadata.labels.extend([dynamic]);
        }
        fill_in(preference);
        let spec = preference.spec.get_or_insert_default();
        check_spec(spec)?;
        check_edition(spec, state.edition)
    })
}

fn fill_in(preference: &mut AuthPreferenceV2) {
    AUTH_PREFERENCE.name.clone_into(&mut preference.kind);
    "v2".clone_into(&mut preference.version);
    let metadata = preference.metadata.get_or_insert_default();
    NAME.clone_into(&mut metadata.name);
    metadata::NAMESPACE.clone_into(&mut metadata.namespace);
    let spec = preference.spec.get_or_insert_default();
    for (field, usual) in [
        (&mut spec.r#type, "local"),
        (&mut spec.locking_mode, "best_effort"),
    ] {
        if field.is_empty() {
            usual.clone_into(field);
        }
    }
    // Webauthn takes its domain from U2F, which Teleport no longer has.
    if spec.webauthn.is_none()
        && let Some(u2f) = spec.u2f.as_ref().filter(|u2f| !u2f.app_id.is_empty())
    {
        let host = u2f.app_id.rsplit("://").next().unwrap_or_default();
        let host = host.split(['/', ':']).next().unwrap_or_default().to_owned();
        spec.webauthn.get_or_insert_default().rpid = host;
    }
    let webauthn = allows_webauthn(spec) && spec.webauthn.is_some();
    for (option, value) in [
        (&mut spec.disconnect_expired_cert, false),
        (&mut spec.allow_local_auth, true),
        (&mut spec.allow_passwordless, webauthn),
        (&mut spec.allow_headless, webauthn),
    ] {
        option.get_or_insert(BoolValue { value });
    }
    if spec.default_session_ttl == 0 {
        spec.default_session_ttl = SESSION_TTL;
    }
    let idp = spec.idp.get_or_insert_default();
    let saml = idp.saml.get_or_insert_default();
    saml.enabled.get_or_insert(BoolValue { value: true });
    spec.okta.get_or_insert_default();
}

fn check_spec(spec: &AuthPreferenceSpecV2) -> Result<(), Refusal> {
    let refused = |text: &str| Err(Refusal::invalid(text));
    if !TYPES.contains(&spec.r#type.as_str()) {
        let text = format!("authentication type {:?} not supported", spec.r#type);
        return Err(Refusal::invalid(text));
    }
    check_second_factors(spec)?;
    if !["strict", "best_effort"].contains(&spec.locking_mode.as_str()) {
        let text = format!("locking mode {:?} not supported", spec.locking_mode);
        return Err(Refusal::invalid(text));
    }
    if let Some(webauthn) = &spec.webauthn {
        if webauthn.rpid.is_empty() && allows_webauthn(spec) {
            return refused("webauthn configuration missing rp_id");
        }
        if !all_pem(&webauthn.attestation_allowed_c_as) {
            return refused("webauthn allowed CAs entry invalid: expected PEM-encoded block");
        }
        if !all_pem(&webauthn.attestation_denied_c_as) {
            return refused("webauthn denied CAs entry invalid: expected PEM-encoded block");
        }
    }
    let webauthn = allows_webauthn(spec) && spec.webauthn.is_some();
    if value(&spec.allow_passwordless) && !webauthn {
        return refused("missing required Webauthn configuration for passwordless=true");
    }
    if value(&spec.allow_headless) && !webauthn {
        return refused("missing required Webauthn configuration for headless=true");
    }
    check_connector(spec)?;
    let trust = spec.device_trust.as_ref();
    if trust.is_some_and(|trust| !all_pem(&trust.ek_cert_allowed_c_as)) {
        return refused(
            "device trust has invalid EKCert allowed CAs entry: expected PEM-encoded block",
        );
    }
    check_hardware_key(spec)?;
    check_unix_users(spec)
}

fn check_second_factors(spec: &AuthPreferenceSpecV2) -> Result<(), Refusal> {
    let (one, many) = (spec.second_factor.as_str(), &spec.second_factors);
    if !one.is_empty() && !many.is_empty() {
        let text = "must set either SecondFactor or SecondFactors, not both";
        return Err(Refusal::invalid(text));
    }
    if many.is_empty() && !["otp", "webauthn", "on"].contains(&one) {
        return Err(Refusal::unknown(
            "cannot disable multi-factor authentication",
        ));
    }
    let local = [SecondFactorType::Otp, SecondFactorType::Webauthn].map(i32::from);
    if !many.is_empty()
        && value(&spec.allow_local_auth)
        && !many.iter().any(|factor| local.contains(factor))
    {
        let text = "missing a local second factor method for local users (otp, webauthn)";
        return Err(Refusal::invalid(text));
    }
    if allows_webauthn(spec) && spec.webauthn.is_none() {
        return Err(Refusal::invalid("missing required webauthn configuration"));
    }
    Ok(())
}

fn check_connector(spec: &AuthPreferenceSpecV2) -> Result<(), Refusal> {
    let name = spec.connector_name.as_str();
    let problem = match name {
        _ if spec.r#type != "local" => return Ok(()),
        "" | "local" => return Ok(()),
        "passwordless" if value(&spec.allow_passwordless) => return Ok(()),
        "headless" if value(&spec.allow_headless) => return Ok(()),
        "passwordless" => ", passwordless not allowed by cluster settings",
        "headless" => ", headless not allowed by cluster settings",
        _ => "",
    };
    Err(Refusal::invalid(format!(
        "invalid local connector {name:?}{problem}"
    )))
}

fn check_hardware_key(spec: &AuthPreferenceSpecV2) -> Result<(), Refusal> {
    let Some(key) = &spec.hardware_key else {
        return Ok(());
    };
    let slot = key.piv_slot.as_str();
    if !slot.is_empty() && !["9a", "9c", "9d", "9e"].contains(&slot.to_lowercase().as_str()) {
        return Err(Refusal::invalid(format!("invalid PIV slot key 0x{slot}")));
    }
    if key.pin_cache_ttl > HOUR {
        let text = "piv_pin_cache_ttl cannot be larger than 1h0m0s";
        return Err(Refusal::invalid(text));
    }
    Ok(())
}

fn check_unix_users(spec: &AuthPreferenceSpecV2) -> Result<(), Refusal> {
    let Some(users) = spec
        .stable_unix_user_config
        .as_ref()
        .filter(|users| users.enabled)
    else {
        return Ok(());
    };
    if users.first_uid > users.last_uid {
        let text = "stable UNIX user is enabled but UID range is empty";
        return Err(Refusal::invalid(text));
    }
    if users.first_uid < FIRST_UID {
        return Err(Refusal::invalid(format!(
            "stable UNIX user UID range includes negative or system UIDs; the configured range should be contained between \
             {FIRST_UID} and {}",
            i32::MAX
        )));
    }
    Ok(())
}

/// What only Teleport Enterprise offers. Unlike with roles, the rest is checked first.
fn check_edition(spec: &AuthPreferenceSpecV2, edition: Edition) -> Result<(), Refusal> {
    if spec.require_mfa_type > MAX_MFA_TYPE {
        return Err(Refusal::unknown(format!(
            "types.AuthPreferenceV2.Spec: types.AuthPreferenceSpecV2.Okta: types.OktaOptions.DefaultSessionTTL: AllowHeadless: \
             IDP: types.IdPOptions.SAML: types.IdPSAMLOptions.Enabled: RequireMFAType: RequireMFAType invalid value {}",
            spec.require_mfa_type
        )));
    }
    if edition != Edition::Oss {
        return Ok(());
    }
    if spec.require_mfa_type > 1 {
        return Err(Refusal::denied(metadata::HARDWARE_KEY));
    }
    match spec.device_trust.as_ref().map(|trust| trust.mode.as_str()) {
        None | Some("" | "off") => Ok(()),
        Some(mode) => Err(Refusal::invalid(format!(
            "device trust mode {mode:?} requires Teleport Enterprise"
        ))),
    }
}

fn allows_webauthn(spec: &AuthPreferenceSpecV2) -> bool {
    ["webauthn", "on"].contains(&spec.second_factor.as_str())
        || spec
            .second_factors
            .contains(&SecondFactorType::Webauthn.into())
}

fn all_pem(texts: &[String]) -> bool {
    texts.iter().all(|text| text.contains("-----BEGIN "))
}

fn value(option: &Option<BoolValue>) -> bool {
    option.as_ref().is_some_and(|option| option.value)
}

/// The name of the one preference.
pub(crate) const NAME: &str = "cluster-auth-preference";
const DEFAULTS: &str = "defaults";
const TYPES: [&str; 4] = ["local", "oidc", "saml", "github"];
/// Nanoseconds.
const HOUR: i64 = 3_600 * 1_000_000_000;
const SESSION_TTL: i64 = 12 * HOUR;
/// The first number that is not of a system user.
const FIRST_UID: i32 = 1_000;
/// `HARDWARE_KEY_TOUCH_AND_PIN`.
const MAX_MFA_TYPE: i32 = 5;

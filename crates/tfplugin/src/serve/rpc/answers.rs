//! Parts of answers: values, with diagnostics where one cannot be read or written.

use crate::{
    Diagnostics, Private, Resource, Schema, Type, Value,
    codec::{self, CodecError, dynamic_value},
    proto::tfplugin6::{Diagnostic, DynamicValue, ResourceIdentityData},
};

/// Reads a value that core sent.
///
/// # Errors
///
/// When it does not fit the schema: the fault of core or of the provider.
pub(super) fn read(
    what: &str,
    value: Option<&DynamicValue>,
    ty: &Type,
) -> Result<Value, Diagnostics> {
    dynamic_value::decode(value, ty).map_err(|error| unreadable(what, &error))
}

/// Writes a value for core.
///
/// # Errors
///
/// When it does not fit the schema, which is the provider's fault.
pub(super) fn write(what: &str, value: &Value, ty: &Type) -> Result<DynamicValue, Diagnostics> {
    dynamic_value::encode(value, ty).map_err(|error| unwritable(what, &error))
}

/// Reads an identity that core sent. Null where it sent none.
///
/// # Errors
///
/// When it does not fit the schema.
pub(super) fn read_identity(
    identity: Option<&ResourceIdentityData>,
    schema: &Schema,
) -> Result<Value, Diagnostics> {
    let data = identity.and_then(|identity| identity.identity_data.as_ref());
    read("identity", data, &schema.ty())
}

/// Writes an identity for core.
///
/// # Errors
///
/// When it does not fit the schema, which is the provider's fault.
pub(super) fn write_identity(
    identity: &Value,
    schema: &Schema,
) -> Result<ResourceIdentityData, Diagnostics> {
    let data = write("identity", identity, &schema.ty())?;
    Ok(ResourceIdentityData {
        identity_data: Some(data),
    })
}

/// The identity of an object as the resource knows it, for core. None where it is not known yet.
///
/// # Errors
///
/// When it does not fit the schema, which is the provider's fault.
pub(super) fn identity_of<C: Send + Sync + 'static>(
    resource: &dyn Resource<C>,
    state: &Value,
    private: &Private,
) -> Result<Option<ResourceIdentityData>, Diagnostics> {
    let known = resource
        .identity_schema()
        .filter(|_| !state.is_null())
        .zip(resource.identity(state, private));
    known
        .map(|(schema, identity)| write_identity(&identity, schema))
        .transpose()
}

/// Why a value that core sent cannot be read.
pub(super) fn unreadable(what: &str, error: &CodecError) -> Diagnostics {
    one(
        error,
        "Unreadable Value",
        format!("The {what} does not fit the provider's schema: {error}."),
    )
}

/// Why a value of the provider cannot be sent.
pub(super) fn unwritable(what: &str, error: &CodecError) -> Diagnostics {
    one(
        error,
        "Invalid Provider Result",
        format!(
            "The {what} from the provider does not fit its own schema: {error}. This is a bug in the provider; please \
             report it to its developers."
        ),
    )
}

/// A list of one error.
pub(super) fn error(summary: impl Into<String>, detail: impl Into<String>) -> Diagnostics {
    let mut diags = Diagnostics::new();
    diags.error(summary, detail);
    diags
}

/// The diagnostics of work whose only result they are.
pub(super) fn diagnostics_of(result: Result<Diagnostics, Diagnostics>) -> Vec<Diagnostic> {
    codec::diagnostics::encode(result.unwrap_or_else(|diags| diags))
}

fn one(error: &CodecError, summary: &str, detail: String) -> Diagnostics {
    let mut diags = Diagnostics::new();
    diags.attribute_error(error.path.clone(), summary, detail);
    diags
}

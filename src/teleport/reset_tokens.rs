//! The links by which users set their credentials.

use std::time::Duration;

use prost_reflect::{DynamicMessage, Value};

use super::{
    Client, Error, Kind,
    client::{Call, Repeatable, method},
    errors::CallFailure,
};
use crate::proto::types::UserTokenV3;

/// Invite and reset links of a cluster. There is no call to list or remove them.
#[derive(Clone, Debug)]
pub struct ResetTokens {
    client: Client,
}

impl ResetTokens {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// `CreateResetPasswordToken` of type `invite`: makes a link by which a user sets password and MFA device.
    ///
    /// It takes away the user's password, MFA devices and earlier links. The name of the answer's metadata and its URL are
    /// secrets.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] if there is no such user. It is not repeated when its outcome is in doubt.
    pub async fn invite(&self, user: &str, ttl: Duration) -> Result<UserTokenV3, Error> {
        let method = method("proto.AuthService", RPC);
        let mut request = DynamicMessage::new(method.input());
        let nanoseconds = i64::try_from(ttl.as_nanos()).unwrap_or(i64::MAX);
        for (name, value) in [
            ("Name", Value::String(user.to_owned())),
            ("Type", Value::String("invite".to_owned())),
            ("TTL", Value::I64(nanoseconds)),
        ] {
            request.set_field_by_name(name, value);
        }
        let answer = self
            .client
            .unary(Call::new(method, request, Repeatable::No))
            .await?;
        answer.transcode_to().map_err(|error| {
            let address = self.client.config().address().map(ToString::to_string);
            Error::call(CallFailure {
                kind: Kind::Other,
                rpc: RPC.to_owned(),
                address: address.unwrap_or_default(),
                message: format!("the answer makes no sense: {error}"),
                answered: false,
                may_have_been_carried_out: true,
            })
        })
    }
}

const RPC: &str = "CreateResetPasswordToken";

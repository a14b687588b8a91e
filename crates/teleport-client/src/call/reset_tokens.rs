//! The links with which users set their credentials.

use std::time::Duration;

use prost_reflect::{DynamicMessage, Value};
use teleport_proto::types::UserTokenV3;

use crate::{
    Client, Error, ErrorKind,
    call::{Call, Repeatable, failure::CallFailure, method},
};

/// Invite and reset links of a cluster. There is no call to list or remove them.
#[derive(Clone, Debug)]
pub struct ResetTokens {
    client: Client,
}

impl Client {
    /// The calls on invite links.
    pub fn reset_tokens(&self) -> ResetTokens {
        ResetTokens::new(self.clone())
    }
}

impl ResetTokens {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// `CreateResetPasswordToken` of type `invite`: makes a link by which a user sets password and MFA device.
    ///
    /// It removes the user's password, MFA devices and earlier links. The name of the answer's metadata and its URL are
    /// secrets.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if the user does not exist. It is not repeated when its outcome is in doubt.
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
                kind: ErrorKind::Other,
                rpc: RPC.to_owned(),
                address: address.unwrap_or_default(),
                message: format!("the answer cannot be read: {error}"),
                answered: false,
                may_have_been_carried_out: true,
                is_repetition: false,
            })
        })
    }
}

const RPC: &str = "CreateResetPasswordToken";

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use prost::Message as _;
    use tonic::Code;

    use super::*;
    use crate::testing::{Answer, Cluster};
    use teleport_proto::{
        auth::CreateResetPasswordTokenRequest,
        types::{Metadata, UserTokenSpecV3},
    };

    const DAY: Duration = Duration::from_secs(24 * 3600);

    /// Answers the call so, and Ping as usual.
    async fn answering(answer: Answer) -> Cluster {
        Cluster::auth(move |path, _| {
            if path.ends_with(RPC) {
                answer.clone()
            } else {
                Answer::Message(Vec::new())
            }
        })
        .await
    }

    #[tokio::test]
    async fn an_invite_names_user_and_life_and_brings_the_link() {
        let token = UserTokenV3 {
            metadata: Some(Metadata {
                name: "secret".to_owned(),
                ..Metadata::default()
            }),
            spec: Some(UserTokenSpecV3 {
                user: "alice".to_owned(),
                url: "https://parent/web/invite/secret".to_owned(),
                ..UserTokenSpecV3::default()
            }),
            ..UserTokenV3::default()
        };
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, noted) = (token.encode_to_vec(), asked.clone());
        let cluster = Cluster::auth_answering(move |path, request| {
            if path.ends_with(RPC) {
                noted.lock().unwrap().push(request.to_vec());
                return Answer::Message(answer.clone());
            }
            Answer::Message(Vec::new())
        })
        .await;
        let tokens = cluster.client().reset_tokens();
        assert_eq!(tokens.invite("alice", DAY).await.unwrap(), token);

        let asked = asked.lock().unwrap();
        let asked = CreateResetPasswordTokenRequest::decode(asked[0].as_slice()).unwrap();
        assert_eq!(
            (asked.name.as_str(), asked.r#type.as_str()),
            ("alice", "invite")
        );
        assert_eq!(u128::try_from(asked.ttl).unwrap(), DAY.as_nanos());
    }

    #[tokio::test]
    async fn an_invite_whose_outcome_is_in_doubt_is_not_repeated() {
        for answer in [Answer::Drop, Answer::Status(Code::Unavailable, "later")] {
            let cluster = answering(answer).await;
            let error = cluster.client().reset_tokens().invite("alice", DAY).await;
            assert!(error.unwrap_err().may_have_been_carried_out());
            assert_eq!(cluster.calls(), [RPC]);
        }
    }

    #[tokio::test]
    async fn a_user_who_is_not_there_gets_none() {
        let cluster = answering(Answer::Status(Code::NotFound, "no such user")).await;
        let error = cluster.client().reset_tokens().invite("alice", DAY).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::NotFound);
    }
}

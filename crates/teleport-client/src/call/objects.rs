//! The calls on objects that are stored under a name, such as roles and users.
//!
//! [`ObjectRpcs`] names the calls. Everything else follows from the descriptors.

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use crate::{
    Client, Error, ErrorKind,
    call::{
        Call, Repeatable,
        failure::CallFailure,
        method,
        pages::{ListRpc, Pages},
    },
};

/// The calls on a kind of object.
#[derive(Clone, Copy, Debug)]
pub struct ObjectRpcs {
    /// Full name of the objects' message.
    pub message: &'static str,
    /// Reads one.
    pub get: Rpc,
    /// Creates one.
    pub create: Rpc,
    /// Replaces one. None where objects cannot be changed.
    pub update: Option<Rpc>,
    /// Replaces some fields of one.
    pub masked: Option<MaskedRpc>,
    /// Deletes one, or resets it to its defaults.
    pub delete: Rpc,
    /// Lists them. None where that is not needed.
    pub list: Option<ListRpc>,
}

/// One call.
#[derive(Clone, Copy, Debug)]
pub struct Rpc {
    /// Full name of the service.
    pub service: &'static str,
    /// Name of the call.
    pub name: &'static str,
    /// What the request carries.
    pub request: Request,
    /// What the answer is.
    pub answer: Answer,
}

impl Rpc {
    /// A call of a service.
    pub const fn new(
        service: &'static str,
        name: &'static str,
        request: Request,
        answer: Answer,
    ) -> Self {
        Self {
            service,
            name,
            request,
            answer,
        }
    }
}

/// A call that changes only the fields that its request names.
#[derive(Clone, Copy, Debug)]
pub struct MaskedRpc {
    /// The call.
    pub rpc: Rpc,
    /// The field of the request that holds the `google.protobuf.FieldMask`.
    pub mask: &'static str,
    /// The fields that the mask may name.
    pub paths: &'static [&'static str],
}

/// What a request carries.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// The name of the object, in this field.
    Name(&'static str),
    /// The object, in this field.
    Object(&'static str),
    /// Nothing: there is one object of the kind.
    Empty,
}

/// What an answer is.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// The object.
    Object,
    /// A message with the object in this field.
    Field(&'static str),
    /// Nothing about the object.
    Empty,
}

/// Objects of one kind in a cluster.
#[derive(Clone, Debug)]
pub struct Objects {
    client: Client,
    rpcs: ObjectRpcs,
}

impl Client {
    /// The calls on objects of a kind.
    pub fn objects(&self, rpcs: ObjectRpcs) -> Objects {
        Objects::new(self.clone(), rpcs)
    }
}

impl Objects {
    pub(crate) fn new(client: Client, rpcs: ObjectRpcs) -> Self {
        Self { client, rpcs }
    }

    /// Reads one. It may lag behind a write for a short time: the server answers from a cache.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is none of that name.
    pub async fn get(&self, name: &str) -> Result<DynamicMessage, Error> {
        let rpc = self.rpcs.get;
        let request = self.request(rpc, Carried::Name(name))?;
        let object = self.write(rpc, request, Repeatable::Yes).await?;
        object.ok_or_else(|| self.failure(rpc, "the answer holds no object".to_owned()))
    }

    /// All of them, page by page. What a list shows of one may be less than what a read does. None without a list call.
    pub fn pages(&self) -> Option<Pages> {
        let rpc = self.rpcs.list?;
        Some(Pages::new(self.client.clone(), rpc))
    }

    /// Creates one, and returns it as it is stored. None where the server's answer is empty.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyExists`] if there is one of that name. It is not repeated when its outcome is in doubt: then
    /// [`Error::may_have_been_carried_out`] holds, and reading the name shows what happened.
    pub async fn create(&self, object: DynamicMessage) -> Result<Option<DynamicMessage>, Error> {
        let rpc = self.rpcs.create;
        let request = self.request(rpc, Carried::Object(object))?;
        self.write(rpc, request, Repeatable::No).await
    }

    /// Replaces one, and returns it as it is stored. None where the server's answer is empty. A server that compares revisions
    /// does this only if the object still has the given revision.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] if the revision is another one, or if the object is gone. In doubt as for [`Objects::create`].
    pub async fn update(&self, object: DynamicMessage) -> Result<Option<DynamicMessage>, Error> {
        let Some(rpc) = self.rpcs.update else {
            return Err(self.failure(
                self.rpcs.get,
                "objects of this kind cannot be changed".to_owned(),
            ));
        };
        let request = self.request(rpc, Carried::Object(object))?;
        self.write(rpc, request, Repeatable::No).await
    }

    /// Replaces the fields of one that are named, by paths of [`MaskedRpc::paths`].
    ///
    /// # Errors
    ///
    /// As for [`Objects::update`].
    pub async fn update_fields(
        &self,
        masked: &MaskedRpc,
        object: DynamicMessage,
        paths: &[&str],
    ) -> Result<Option<DynamicMessage>, Error> {
        let rpc = masked.rpc;
        let mut request = self.request(rpc, Carried::Object(object))?;
        let mut mask = match request.get_field_by_name(masked.mask).as_deref() {
            Some(Value::Message(mask)) => mask.clone(),
            _ => return Err(self.failure(rpc, "the request has no mask".to_owned())),
        };
        let paths = paths.iter().copied().map(text).collect();
        mask.set_field_by_name("paths", Value::List(paths));
        request.set_field_by_name(masked.mask, Value::Message(mask));
        self.write(rpc, request, Repeatable::No).await
    }

    /// Deletes one, or resets it to its defaults.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is none of that name, also when an earlier try of the same call deleted it and its answer
    /// was lost.
    pub async fn delete(&self, name: &str) -> Result<(), Error> {
        let rpc = self.rpcs.delete;
        let request = self.request(rpc, Carried::Name(name))?;
        let method = method(rpc.service, rpc.name);
        let call = Call::new(method, request, Repeatable::Yes);
        self.client.unary(call).await?;
        Ok(())
    }

    async fn write(
        &self,
        rpc: Rpc,
        request: DynamicMessage,
        repeatable: Repeatable,
    ) -> Result<Option<DynamicMessage>, Error> {
        let method = method(rpc.service, rpc.name);
        let call = Call::new(method, request, repeatable);
        let mut answer = self.client.unary(call).await?;
        match rpc.answer {
            Answer::Empty => Ok(None),
            Answer::Object => Ok(Some(answer)),
            Answer::Field(field) => match answer.take_field_by_name(field) {
                Some(Value::Message(object)) => Ok(Some(object)),
                _ => Err(self.failure(rpc, "the answer holds no object".to_owned())),
            },
        }
    }

    fn request(&self, rpc: Rpc, carried: Carried<'_>) -> Result<DynamicMessage, Error> {
        let malformed =
            |text: String| self.failure(rpc, format!("the request is malformed: {text}"));
        let mut request = DynamicMessage::new(method(rpc.service, rpc.name).input());
        let (field, value) = match (rpc.request, carried) {
            (Request::Empty, _) => return Ok(request),
            (Request::Name(field), Carried::Name(name)) => (field, text(name)),
            (Request::Object(field), Carried::Object(object)) => {
                // A dynamic message takes any message for a field of any message type.
                let name = object.descriptor().full_name().to_owned();
                if name != self.rpcs.message {
                    return Err(malformed(format!("it holds a {name}")));
                }
                (field, Value::Message(object))
            }
            _ => return Err(malformed("it carries something else".to_owned())),
        };
        request
            .try_set_field_by_name(field, value)
            .map_err(|error| malformed(error.to_string()))?;
        Ok(request)
    }

    fn failure(&self, rpc: Rpc, message: String) -> Error {
        let address = self.client.config().address().map(ToString::to_string);
        Error::call(CallFailure {
            kind: ErrorKind::Other,
            rpc: rpc.name.to_owned(),
            address: address.unwrap_or_default(),
            message,
            answered: false,
            may_have_been_carried_out: false,
            is_repetition: false,
        })
    }
}

/// What a call is made with.
enum Carried<'a> {
    Name(&'a str),
    Object(DynamicMessage),
}

fn text(name: &str) -> Value {
    Value::String(name.to_owned())
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::{Answer as Held, *};
    use crate::testing::{Answer, Cluster};
    use teleport_proto::{
        teleport::users::v1::{
            CreateUserResponse, GetUserResponse, ListUsersRequest, ListUsersResponse,
        },
        types::{Metadata, UserV2},
    };

    const USERS: &str = "teleport.users.v1.UsersService";

    const RPCS: ObjectRpcs = ObjectRpcs {
        message: "types.UserV2",
        get: Rpc::new(USERS, "GetUser", Request::Name("name"), Held::Field("user")),
        create: Rpc::new(
            USERS,
            "CreateUser",
            Request::Object("user"),
            Held::Field("user"),
        ),
        update: Some(Rpc::new(
            USERS,
            "UpdateUser",
            Request::Object("user"),
            Held::Field("user"),
        )),
        masked: None,
        delete: Rpc::new(USERS, "DeleteUser", Request::Name("name"), Held::Empty),
        list: Some(ListRpc::new(USERS, "ListUsers", "users")),
    };

    fn user() -> UserV2 {
        UserV2 {
            metadata: Some(Metadata {
                name: "alice".to_owned(),
                ..Metadata::default()
            }),
            ..UserV2::default()
        }
    }

    #[tokio::test]
    async fn each_call_reaches_its_rpc_and_the_object_is_taken_out_of_the_answer() {
        let cluster = Cluster::auth(|path, _| {
            let user = Some(user());
            Answer::Message(match path.rsplit('/').next() {
                Some("GetUser") => GetUserResponse { user }.encode_to_vec(),
                Some("CreateUser") => CreateUserResponse { user }.encode_to_vec(),
                _ => Vec::new(),
            })
        })
        .await;
        let users = cluster.client().objects(RPCS);
        let descriptor = teleport_proto::descriptors()
            .get_message_by_name(RPCS.message)
            .unwrap();
        let alice = DynamicMessage::decode(descriptor, user().encode_to_vec().as_slice()).unwrap();
        assert_eq!(
            users.create(alice.clone()).await.unwrap(),
            Some(alice.clone())
        );
        assert_eq!(users.get("alice").await.unwrap(), alice);
        users.delete("alice").await.unwrap();
        assert_eq!(cluster.calls(), ["CreateUser", "GetUser", "DeleteUser"]);
    }

    #[tokio::test]
    async fn all_are_read_page_by_page() {
        let cluster = Cluster::auth_answering(|path, request| {
            if !path.ends_with("ListUsers") {
                return Answer::Message(Vec::new());
            }
            let request = ListUsersRequest::decode(request).unwrap();
            let (users, next) = match request.page_token.as_str() {
                "" => (vec![user()], "2"),
                "2" => (Vec::new(), "3"),
                _ => (vec![user(), user()], ""),
            };
            let page = ListUsersResponse {
                users,
                next_page_token: next.to_owned(),
            };
            Answer::Message(page.encode_to_vec())
        })
        .await;
        let mut pages = cluster.client().objects(RPCS).pages().unwrap();
        let mut sizes = Vec::new();
        while let Some(page) = pages.next().await.unwrap() {
            sizes.push(page.len());
        }
        assert_eq!(sizes, [1, 0, 2]);
        assert!(pages.next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn an_object_of_another_kind_is_not_sent() {
        let cluster = Cluster::auth(|_, _| Answer::Message(Vec::new())).await;
        let descriptor = teleport_proto::descriptors()
            .get_message_by_name("types.RoleV6")
            .unwrap();
        let role = DynamicMessage::new(descriptor);
        let error = cluster.client().objects(RPCS).create(role).await;
        let text = error.unwrap_err().to_string();
        assert!(text.contains("malformed"), "{text}");
        assert!(cluster.calls().is_empty());
    }
}

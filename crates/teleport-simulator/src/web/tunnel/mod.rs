//! The tunnel behind the protocol `teleport-reversetunnel`: SSH, in which a client of the API reaches the auth server of
//! the cluster whose proxy it is (`lib/reversetunnel/srv.go`).
//!
//! Teleport's own tools and its Go API client come this way: a channel of the type `teleport-transport`, in which the
//! request `teleport-transport-dial` names where it leads. From then on the channel carries what the client would send to
//! that server itself: TLS.

mod channel;

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use serde::Deserialize;
use ssh_encoding::Encode;
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{error::Elapsed, timeout},
};

use self::channel::{Channel, Event, WINDOW};
use crate::{
    authority::{AuthorityError, Validity},
    children::Child,
    grpc::server::AuthServer,
    ssh::{
        SshError,
        authentication::authenticate,
        certificates::check_user,
        exchange::{Connection, Host},
        field, fields, message,
    },
    tenant::Tenant,
    web::listener::Stream,
};

/// What the proxy of `tenant` shows of itself: a certificate of the cluster's host authority, for the names by which a
/// client may have reached it.
pub(crate) fn host(tenant: &Tenant) -> Result<Host, AuthorityError> {
    let names = [
        tenant.proxy_host(),
        tenant.name(),
        "localhost",
        "127.0.0.1",
        "::1",
    ];
    let seconds = Validity::lasting(time::Duration::days(365)).seconds();
    Ok(Host::new(&names, tenant.host_authority().key(), seconds)?)
}

/// Serves a connection to its end, and answers why it has ended.
pub(crate) async fn serve(stream: impl Stream, address: SocketAddr, cluster: &Child) -> SshError {
    match log_in(stream, cluster).await {
        Ok(connection) => {
            let (events, happened) = mpsc::channel(MAX_EVENTS);
            let tunnel = Tunnel {
                connection,
                address,
                auth: cluster.auth.clone(),
                channels: HashMap::new(),
                opened: 0,
                tasks: JoinSet::new(),
                events,
            };
            tunnel.run(happened).await
        }
        Err(error) => error,
    }
}

async fn log_in<S: Stream>(stream: S, cluster: &Child) -> Result<Connection<S>, SshError> {
    let authority = cluster.tenant.user_authority().ssh_key();
    let accepted = async {
        let mut connection = Connection::accept(stream, cluster.ssh_host.clone()).await?;
        let check = |blob: &[u8], login: &str| check_user(blob, &authority, login);
        let login = authenticate(&mut connection, check).await?;
        let cluster = &cluster.tenant.settings().label;
        tracing::info!(cluster, login, "tunnel: logged in");
        Ok(connection)
    };
    let late = |_: Elapsed| SshError::Protocol("client takes too long to log in");
    timeout(LOGIN_TIMEOUT, accepted).await.map_err(late)?
}

/// A connection of a client that has logged in.
struct Tunnel<S> {
    connection: Connection<S>,
    address: SocketAddr,
    auth: AuthServer,
    channels: HashMap<u32, Channel>,
    /// How many channels there have been, which numbers them.
    opened: u32,
    // Its end ends what goes on in the channels.
    tasks: JoinSet<()>,
    events: mpsc::Sender<Event>,
}

impl<S: Stream> Tunnel<S> {
    async fn run(mut self, mut happened: mpsc::Receiver<Event>) -> SshError {
        loop {
            let done = tokio::select! {
                payload = self.connection.packets.read() => self.receive(payload).await,
                Some(event) = happened.recv() => self.report(event).await,
                Some(_) = self.tasks.join_next() => Ok(()),
            };
            if let Err(error) = done {
                return error;
            }
        }
    }

    async fn receive(&mut self, payload: Result<Vec<u8>, SshError>) -> Result<(), SshError> {
        let Some(payload) = self.connection.sift(payload?).await? else {
            return Ok(());
        };
        let number = payload.first().copied().unwrap_or_default();
        let mut rest = fields(&payload, number)?;
        match number {
            message::GLOBAL_REQUEST => {
                let _name: String = field(&mut rest)?;
                match field::<u8>(&mut rest)? {
                    0 => Ok(()),
                    _ => self.send(&[message::REQUEST_FAILURE]).await,
                }
            }
            message::CHANNEL_OPEN => self.open(rest).await,
            message::CHANNEL_REQUEST => self.request(rest).await,
            message::CHANNEL_WINDOW_ADJUST => {
                let (_, channel) = find(&mut self.channels, &mut rest)?;
                channel.widen(field(&mut rest)?);
                Ok(())
            }
            message::CHANNEL_DATA => {
                let (_, channel) = find(&mut self.channels, &mut rest)?;
                channel.receive(field(&mut rest)?)
            }
            message::CHANNEL_EOF => {
                find(&mut self.channels, &mut rest)?.1.receive_end();
                Ok(())
            }
            message::CHANNEL_CLOSE => {
                let (ours, _) = find(&mut self.channels, &mut rest)?;
                self.close(ours).await?;
                self.channels.remove(&ours);
                Ok(())
            }
            _ => {
                let mut answer = vec![message::UNIMPLEMENTED];
                let sequence = self.connection.packets.count().wrapping_sub(1);
                sequence.encode(&mut answer)?;
                self.send(&answer).await
            }
        }
    }

    /// Tells the client what has happened in a channel, unless it has been closed from here.
    async fn report(&mut self, event: Event) -> Result<(), SshError> {
        let (Event::Sent(ours, _) | Event::Passed(ours, _) | Event::Ended(ours)) = event;
        let channel = self.channels.get_mut(&ours);
        let Some(channel) = channel.filter(|channel| channel.is_open) else {
            return Ok(());
        };
        let message = match event {
            Event::Sent(_, bytes) => Some(channel.data(&bytes)?),
            Event::Passed(_, bytes) => channel.passed(bytes)?,
            Event::Ended(_) => return self.close(ours).await,
        };
        match message {
            Some(message) => self.send(&message).await,
            None => Ok(()),
        }
    }

    async fn open(&mut self, mut rest: &[u8]) -> Result<(), SshError> {
        let kind: String = field(&mut rest)?;
        let channel = Channel::new(
            field(&mut rest)?,
            field(&mut rest)?,
            field::<u32>(&mut rest)?,
        );
        let refused = match kind.as_str() {
            TRANSPORT if self.channels.len() < MAX_CHANNELS => None,
            TRANSPORT => Some((RESOURCE_SHORTAGE, "too many channels".to_owned())),
            "session" => Some((CONNECT_FAILED, NO_SESSION.to_owned())),
            kind => {
                let kind: String = kind.chars().take(100).collect();
                let text = format!("reversetunnel received unknown channel request {kind}");
                Some((CONNECT_FAILED, text))
            }
        };
        if let Some((reason, text)) = refused {
            let mut failure = channel.about(message::CHANNEL_OPEN_FAILURE)?;
            reason.encode(&mut failure)?;
            text.encode(&mut failure)?;
            "en".encode(&mut failure)?;
            return self.send(&failure).await;
        }
        let ours = self.opened;
        self.opened = self.opened.wrapping_add(1);
        let mut confirmation = channel.about(message::CHANNEL_OPEN_CONFIRMATION)?;
        for number in [ours, WINDOW, MAX_DATA_BYTES] {
            number.encode(&mut confirmation)?;
        }
        self.channels.insert(ours, channel);
        self.send(&confirmation).await
    }

    async fn request(&mut self, mut rest: &[u8]) -> Result<(), SshError> {
        let (ours, channel) = find(&mut self.channels, &mut rest)?;
        let name: String = field(&mut rest)?;
        let wants_reply = field::<u8>(&mut rest)? != 0;
        if !channel.is_open {
            return Ok(());
        }
        let is_first = !channel.is_connected();
        let leads_to_auth = name == DIAL && destination(rest) == AUTH_SERVER;
        let mut answers = Vec::new();
        let reply = if is_first && leads_to_auth {
            let far = channel.connect(ours, self.events.clone(), &mut self.tasks);
            self.tasks.spawn(self.auth.clone().serve(far, self.address));
            message::CHANNEL_SUCCESS
        } else {
            if is_first {
                answers.extend(channel.error(NO_DESTINATION)?);
            }
            message::CHANNEL_FAILURE
        };
        if wants_reply {
            answers.push(channel.about(reply)?);
        }
        for answer in answers {
            self.send(&answer).await?;
        }
        match is_first && !leads_to_auth {
            true => self.close(ours).await,
            false => Ok(()),
        }
    }

    /// Says that a channel has ended, once.
    async fn close(&mut self, ours: u32) -> Result<(), SshError> {
        let channel = self.channels.get_mut(&ours);
        let Some(channel) = channel.filter(|channel| channel.is_open) else {
            return Ok(());
        };
        channel.end();
        let ends = [
            channel.about(message::CHANNEL_EOF)?,
            channel.about(message::CHANNEL_CLOSE)?,
        ];
        for end in ends {
            self.send(&end).await?;
        }
        Ok(())
    }

    async fn send(&mut self, payload: &[u8]) -> Result<(), SshError> {
        self.connection.packets.write(payload).await
    }
}

/// The channel that a message is about, with its number.
fn find<'a>(
    channels: &'a mut HashMap<u32, Channel>,
    rest: &mut &[u8],
) -> Result<(u32, &'a mut Channel), SshError> {
    let ours = field(rest)?;
    let channel = channels.get_mut(&ours);
    let channel = channel.ok_or(SshError::Protocol("message for an unknown channel"))?;
    Ok((ours, channel))
}

/// Where a client wants to go: the address in a JSON object, or by itself, as older clients write it.
fn destination(payload: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Dial {
        #[serde(default)]
        address: String,
    }
    match serde_json::from_slice::<Dial>(payload) {
        Ok(dial) => dial.address,
        Err(_) => String::from_utf8_lossy(payload).into_owned(),
    }
}

const TRANSPORT: &str = "teleport-transport";
const DIAL: &str = "teleport-transport-dial";
const AUTH_SERVER: &str = "@remote-auth-server";
/// Teleport's own text.
const NO_SESSION: &str =
    "Cannot open new SSH session on reverse tunnel. Are you connecting to the right port?";
const NO_DESTINATION: &str = "connection rejected: this tunnel leads to @remote-auth-server only";
/// Reasons of RFC 4254 section 5.1.
const CONNECT_FAILED: u32 = 2;
const RESOURCE_SHORTAGE: u32 = 4;
const MAX_CHANNELS: usize = 64;
const MAX_EVENTS: usize = 64;
/// Most data in a packet of the client.
const MAX_DATA_BYTES: u32 = 32 * 1024;
const LOGIN_TIMEOUT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_written_in_two_ways() {
        let json = br#"{"address":"@remote-auth-server","conn_type":"node"}"#;
        assert_eq!(destination(json), AUTH_SERVER);
        assert_eq!(destination(b"@remote-auth-server"), AUTH_SERVER);
        assert_eq!(destination(b"{}"), "");
        assert_eq!(destination(b"{\"address\":\"a:1\"}"), "a:1");
    }
}

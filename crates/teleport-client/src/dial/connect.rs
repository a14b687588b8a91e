//! Making a connection: one credential source after the other, until the cluster accepts one.

use crate::{
    Address, Config,
    call::connection::Connection,
    credentials::Source,
    dial,
    error::{ConnectError, SkipReason},
};

/// Connects with the first source that the cluster accepts. A source that has expired, or with which connecting fails, is skipped;
/// one that cannot be read is an error. A bot whose identity the cluster does not accept any more joins again first.
pub(crate) async fn connect(config: &Config) -> Result<Connection, ConnectError> {
    let mut skipped = Vec::new();
    let mut last_address = config.address.clone();
    for source in &config.sources {
        let mut outcome = attempt(config, source, &mut last_address).await?;
        if let Err(SkipReason::Dial(error)) = &outcome
            && error.is_about_identity()
            && source.forget().await
        {
            tracing::debug!(%source, %error, "the bot joins again");
            outcome = attempt(config, source, &mut last_address).await?;
        }
        match outcome {
            Ok(connection) => return Ok(connection),
            Err(reason) => {
                tracing::warn!(address = last_address.as_ref().map(tracing::field::display), %source, %reason, "credentials were skipped");
                skipped.push((source.clone(), reason));
            }
        }
    }
    Err(ConnectError::Skipped {
        address: last_address,
        skipped,
    })
}

/// Tries one source once. Notes the address that is dialled. The outer error is one after which no other source is tried.
async fn attempt(
    config: &Config,
    source: &Source,
    last_address: &mut Option<Address>,
) -> Result<Result<Connection, SkipReason>, ConnectError> {
    let loaded = source.load(config.address.as_ref(), &config.dial).await;
    let credentials = loaded.map_err(|error| ConnectError::Source {
        source: source.clone(),
        error,
    })?;
    let address = config
        .address
        .clone()
        .or_else(|| credentials.address.clone());
    let Some(address) = address else {
        return Ok(Err(SkipReason::NoAddress));
    };
    *last_address = Some(address.clone());
    let identity = &credentials.identity;
    if let Err(expired) = identity.check_validity(config.dial.clock.now()) {
        return Ok(Err(expired.into()));
    }
    Ok(match dial::dial(&address, identity, &config.dial).await {
        Ok(dialled) => {
            tracing::debug!(%address, %source, way = %dialled.way, version = %dialled.server_version, "connected");
            Ok(Connection::new(address, credentials, dialled))
        }
        Err(error) => Err(error.into()),
    })
}

//! Lists the workload clusters of a Teleport Cloud cluster: `list_workload_clusters ADDRESS IDENTITY_FILE [--insecure]`.

use std::{env, error::Error, io::Write};

use teleport_client::{Client, Config, Source};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(address), Some(identity_file)) = (arguments.next(), arguments.next()) else {
        return Err("usage: list_workload_clusters ADDRESS IDENTITY_FILE [--insecure]".into());
    };
    let source = Source::identity_file_path(identity_file);
    let mut config = Config::new(Some(address.parse()?), vec![source]);
    config.dial.insecure = arguments
        .next()
        .is_some_and(|argument| argument == "--insecure");

    for cluster in Client::new(config).workload_clusters().list().await? {
        let metadata = cluster.get_field_by_name("metadata");
        let metadata = metadata.as_ref().and_then(|metadata| metadata.as_message());
        let name = metadata.and_then(|metadata| metadata.get_field_by_name("name"));
        let name = name.as_ref().and_then(|name| name.as_str());
        writeln!(std::io::stdout(), "{}", name.unwrap_or_default())?;
    }
    Ok(())
}

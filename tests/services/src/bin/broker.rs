//! rumqttd as its users run it, with its own spans: `broker NAME PORT` is an MQTT broker there.
#![expect(clippy::print_stdout, reason = "says that it begins")]

use rumqttd::{Broker, Config};
use tracing_subscriber::layer::SubscriberExt as _;

const CONFIG: &str = r#"
id = 0
[router]
id = 0
max_connections = 100
max_outgoing_packet_count = 200
max_segment_size = 1048576
max_segment_count = 10
[v4.1]
name = "v4-1"
listen = "127.0.0.1:PORT"
next_connection_delay_ms = 1
[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = 20480
max_inflight_count = 100
dynamic_filters = true
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    probe::init!(&arguments.next().unwrap_or_default());
    let port = arguments.next().ok_or("broker NAME PORT")?;
    tracing::subscriber::set_global_default(
        tracing_subscriber::registry().with(probe::tracing::layer()),
    )?;
    let config: Config = toml::from_str(&CONFIG.replace("PORT", &port))?;
    println!("ready");
    Broker::new(config).start()?;
    Ok(())
}

//! The log, for everyone who is connected.

use bellwire::{BroadcastLayer, LogEvent};
use tracing::Level;

use crate::generated::SystemLogPublisher;
use crate::generated::types::{LogLine, LogLineLevel};
use crate::values::time;

/// Publishes log events of INFO and above.
pub(crate) fn layer(publisher: SystemLogPublisher) -> BroadcastLayer {
    BroadcastLayer::new(Level::INFO, move |event| {
        publisher.publish(&line(event));
    })
}

fn line(event: LogEvent) -> LogLine {
    let fields: String = event.fields.iter().map(|(name, text)| format!(" {name}={text}")).collect();
    let dropped = match event.dropped {
        0 => String::new(),
        count => format!(" ({count} lines before it were left out)"),
    };
    LogLine {
        level: match event.level {
            Level::ERROR => LogLineLevel::Error,
            Level::WARN => LogLineLevel::Warning,
            _ => LogLineLevel::Info,
        },
        module: event.target,
        message: format!("{}{fields}{dropped}", event.message),
        timestamp: time(event.time),
    }
}

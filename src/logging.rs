//! Logs on stderr, in the form that Flow's platform reads, or one for people.

use serde_json::{Map, Value};
use std::fmt;
use std::str::FromStr;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// How a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A JSON object a line, with `ts`, `level`, `message` and free fields.
    Json,
    /// Plain text.
    Text,
    /// Text with colors.
    Color,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            "color" => Ok(Self::Color),
            _ => Err(format!("LOG_FORMAT is {name:?}; write json, text or color")),
        }
    }
}

/// Begins to log, as `LOG_LEVEL` (error, warn, info, debug or trace; info if unset)
/// and `LOG_FORMAT` (json, text or color; `default` if unset) say.
///
/// Records of other crates than this one are kept out below warnings.
pub fn init(default: Format) -> Result<(), String> {
    let level = match std::env::var("LOG_LEVEL") {
        Ok(name) => LevelFilter::from_str(&name).map_err(|_| {
            format!("LOG_LEVEL is {name:?}; write error, warn, info, debug or trace")
        })?,
        Err(_) => LevelFilter::INFO,
    };
    let format = match std::env::var("LOG_FORMAT") {
        Ok(name) => name.parse()?,
        Err(_) => default,
    };
    // Only the platform reads them.
    let shown = if format == Format::Json { LevelFilter::INFO } else { LevelFilter::OFF };
    let filter = tracing_subscriber::filter::Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target(env!("CARGO_CRATE_NAME"), level)
        .with_target("materialize_rockset", level)
        .with_target(crate::status::TARGET, shown);
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    // A second call within one process keeps the first's settings.
    let _ = match format {
        Format::Json => registry.with(layer.event_format(JsonLines)).try_init(),
        Format::Text => registry.with(layer.with_ansi(false).with_target(false)).try_init(),
        Format::Color => registry.with(layer.with_ansi(true).with_target(false)).try_init(),
    };
    Ok(())
}

struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let record = Record {
            ts: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            level: event.metadata().level().as_str().to_ascii_lowercase(),
            message: fields.0.remove("message").unwrap_or_default(),
            fields: fields.0,
        };
        writeln!(writer, "{}", serde_json::to_string(&record).map_err(|_| fmt::Error)?)
    }
}

#[derive(serde::Serialize)]
struct Record {
    ts: String,
    level: String,
    message: Value,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

/// The fields of an event, as JSON.
struct Fields(Map<String, Value>);

impl Fields {
    fn insert(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_string(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.insert(field, format!("{value:?}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, value);
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value);
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value);
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value);
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value);
    }
}

//! Logs on stderr, in the format that Flow's platform reads, or in one for people.

use serde_json::{Map, Value};
use std::fmt;
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// The format of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line, with `ts`, `level`, `message` and further fields.
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

/// Starts logging, with the level in `LOG_LEVEL` (error, warn, info, debug or trace; info if
/// unset) and the format in `LOG_FORMAT` (json, text or color; `default` if unset).
///
/// Other crates log warnings and errors only.
///
/// Fails if a variable can't be understood. Its default is used then, so that the caller can
/// log the error.
pub fn init(default: Format) -> Result<(), String> {
    let level = variable("LOG_LEVEL").map_or(Ok(LevelFilter::INFO), |name| level(&name));
    let format = variable("LOG_FORMAT").map_or(Ok(default), |name| name.parse());
    begin(level.clone().unwrap_or(LevelFilter::INFO), format.clone().unwrap_or(default));
    let wrong: Vec<String> = level.err().into_iter().chain(format.err()).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}

/// The value of an environment variable, in lower case. `None` if it is unset or blank.
pub fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    let value = value.to_string_lossy().trim().to_ascii_lowercase();
    (!value.is_empty()).then_some(value)
}

/// The level of a name, including names that other programs use. Errors can't be turned off,
/// because the last of them says why the process ended.
fn level(name: &str) -> Result<LevelFilter, String> {
    match name {
        "error" | "err" | "fatal" | "panic" | "critical" | "off" => Ok(LevelFilter::ERROR),
        "warn" | "warning" => Ok(LevelFilter::WARN),
        "info" | "information" | "notice" => Ok(LevelFilter::INFO),
        "debug" => Ok(LevelFilter::DEBUG),
        "trace" => Ok(LevelFilter::TRACE),
        _ => Err(format!("LOG_LEVEL is {name:?}; write error, warn, info, debug or trace")),
    }
}

fn begin(level: LevelFilter, format: Format) {
    // Only the platform reads statuses.
    let shown = if format == Format::Json { LevelFilter::INFO } else { LevelFilter::OFF };
    let filter = tracing_subscriber::filter::Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target(env!("CARGO_CRATE_NAME"), level)
        .with_target("materialize_rockset", level)
        .with_target(crate::status::TARGET, shown);
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(|| Records);
    // A second call within one process keeps the settings of the first.
    let _ = match format {
        Format::Json => registry.with(layer.event_format(JsonLines)).try_init(),
        Format::Text => registry.with(layer.with_ansi(false).with_target(false)).try_init(),
        Format::Color => registry.with(layer.with_ansi(true).with_target(false)).try_init(),
    };
}

/// Logs the error that the process ends with. It stays the last record, which is the one that
/// Flow shows: later records of other threads are dropped.
pub fn end_with(error: impl fmt::Display) {
    // Other threads wait for this lock before they write, and then see HAS_ENDED.
    let _stderr = io::stderr().lock();
    tracing::error!("{error}");
    HAS_ENDED.store(true, Ordering::Relaxed);
}

/// Logs panics as errors. Of a panic's message, only text that stands in the source is shown: a
/// formatted message may hold what a user configured, such as the API key.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let place =
            panic.location().map_or_else(|| "an unknown place".to_string(), |it| it.to_string());
        let words = panic.payload().downcast_ref::<&'static str>();
        tracing::error!(
            "a part of the connector panicked, at {place}: {}; this is a fault of the connector, \
             please report it",
            words.unwrap_or(&"what it says may hold secrets")
        );
    }));
}

static HAS_ENDED: AtomicBool = AtomicBool::new(false);

/// Writes whole records to stderr, until [`HAS_ENDED`].
struct Records;

impl Write for Records {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        self.write_all(record)?;
        Ok(record.len())
    }

    /// Never fails: the connector must go on even if nobody reads its logs.
    fn write_all(&mut self, record: &[u8]) -> io::Result<()> {
        let mut stderr = io::stderr().lock();
        if !HAS_ENDED.load(Ordering::Relaxed) {
            let _ = stderr.write_all(record);
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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

/// Collects the fields of an event, as JSON.
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

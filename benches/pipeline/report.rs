//! The figures, for people.

use crate::feed::{Run, Trickle};
use crate::machine;
use crate::process::Stats;
use std::time::Duration;

/// One workload.
pub struct Row {
    pub workload: &'static str,
    pub rounds: usize,
    /// In each round.
    pub documents: usize,
    pub http: Part,
    pub https: Part,
}

/// All rounds over one protocol.
#[derive(Clone)]
pub struct Part {
    pub connector: Run,
    pub floor: Run,
    pub stats: Stats,
}

impl Part {
    /// This and another round.
    pub fn and(self, other: Self) -> Self {
        Self {
            connector: self.connector.and(other.connector),
            floor: self.floor.and(other.floor),
            stats: self.stats.and(other.stats),
        }
    }

    /// What the connector and the floor took, the ratio of both, and the most memory.
    fn costs(&self, documents: usize) -> [String; 4] {
        let per_million = |run: &Run| run.cpu.as_secs_f64() * 1e6 / documents as f64;
        let (connector, floor) = (per_million(&self.connector), per_million(&self.floor));
        [
            format!("{connector:.2}"),
            format!("{floor:.2}"),
            format!("{:.2}", connector / floor),
            format!("{:.0} MiB", self.connector.peak_rss as f64 / f64::from(1 << 20)),
        ]
    }
}

impl Row {
    fn cells(&self) -> Vec<String> {
        let Part { connector, stats, .. } = &self.http;
        let documents = self.documents * self.rounds;
        let seconds = connector.wall.as_secs_f64();
        let share = |waiting: Duration| format!("{:.0} %", waiting.as_secs_f64() / seconds * 100.0);
        let mut cells = vec![
            self.workload.to_string(),
            format!("{} × {}", self.rounds, thousands(self.documents as u64)),
            thousands((documents as f64 / seconds) as u64),
            format!("{:.0}", connector.bytes as f64 / 1e6 / seconds),
        ];
        cells.extend(self.http.costs(documents));
        cells.extend([
            share(connector.waiting_for_flow),
            share(connector.waiting_for_rockset),
            format!("{} of {}", stats.below_full, stats.requests),
        ]);
        cells.extend(self.https.costs(documents));
        cells
    }
}

const TITLES: [&str; 15] = [
    "Documents",
    "Count",
    "Documents/s",
    "MB/s",
    "CPU s per million",
    "Floor",
    "Ratio",
    "Peak RSS",
    "Pipe empty",
    "Reading stopped",
    "Requests below 90 %",
    "CPU over TLS",
    "Floor over TLS",
    "Ratio over TLS",
    "Peak RSS over TLS",
];

/// One workload as soon as it is known.
pub fn line(row: &Row) {
    let cells: Vec<String> =
        TITLES.iter().zip(row.cells()).map(|(title, cell)| format!("{title} {cell}")).collect();
    eprintln!("{}", cells.join(", "));
    let kernel = |run: &Run| run.system.as_secs_f64() / run.cpu.as_secs_f64() * 100.0;
    for (protocol, part) in [("HTTP", &row.http), ("HTTPS", &row.https)] {
        let all = (row.documents * row.rounds) as u64;
        assert_eq!(part.stats.documents, all, "every document arrives");
        eprintln!(
            "    {protocol}: in the kernel {:.0} % of the connector, {:.0} % of the floor\n    {}",
            kernel(&part.connector),
            kernel(&part.floor),
            part.connector.log
        );
    }
}

/// All of it, as a table.
pub fn print(rows: &[Row], trickle: Option<&Trickle>) {
    println!("Measured on {}.\n", machine::describe());
    println!("| {} |", TITLES.join(" | "));
    println!("|{}", "---|".repeat(TITLES.len()));
    for row in rows {
        println!("| {} |", row.cells().join(" | "));
    }
    if let Some(Trickle { median, p99, server }) = trickle {
        let ms = |time: &Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
        println!(
            "\nA transaction of one document: {} in the median, {} at the 99th percentile, of which \
             the server takes {}.",
            ms(median),
            ms(p99),
            ms(server)
        );
    }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

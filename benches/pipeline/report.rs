//! The figures, for people.

use crate::feed::{Run, Trickle};
use crate::machine;
use crate::process::Stats;
use std::time::Duration;

/// One workload.
pub struct Row {
    pub workload: &'static str,
    pub rounds: usize,
    /// In all rounds.
    pub documents: usize,
    pub connector: Run,
    pub floor: Run,
    pub stats: Stats,
}

impl Row {
    /// This and other rounds of the same workload.
    pub fn and(self, other: Self) -> Self {
        Self {
            workload: other.workload,
            rounds: self.rounds + other.rounds,
            documents: self.documents + other.documents,
            connector: self.connector.and(other.connector),
            floor: self.floor.and(other.floor),
            stats: self.stats.and(other.stats),
        }
    }

    fn ratio(&self) -> f64 {
        self.connector.cpu.as_secs_f64() / self.floor.cpu.as_secs_f64()
    }

    fn per_million(&self, run: &Run) -> f64 {
        run.cpu.as_secs_f64() * 1e6 / self.documents as f64
    }

    fn cells(&self) -> Vec<String> {
        let seconds = self.connector.wall.as_secs_f64();
        let share = |waiting: Duration| format!("{:.0} %", waiting.as_secs_f64() / seconds * 100.0);
        let mib = |bytes: u64| format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20));
        vec![
            self.workload.to_string(),
            format!("{} × {}", self.rounds, thousands((self.documents / self.rounds) as u64)),
            thousands((self.documents as f64 / seconds) as u64),
            format!("{:.0}", self.connector.bytes as f64 / 1e6 / seconds),
            format!("{:.2}", self.per_million(&self.connector)),
            format!("{:.2}", self.per_million(&self.floor)),
            format!("{:.2}", self.ratio()),
            mib(self.connector.peak_rss),
            share(self.connector.waiting_for_flow),
            share(self.connector.waiting_for_rockset),
            format!("{} of {}", self.stats.below_full, self.stats.requests),
        ]
    }
}

const TITLES: [&str; 11] = [
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
];

/// One workload as soon as it is known.
pub fn line(row: &Row) {
    assert_eq!(row.stats.documents, row.documents as u64, "every document arrives");
    let cells: Vec<String> =
        TITLES.iter().zip(row.cells()).map(|(title, cell)| format!("{title} {cell}")).collect();
    eprintln!("{}", cells.join(", "));
    let kernel = |run: &Run| run.system.as_secs_f64() / run.cpu.as_secs_f64() * 100.0;
    eprintln!(
        "    in the kernel: {:.0} % of the connector, {:.0} % of the floor\n    {}",
        kernel(&row.connector),
        kernel(&row.floor),
        row.connector.log
    );
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

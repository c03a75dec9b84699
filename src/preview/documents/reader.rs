//! The reader of a fixture, which hands over one transaction after the other.

use super::binding::BindingPlan;
use super::combiner::Combiner;
use super::fixture::{Fixture, Line};
use super::transaction::Transaction;
use crate::preview::Error;
use crate::preview::output::report::Progress;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Where to read a fixture from.
#[derive(Debug, Clone)]
pub struct Begin {
    /// Of each binding, the offset of the first document of its collection that it reads.
    pub positions: Vec<u64>,
    /// Whether the fixture was read before. Empty transactions before the first document
    /// aren't run a second time.
    pub is_again: bool,
}

/// Reads a fixture to its end.
pub struct Reader {
    fixture: Fixture,
    combiner: Combiner,
    progress: Progress,
    /// Whether an empty transaction is due.
    keeps_empty: bool,
    /// Whether the first transaction is being read, for the first time.
    is_first: bool,
    is_over: bool,
}

impl Reader {
    /// A reader that splits transactions among a number of shards.
    pub fn new(
        fixture: Fixture,
        bindings: Arc<[BindingPlan]>,
        begin: Begin,
        shards: u32,
        progress: Progress,
    ) -> Self {
        Self {
            fixture,
            combiner: Combiner::new(bindings, begin.positions, shards),
            progress,
            keeps_empty: !begin.is_again,
            is_first: !begin.is_again,
            is_over: false,
        }
    }

    /// Hands over all transactions, up to the first error, as long as someone receives them.
    pub fn send_all(mut self, transactions: &mpsc::Sender<Result<Transaction, Error>>) {
        while let Some(next) = self.next().transpose() {
            self.is_over |= next.is_err();
            if transactions.blocking_send(next).is_err() {
                return;
            }
        }
    }

    /// The next transaction that is due.
    fn next(&mut self) -> Result<Option<Transaction>, Error> {
        while !self.is_over {
            self.read_transaction()?;
            if self.is_due() {
                return Ok(Some(self.combiner.finish()));
            }
        }
        Ok(None)
    }

    /// Combines documents up to the end of their transaction.
    fn read_transaction(&mut self) -> Result<(), Error> {
        while let Some(line) = self.fixture.next()? {
            let Line::Document { collection, document, bytes } = line else { return Ok(()) };
            self.progress.document();
            self.combiner.add(&collection, document, bytes, &self.fixture)?;
        }
        self.is_over = true;
        Ok(())
    }

    /// Whether the transaction is to be run. One whose documents have all been read before isn't.
    fn is_due(&mut self) -> bool {
        let skipped = self.combiner.take_skipped();
        self.progress.skipped(skipped);
        let is_first = std::mem::take(&mut self.is_first);
        let transaction = self.combiner.open();
        let is_due = match (transaction.documents, skipped, self.is_over) {
            (1.., _, _) => true,
            (0, 1.., _) => false,
            // An empty transaction is one, and an empty fixture is one empty transaction.
            (0, 0, false) => self.keeps_empty,
            (0, 0, true) => is_first || self.keeps_empty && transaction.passed_by() > 0,
        };
        self.keeps_empty |= is_due;
        is_due
    }
}

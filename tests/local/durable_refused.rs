//! A build without a store says how to get one with it.

use crate::support::local::options;
use materialize_rockset::local::{self, Data, Options};

#[tokio::test]
async fn a_store_needs_the_engine() {
    let data = Data { place: Some("somewhere".to_string()), ..Data::default() };
    let error = local::start(Options { data, ..options() }).expect_err("there is no store");
    assert!(error.to_string().contains("--features engine"), "{error}");
    assert!(!std::path::Path::new("somewhere").exists());
}

//! The example of an application, as `examples/queries.rs` shows it.

use crate::support::local::Local;

#[allow(dead_code)]
#[path = "../../examples/queries.rs"]
mod queries;

#[tokio::test]
async fn the_example_runs_and_may_run_again() {
    let local = Local::start();
    for _ in 0..2 {
        let strongest = queries::run(&local.client()).await.unwrap();
        let places: Vec<&str> = strongest.iter().map(|quake| quake.place.as_str()).collect();
        assert_eq!(places, ["Honshu", "Ridgecrest"]);
    }
}

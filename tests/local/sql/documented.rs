//! Every example of docs/sql.md gives what stands beside it.

use super::asked;
use crate::support::local::Local;
use serde_json::Value;

/// The examples: an expression, and the JSON of its value, or `Error: ` and a message.
fn examples() -> Vec<(String, String)> {
    let docs =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sql.md")).unwrap();
    let pieces: Vec<&str> = docs.split('`').collect();
    let arrows = pieces.windows(3).filter(|three| three[1] == " → ");
    arrows.map(|three| (three[0].to_string(), three[2].to_string())).collect()
}

#[tokio::test]
async fn examples_of_the_documentation_are_true() {
    let local = Local::start();
    let examples = examples();
    assert!(examples.len() > 300, "{} examples", examples.len());
    let mut wrong = Vec::new();
    for (expression, expected) in examples {
        let answer = asked(&local, &format!("SELECT {expression} AS x")).await;
        let is_right = match expected.strip_prefix("Error: ") {
            Some(message) => answer.starts_with("400") && answer.contains(message),
            None => {
                let row: Value = serde_json::from_str(&answer).unwrap_or_default();
                let expected: Value = serde_json::from_str(&expected).unwrap();
                row.get("x").cloned().unwrap_or_default() == expected
            }
        };
        if !is_right {
            wrong.push(format!("{expression}\n  should be {expected}\n  and is    {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

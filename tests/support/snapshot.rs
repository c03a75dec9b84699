//! Snapshots live in `snapshots/`, named after what they show.

/// Compares `value` with `snapshots/{name}.snap`, as JSON.
pub fn assert_json(name: &str, value: &serde_json::Value) {
    settings().bind(|| insta::assert_json_snapshot!(name, value));
}

/// Compares `text` with `snapshots/{name}.snap`.
pub fn assert_text(name: &str, text: &str) {
    settings().bind(|| insta::assert_snapshot!(name, text));
}

fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_sort_maps(true);
    settings
}

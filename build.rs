//! Generates both contracts: the Rockset client from `openapi/`, the Flow
//! messages from `proto/`. `docs/regenerating.md` tells how to change them.

#[path = "build/answers.rs"]
mod answers;
#[path = "build/flow.rs"]
mod flow;
#[path = "build/rockset.rs"]
mod rockset;

use std::path::Path;

fn main() {
    let out = std::env::var_os("OUT_DIR").unwrap_or_default();
    let out = Path::new(&out);
    println!("cargo::rerun-if-changed=build");
    for generated in [
        rockset::generate(Path::new("openapi/rockset.yaml"), out),
        flow::generate(Path::new("proto"), out),
    ] {
        // Cargo reads each line of its input as a message of its own.
        for line in generated.err().iter().flat_map(|error| error.lines()) {
            println!("cargo::error={line}");
        }
    }
}

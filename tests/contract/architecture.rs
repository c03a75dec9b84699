//! `docs/architecture.md` says which room leads to which, and is right.

use crate::arrows::Code;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn code() -> Code {
    Code::read(&Path::new(ROOT).join("src"))
}

/// The lines `from → to, to` of the map.
fn promised() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(Path::new(ROOT).join("docs/architecture.md")).unwrap();
    let arrows = text.lines().filter_map(|line| line.split_once(" → "));
    arrows
        .map(|(from, to)| {
            let to = to.split(',').map(|room| room.trim().to_string());
            (from.trim().to_string(), to.collect())
        })
        .collect()
}

#[test]
fn the_rooms_lead_where_the_map_says() {
    let mut rooms = code().rooms();
    rooms.retain(|_, to| !to.is_empty());
    assert_eq!(rooms, promised());
}

#[test]
fn no_arrows_make_a_circle() {
    assert_eq!(code().circle(), None);
}

/// The line `server > … > error` of the map: the floors of the local Rockset, from the top.
fn floors() -> Vec<String> {
    let text = fs::read_to_string(Path::new(ROOT).join("docs/architecture.md")).unwrap();
    let line = text.lines().find(|line| line.trim().starts_with("server > ")).unwrap();
    line.trim().split(" > ").map(String::from).collect()
}

#[test]
fn arrows_within_the_local_rockset_lead_downwards() {
    let code = code();
    let floors = floors();
    let floor = |module: &[String]| match module {
        [room, floor, ..] if room == "local" => {
            let at = floors.iter().position(|it| it == floor);
            Some(at.unwrap_or_else(|| panic!("{floor} is no floor of the map")))
        }
        _ => None,
    };
    for (from, to) in code.arrows() {
        let Some(here) = floor(from) else { continue };
        for to in to {
            let there = floor(to);
            assert!(there.is_none_or(|there| here <= there), "{from:?} leads up to {to:?}");
        }
    }
}

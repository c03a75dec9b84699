//! What a server begins with: an empty catalog, or what a store holds.

use super::catalog::Catalog;
#[cfg(feature = "engine")]
use super::ingest::transform;
use super::journal::Journal;
#[cfg(feature = "engine")]
use super::journal::{self, Follower};
use super::options::Options;
#[cfg(feature = "engine")]
use super::pool;
use super::storage::Memory;
use std::io;

/// What a server begins with.
pub(super) struct Opened {
    pub(super) catalog: Catalog,
    /// The journal that goes on with the catalog, if there is a store and the server writes to it.
    pub(super) journal: Option<Journal>,
    /// What the server follows if another one writes.
    #[cfg(feature = "engine")]
    pub(super) follower: Option<Follower>,
}

/// Opens the store of the options, if they name one. Clients reach this server at the URL.
pub(super) fn open(options: &Options, url: &str, memory: &Memory) -> io::Result<Opened> {
    let opened = open_place(options, url, memory)?;
    if let Some(id) = options.main_instance_id {
        opened.catalog.identify_main(&id.to_string());
    }
    Ok(opened)
}

fn open_place(options: &Options, url: &str, memory: &Memory) -> io::Result<Opened> {
    let Some(place) = &options.data.place else {
        return Ok(Opened {
            catalog: Catalog::new(options.ready_after).within(memory.clone()),
            journal: None,
            #[cfg(feature = "engine")]
            follower: None,
        });
    };
    open_store(place, options, url, memory)
}

#[cfg(feature = "engine")]
fn open_store(place: &str, options: &Options, url: &str, memory: &Memory) -> io::Result<Opened> {
    let ready_after = options.ready_after;
    let failed = |error| io::Error::other(format!("can't open the store {place}: {error}"));
    // The threads have the stack for the SQL of transformations.
    if options.data.read_replica {
        let (recovered, follower) =
            journal::follow(place, url, memory.clone(), &options.memory.scratch())?;
        let restore = move || {
            let catalog = Catalog::replica(ready_after, &follower, &recovered, transform::parse)?;
            Ok((catalog, follower))
        };
        let (catalog, follower) = pool::on_thread(restore)?.map_err(failed)?;
        return Ok(Opened { catalog, journal: None, follower: Some(follower) });
    }
    let (journal, recovered) = journal::open(place, options.data.checkpoint_every, memory.clone())?;
    let handle = journal.clone();
    let restore = move || Catalog::restored(ready_after, handle, &recovered, transform::parse);
    let catalog = pool::on_thread(restore)?.map_err(failed)?;
    catalog.advertise(url);
    Ok(Opened { catalog, journal: Some(journal), follower: None })
}

#[cfg(not(feature = "engine"))]
fn open_store(_: &str, _: &Options, _: &str, _: &Memory) -> io::Result<Opened> {
    Err(super::error::no_store("--data"))
}

//! Query lambdas, which need the feature `engine`:
//!
//! - `definition`: lambdas and their versions; `tags`: their tags.
//! - `execute`: their execution; `scheduled`: their schedules; `show`: how answers show them.
//!
//! In a build without it, `absent` stands for all of these.

#[cfg(not(feature = "engine"))]
mod absent;
#[cfg(feature = "engine")]
mod definition;
#[cfg(feature = "engine")]
mod execute;
#[cfg(feature = "engine")]
mod scheduled;
#[cfg(feature = "engine")]
mod show;
#[cfg(feature = "engine")]
mod tags;

#[cfg(not(feature = "engine"))]
pub use absent::{
    lambda as delete, lambda as list_tags, lambda as list_versions, list,
    list as list_in_workspace, list_scheduled, refuse as create, refuse as execute,
    refuse as execute_public, refuse as execute_tag, refuse as schedule, refuse as tag,
    refuse as update, scheduled as get_scheduled, scheduled as reschedule, scheduled as unschedule,
    tag as get_tag, tag as untag, version as delete_version, version as get_version,
};
#[cfg(feature = "engine")]
pub use definition::{
    create, delete, delete_version, get_version, list, list_in_workspace, list_versions, update,
};
#[cfg(feature = "engine")]
pub use execute::{execute, execute_public, execute_tag};
#[cfg(feature = "engine")]
pub use scheduled::{get_scheduled, list_scheduled, reschedule, schedule, unschedule};
#[cfg(feature = "engine")]
pub use tags::{get_tag, list_tags, tag, untag};

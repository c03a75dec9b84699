//! Offsets of writes, by which readers wait for what they wrote.

use super::Collection;
use crate::local::error::ApiError;
use crate::rockset::types::{GetCollectionCommit, GetCollectionCommitData, Offsets};

impl Collection {
    /// Whether all writes up to the highest of the offsets can be queried.
    pub fn passed(&self, fences: &[String]) -> Result<GetCollectionCommit, ApiError> {
        self.passed_in(fences, self.snapshot().writes())
    }

    /// Whether the first so many writes are all those up to the highest of the offsets.
    pub(in crate::local::catalog) fn passed_in(
        &self,
        fences: &[String],
        written: u64,
    ) -> Result<GetCollectionCommit, ApiError> {
        let mut furthest = None;
        for (i, fence) in fences.iter().enumerate() {
            let writes = self.writes_at(fence).ok_or_else(|| {
                let name = self.name();
                ApiError::invalid(format!("Wrong in name[{i}]: {fence:?} is no offset of {name:?}"))
            })?;
            furthest = furthest.max(Some((writes, fence)));
        }
        let (furthest, fence) =
            furthest.ok_or_else(|| ApiError::invalid("Wrong in name: it holds no offset"))?;
        Ok(GetCollectionCommit {
            data: Some(GetCollectionCommitData {
                fence: Some(fence.clone()),
                passed: Some(furthest <= written),
            }),
            offsets: Some(Offsets { commit: Some(self.offset(written)) }),
        })
    }

    pub(super) fn offset(&self, writes: u64) -> String {
        format!("f1:{:016x}:{writes}", self.id)
    }

    fn writes_at(&self, offset: &str) -> Option<u64> {
        let (id, writes) = offset.strip_prefix("f1:")?.split_once(':')?;
        (u64::from_str_radix(id, 16).ok()? == self.id).then(|| writes.parse().ok())?
    }
}

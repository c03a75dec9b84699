//! The instructions that this machine's processor has for many bytes at once.

use fearless_simd::Level;

/// All levels of them, from those that every processor of its kind has.
pub fn levels() -> impl Iterator<Item = Level> {
    let best = Level::new();
    #[cfg(target_arch = "x86_64")]
    let others = {
        use fearless_simd::Simd;
        let sse = best.as_sse4_2().map(Simd::level);
        sse.into_iter().chain(best.as_avx2().map(Simd::level))
    };
    #[cfg(not(target_arch = "x86_64"))]
    let others = [];
    std::iter::once(Level::baseline()).chain(others).chain([best])
}

//! The banner in a page: a face of the core for browsers.
//!
//! In scope: what is on the screen, what follows from what a person does, what is sent and when. Out of scope: every rule (when to
//! ask, what counts as granting, what a purpose means for other tags' signals), which is the core's, and how a browser does things
//! (elements, words, storage, requests), which is in `www/loader/`.
//!
//! Only numbers and texts cross the border between the two ([`hands`] outwards, [`calls`] inwards), so that the same module
//! runs as WebAssembly and, translated, as JavaScript, and neither side needs generated code.
#![cfg_attr(not(test), no_std)]
// Without a browser only the tests of what needs none are left.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]

extern crate alloc;
#[cfg(not(feature = "bare"))]
extern crate std;

mod settings;

#[cfg(target_arch = "wasm32")]
mod app;
#[cfg(target_arch = "wasm32")]
mod calls;
#[cfg(target_arch = "wasm32")]
mod hands;

/// Gives nothing back, which is a kilobyte less: what is allocated is what a person sees and decides, a few kilobytes in the
/// life of a page. What a page can call as often as it likes ([`calls::accepted`]) allocates nothing.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
#[allow(unsafe_code, reason = "to leave out locks is to vouch for it that a page runs this on one thread")]
static ALLOCATOR: lol_alloc::AssumeSingleThreaded<lol_alloc::LeakingAllocator> =
    // SAFETY: the module exports no shared memory, so no second thread can call into it.
    unsafe { lol_alloc::AssumeSingleThreaded::new(lol_alloc::LeakingAllocator::new()) };

/// Formatting what went wrong would cost a quarter of the module; the trap stops the call, and what was denied stays denied.
#[cfg(all(feature = "bare", target_arch = "wasm32"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

//! Asks the linker for a small stack. A megabyte, its default, is 16 pages that the translation into JavaScript has to clear
//! before the banner shows, and copy when it needs another.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("TARGET").is_ok_and(|target| target.starts_with("wasm32")) {
        println!("cargo:rustc-link-arg-cdylib=-zstack-size=32768");
    }
}

//! Only here because `links` needs a build script.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}

//! Where probes can be in: on 64-bit Linux, with the feature `std`, unless `--cfg probe_off` forbids it. Elsewhere the same macros and types
//! compile to nothing, so that a program for many systems needs no `cfg` of its own. (That is also what `links` needs a
//! build script for.)

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(probe_can)");
    println!("cargo::rustc-check-cfg=cfg(probe_downgrade)");
    // A wrapper has no method that the wrapped type lacks: this one came with 1.92.
    if minor_of_rustc().is_some_and(|minor| minor >= 92) {
        println!("cargo::rustc-cfg=probe_downgrade");
    }
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|is| is == value);
    let forbidden = std::env::var_os("CARGO_CFG_PROBE_OFF").is_some();
    let std = std::env::var_os("CARGO_FEATURE_STD").is_some();
    let possible = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_POINTER_WIDTH", "64");
    if possible && std && !forbidden {
        println!("cargo::rustc-cfg=probe_can");
    } else if !possible && std::env::var_os("CARGO_FEATURE_ENABLE").is_some() {
        let target = std::env::var("TARGET").unwrap_or_default();
        println!(
            "cargo::warning=probes are out: boards are made on 64-bit Linux, and this is {target}"
        );
    }
}

/// N of the compiler's version 1.N.
fn minor_of_rustc() -> Option<u32> {
    let rustc = std::env::var_os("RUSTC")?;
    let told = std::process::Command::new(rustc).arg("--version").output().ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    told.split_whitespace().nth(1)?.split('.').nth(1)?.parse().ok()
}

//! Once there is a board, this code stays in memory: a plugin that is closed by `dlclose` leaves a thread, an
//! exit handler and a thread-exit hook behind, which would run into nothing. Its board goes on meanwhile, and a
//! plugin that is opened again finds it.
#![cfg_attr(
    all(target_env = "gnu", not(target_feature = "crt-static")),
    expect(unsafe_code, reason = "asks the dynamic linker")
)]

/// Sees to it that this code is never unmapped.
///
/// # Errors
/// It could not be seen to.
#[cfg(all(target_env = "gnu", not(target_feature = "crt-static")))]
pub(crate) fn stay() -> Result<(), String> {
    use core::ffi::CStr;

    // SAFETY: `getauxval` has no precondition.
    let program = unsafe { libc::getauxval(libc::AT_PHDR) } as usize;
    let code = (stay as fn() -> Result<(), String>) as usize;
    let (Some(here), Some(program)) = (object(code), object(program)) else {
        // The dynamic linker knows of no object: nothing can be unloaded either.
        return Ok(());
    };
    if here.dli_fbase == program.dli_fbase {
        return Ok(());
    }
    let flags = libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_NODELETE;
    // SAFETY: the name is the linker's own, of an object that is loaded; nothing is loaded by this.
    let kept = unsafe { libc::dlopen(here.dli_fname, flags) };
    if !kept.is_null() {
        return Ok(());
    }
    // SAFETY: the linker's own text, which ends with a zero.
    let name = unsafe { CStr::from_ptr(here.dli_fname) };
    Err(format!(
        "{} cannot be kept from being unloaded: link it with -z nodelete",
        name.to_string_lossy()
    ))
}

/// The object that an address lies in.
#[cfg(all(target_env = "gnu", not(target_feature = "crt-static")))]
fn object(address: usize) -> Option<libc::Dl_info> {
    let mut found = core::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    let address = core::ptr::without_provenance::<libc::c_void>(address);
    // SAFETY: the address is only looked up; there is room for the answer.
    let known = unsafe { libc::dladdr(address, found.as_mut_ptr()) } != 0;
    // SAFETY: zero bytes are valid, and the call filled in more.
    let found = unsafe { found.assume_init() };
    (known && !found.dli_fname.is_null()).then_some(found)
}

/// In other C libraries `dlclose` unmaps nothing, and in a static program there is nothing to close.
#[cfg(not(all(target_env = "gnu", not(target_feature = "crt-static"))))]
pub(crate) fn stay() -> Result<(), String> {
    Ok(())
}

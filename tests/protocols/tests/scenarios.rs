// The scenarios, once for both checkers; see `src/models.rs`.
scenarios! {
    header,
    records,
    doubled_record,
    watch,
    scope_after_scope,
    scope_in_scope,
    arguments,
    tenants,
    members,
    claimants,
    claimants_with_room,
    whole_bitmap,
    slot_reuse,
}

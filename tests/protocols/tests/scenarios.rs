// The scenarios, once for both checkers; see `src/models.rs`.
scenarios! {
    published_header,
    published_records,
    doubled_record,
    keyed_watch,
    stack_scope_after_scope,
    stack_scope_in_scope,
    stack_second_look,
    stack_second_look_at_a_tenant,
    stack_second_look_is_not_stale,
    stack_arguments,
    tenancy_slot,
    tenancy_members,
    claims_one_record,
    claims_two_records,
    claims_whole_bitmap,
    claims_and_tenancy,
}

//! What a thread holds shared: noted on its slot, one word for each, the last one on top.

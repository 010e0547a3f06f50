//! Claims about shares of a processor's time, and about all boards of a host: nothing else of the tests runs beside these.

mod capacity;
mod capacity_core;
mod endpoints_served;
mod growth;
mod load;

//! stub
use std::sync::Arc;
probe::metrics! {
    /// Jobs.
    pub counter A = "a", "jobs";
    pub gauge G = "a", "jobs";
    /// Jobs.
    pub ratio R = "a", [A] / [A];
    pub queue Q = "q";
    pub gauge family ROWS = "rows", "rows", by "table";
    heartbeat H = "x", every 1000 ms;
}
#[probe::instrument(wait, "label", x)]
async fn foo(x: u32) -> Result<u32, std::io::Error> {
    std::fs::metadata("/")?;
    Ok(x)
}
#[probe::instrument]
fn bar() {}
fn main() {
    let _ = probe::init!("x", |c| c.threads(2));
    probe::tag!();
    probe::tag!("x");
    probe::tag!(wait, hits, group = "x", "x", 3u8);
    let _s = probe::scope!(idle, "x", 4usize,);
    probe::count!(A);
    probe::count!(A, 5usize);
    probe::set!(G, -3);
    probe::beat!(H);
    let m = Arc::new(probe::member!(ROWS, format!("x{}", 1)));
    probe::set!(*m, 3);
    let s = probe::arrive!(Q);
    let t = probe::start!(Q, s);
    probe::complete!(Q, t);
    probe::head!(Q, Some(s));
    probe::fact!("x", format!("x"));
    let _b = probe::busy!();
    drop(probe::scoped!(foo(3), "x"));
    bar();
    eprintln!("{:?}", probe::status());
    std::thread::spawn(|| {
        loop {
            probe::tag!("spin");
            probe::count!(A);
        }
    });
    std::thread::sleep(std::time::Duration::from_secs(3));
    std::process::exit(3);
}

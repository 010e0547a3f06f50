//! Numbers as metrics: the families that Prometheus gets, under the same names, with one resource a board.

use super::attributes::{About, Of, attribute, scope};
use crate::export::prom::{Exposition, Family, Kind, Value, board_into};
use crate::export::protobuf::Message;
use crate::model::BoardReport;

/// Totals since the start.
const CUMULATIVE: u64 = 2;

/// A request message with the numbers of some boards, each at its moment, ns since 1970.
pub fn metrics(boards: &[(About, &BoardReport)], now_ns: u64) -> Vec<u8> {
    let mut request = Message::default();
    for (about, board) in boards {
        let mut all = Exposition::default();
        board_into(&mut all, board, &[]);
        let left_out = [("scoreboard.series.left_out", Of::Number(all.left_out as u64))];
        let mut of_scope = Message::default();
        of_scope.message(1, &scope(&left_out));
        let times = (board.started_wall_ns, now_ns);
        for family in all.families.iter().filter(|family| !family.samples.is_empty()) {
            of_scope.message(2, &metric(family, times));
        }
        let mut resource = Message::default();
        resource.message(1, &about.resource()).message(2, &of_scope);
        request.message(1, &resource);
    }
    request.0
}

fn metric(family: &Family, times: (u64, u64)) -> Message {
    let units = [("_seconds", "s"), ("_bytes", "By"), ("_ratio", "1")];
    let unit = units.iter().find(|(ending, _)| family.name.ends_with(ending));
    let mut metric = Message::default();
    metric.text(1, &family.name).text(2, &crate::words::term::term(&family.help));
    metric.text(3, unit.map_or("", |(_, unit)| unit));
    let mut data = Message::default();
    for (labels, value) in &family.samples {
        data.message(1, &point(family.kind, labels, value, times));
    }
    match family.kind {
        Kind::Gauge | Kind::Info => metric.message(5, &data),
        Kind::Counter => {
            data.sure(2, CUMULATIVE).sure(3, 1);
            metric.message(7, &data)
        }
        Kind::Histogram => {
            data.sure(2, CUMULATIVE);
            metric.message(9, &data)
        }
    };
    metric
}

fn point(
    kind: Kind,
    labels: &[(String, String)],
    value: &Value,
    (start_ns, now_ns): (u64, u64),
) -> Message {
    let mut point = Message::default();
    // Attributes have another number in a histogram's points than in those of a number.
    let field = if kind == Kind::Histogram { 9 } else { 7 };
    for (key, value) in labels {
        point.message(field, &attribute(key, &Of::Text(value)));
    }
    if kind != Kind::Gauge && kind != Kind::Info {
        point.fixed(2, start_ns);
    }
    point.fixed(3, now_ns);
    match value {
        Value::One(text) => match text.parse::<i64>() {
            Ok(whole) => point.fixed(6, whole.cast_unsigned()),
            Err(_) => point.double(4, text.parse().unwrap_or(f64::NAN)),
        },
        Value::Buckets { up_to, count, sum, .. } => {
            point.fixed(4, *count).double(5, sum.parse().unwrap_or(f64::NAN));
            let (mut counts, mut bounds, mut below) = (Vec::new(), Vec::new(), 0);
            for (limit, up_to) in up_to {
                counts.extend(up_to.saturating_sub(below).to_le_bytes());
                bounds.extend(limit.parse::<f64>().unwrap_or(f64::NAN).to_le_bytes());
                below = *up_to;
            }
            counts.extend(count.saturating_sub(below).to_le_bytes());
            point.bytes(6, &counts).bytes(7, &bounds)
        }
    };
    point
}

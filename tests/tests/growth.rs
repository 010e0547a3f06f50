//! What a look costs grows no faster than what there is to look at, by counted instructions.

use tests::growth::{self, ROWS};
use tests::{alone, parallel};

/// Growth with the logarithm of the size is within it; with its square it would be 2.
const MOST: f64 = 1.1;

#[test]
fn a_look_grows_no_faster_than_what_is_used() {
    let _turn = alone::turn();
    if !growth::is_possible() {
        return;
    }
    let counted = parallel::each(&ROWS, |row| {
        row.counted(if row.of_processes() { &[1, 16, 64] } else { &[1, 64, 256] })
    });
    for (row, points) in ROWS.iter().zip(counted) {
        let exponent = growth::exponent(&points);
        assert!(exponent <= MOST, "{}: {exponent:.3}, {points:?}", row.what);
        // Or nothing of it was there.
        assert!(exponent > 0.5, "{}: {exponent:.3}, {points:?}", row.what);
    }
}

#[test]
fn an_exponent_tells_a_square_from_a_line() {
    let curve = |cost: fn(u64) -> u64| {
        [1_u64, 64, 256].map(|size| (size as usize, 40_000_000 + cost(size)))
    };
    let of = |cost| growth::exponent(&curve(cost));
    assert!((of(|size| 500_000 * size) - 1.0).abs() < 0.02);
    // Each thread beside each other one, as `held by` would be if it was looked up for every pair.
    assert!(of(|size| 1_000 * size * size) > 1.9);
    assert!(growth::exponent(&[]).is_nan());
}

#[test]
fn the_picture_has_a_line_for_each_row() {
    let curves: Vec<_> =
        ROWS.iter().map(|row| (row.what, vec![(1, 10), (64, 500), (256, 2_000)])).collect();
    let svg = growth::svg(&curves);
    assert_eq!(svg.matches("<polyline").count(), ROWS.len());
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

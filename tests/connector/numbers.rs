//! Numbers of packed tuples, digit by digit as serde_json writes them.

use crate::support::pack::{pack, pack_integer};
use fearless_simd::{Level, dispatch};
use materialize_rockset::encode::buffer::Buffer;
use materialize_rockset::encode::tuple::Reader;
use serde_json::json;

fn written(packed: &[u8]) -> String {
    let mut out = Buffer::default();
    out.append(|out| dispatch!(Level::new(), simd => Reader::new(packed).write_json(simd, out)))
        .unwrap();
    String::from_utf8(out.as_slice().to_vec()).unwrap()
}

#[test]
fn integers_of_every_length() {
    for digits in 0..39 {
        let power = 10i128.pow(digits);
        for value in [power - 1, power, power + 1, power / 7 * 3, power / 9] {
            for value in [value, -value] {
                let mut packed = Vec::new();
                pack_integer(value, &mut packed);
                assert_eq!(written(&packed), value.to_string());
            }
        }
    }
}

#[test]
fn every_integer_up_to_a_hundred_thousand() {
    for value in 0..100_000i128 {
        let mut packed = Vec::new();
        pack_integer(value * 1_009, &mut packed);
        assert_eq!(written(&packed), (value * 1_009).to_string());
    }
}

#[test]
fn numbers_with_a_fraction_of_every_length() {
    for digits in -30..30 {
        for value in [1.5, 0.1, 1.0 / 7.0, 123456.789, -2.5e-7] {
            let value = value * 10f64.powi(digits);
            assert_eq!(written(&pack(&[json!(value)])), json!(value).to_string());
        }
    }
}

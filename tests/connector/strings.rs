//! Texts are looked at in chunks, and what a text is must not depend on where in a chunk
//! its bytes stand.

use crate::support::levels::levels;
use crate::support::pack::pack_string;
use fearless_simd::dispatch;
use materialize_rockset::encode::Error;
use materialize_rockset::encode::buffer::Buffer;
use materialize_rockset::encode::embedded;
use materialize_rockset::encode::tuple::Reader;
use serde::de::IgnoredAny;

/// Longer than two chunks and what stands beside them.
const LONGEST: usize = 150;

/// The JSON that the first element of a packed tuple becomes, with whichever instructions.
fn json(packed: &[u8]) -> Result<String, Error> {
    same(levels().map(|level| {
        let mut out = Buffer::default();
        out.append(|out| dispatch!(level, simd => Reader::new(packed).write_json(simd, out)))?;
        Ok(String::from_utf8(out.as_slice().to_vec()).unwrap())
    }))
}

fn same<T: PartialEq + std::fmt::Debug>(results: impl Iterator<Item = T>) -> T {
    results
        .reduce(|one, other| {
            assert_eq!(one, other);
            one
        })
        .unwrap()
}

/// A packed string, last in its tuple and before other elements.
fn in_tuples(text: &str) -> [Vec<u8>; 2] {
    let mut last = Vec::new();
    pack_string(0x02, text.as_bytes(), &mut last);
    let mut followed = last.clone();
    for other in ["\u{fc}ber\"all", "\0", &"z".repeat(100)] {
        pack_string(0x02, other.as_bytes(), &mut followed);
    }
    [last, followed]
}

#[test]
fn any_character_at_any_place() {
    for special in
        ["", "\"", "\\", "\n", "\u{1}", "\u{1f}", "\0", "\0\0", "ö", "\u{10348}", "\"ö\0ä\\"]
    {
        for length in 0..LONGEST {
            for place in 0..=length {
                let text = format!("{}{special}{}", "x".repeat(place), "y".repeat(length - place));
                let expected = serde_json::to_string(&text).unwrap();
                for packed in in_tuples(&text) {
                    assert_eq!(json(&packed).unwrap(), expected);
                }
            }
        }
    }
}

#[test]
fn what_is_not_utf8_is_refused_at_any_place() {
    for wrong in [&[0x80][..], &[0xc3], &[0xe2, 0x82], &[0xed, 0xa0, 0x80], &[0xf8]] {
        for before in [0, 1, 14, 15, 16, 30, 31, 32, 33, 62, 63, 64, 65, 100] {
            for after in [0, 1, 2, 30, 31, 32, 33, 64, 100] {
                let text = [&b"x".repeat(before)[..], wrong, &b"y".repeat(after)[..]].concat();
                let packed = [&[0x02], &text[..], &[0x00]].concat();
                assert_eq!(json(&packed), Err(Error::NotUtf8), "{before} {wrong:x?} {after}");
                let split = [&[0x02], &text[..], &[0x00, 0xff, 0x80, 0x00]].concat();
                assert_eq!(json(&split), Err(Error::NotUtf8), "{before} {wrong:x?} {after}");
            }
        }
    }
}

#[test]
fn a_tuple_that_is_cut_short_is_refused_at_any_place() {
    let text = format!("{}\0\"ö", "x".repeat(LONGEST));
    let [packed, _] = in_tuples(&text);
    // Before the 0xff of its NUL, it would end.
    let whole = packed.iter().position(|byte| *byte == 0x00).unwrap() + 1;
    for length in (1..packed.len()).filter(|length| *length != whole) {
        assert_eq!(json(&packed[..length]), Err(Error::CutShort), "{length}");
    }
}

/// Brackets, quotation marks and backslashes, in any order: most of it isn't JSON.
#[test]
fn what_is_not_one_value_does_not_look_like_one() {
    const PIECES: [&str; 12] =
        ["{", "}", "[", "]", "\"", "\\", ",", ":", "1", "\"a\":", "null", " "];
    let mut state = 1u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    let mut json = 0;
    for round in 0..200_000 {
        let mut text = ["[", "{"][round % 2].to_string();
        if round % 3 == 0 {
            // So that what follows stands across the border of two chunks.
            text.push_str(&format!("\"{}\",", "x".repeat(50 + random(20))));
        }
        (0..random(12)).for_each(|_| text.push_str(PIECES[random(PIECES.len())]));
        text.push_str(["]", "}"][round % 2]);
        json += usize::from(agrees(text.as_bytes()));
    }
    assert!(json > 1_000, "{json}");
}

/// One of each thing that JSON has.
const JSON: &str = r#" {"a":[1,-0.5e+10,{},[ ],null,true,false,12345678901234567890.25E-7],
    "a longer name than a chunk, with \"quotes\", \u00e4 and ö":{"deep":[[[""]]]},"":0} "#;

#[test]
fn json_is_written_and_nothing_else_gets_through() {
    let bytes = b"\0\t\n \"\\{}[]:,+-.0159eEuntfx\x1f\x7f";
    let mut taken = 0;
    for place in 0..JSON.len() {
        for byte in bytes {
            let mut text = JSON.as_bytes().to_vec();
            text[place] = *byte;
            taken += usize::from(agrees(&text));
            text.insert(place, *byte);
            taken += usize::from(agrees(&text));
        }
        taken += usize::from(agrees(&JSON.as_bytes()[..place]));
        taken += usize::from(agrees(&JSON.as_bytes()[place..]));
    }
    assert!(taken > JSON.len(), "most changes within strings and space leave it JSON");
}

#[test]
fn numbers_of_any_length_are_json() {
    for digits in 1..40 {
        let (integer, fraction) = ("7".repeat(digits), "3".repeat(digits));
        for number in [
            integer.clone(),
            format!("-{integer}"),
            format!("0{integer}"),
            format!("{integer}."),
            format!(".{fraction}"),
            format!("{integer}.{fraction}"),
            format!("{integer}e{fraction}"),
            format!("{integer}.{fraction}E-{integer}"),
            format!("{integer}/{fraction}"),
            format!("{integer}:{fraction}"),
        ] {
            agrees(number.as_bytes());
            agrees(format!("[{number}]").as_bytes());
        }
    }
}

#[test]
fn values_are_nested_as_deep_as_serde_json_takes_them() {
    for depth in [1, 60, 126, 127, 128, 129, 500] {
        agrees(format!("{}{}", "[".repeat(depth), "]".repeat(depth)).as_bytes());
        agrees(format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth)).as_bytes());
        agrees(format!("{}{}", r#"[{"a":"#.repeat(depth), "}]".repeat(depth)).as_bytes());
    }
}

#[test]
fn nested_values_end_anywhere_in_a_chunk() {
    for length in 0..200 {
        let text = "x".repeat(length);
        for json in [
            format!("[\"{text}\"]"),
            format!("{{\"a\":[[],{{}}],\"{text}\":[{{\"b\":[]}}]}}"),
            format!("[{{\"{text}\\\"\":\"ö]\"}},[[[]]],[]]"),
        ] {
            assert!(agrees(json.as_bytes()));
            assert!(!agrees(format!("{json},1").as_bytes()));
            assert!(!agrees(&json.as_bytes()[..json.len() - 1]));
        }
    }
}

/// Whether a text is JSON, which has to be written then. What isn't JSON may be written too,
/// as long as nothing that it's put into can be JSON.
fn agrees(text: &[u8]) -> bool {
    let is_json = |text: &[u8]| {
        std::str::from_utf8(text).is_ok() && serde_json::from_slice::<IgnoredAny>(text).is_ok()
    };
    let written = same(levels().map(|level| {
        let mut out = Buffer::default();
        out.append(|out| dispatch!(level, simd => embedded::write(simd, text, out)))?;
        Ok::<_, Error>(out.as_slice().to_vec())
    }));
    let shown = String::from_utf8_lossy(text);
    // In a tuple, a text ends where the next element begins.
    if !text.contains(&0x00) {
        let mut packed = Vec::new();
        pack_string(0x01, text, &mut packed);
        pack_string(0x02, b"]}\"", &mut packed);
        let in_tuple = json(&packed).map(String::into_bytes);
        assert_eq!(in_tuple.is_ok(), written.is_ok(), "{shown}");
        assert!(in_tuple.is_err() || in_tuple == written, "{shown}");
    }
    if is_json(text) {
        assert!(written.is_ok(), "{shown}: {written:?}");
    } else if written.is_ok() {
        for around in [(&b"["[..], &b",0]"[..]), (b"{\"a\":", b",\"b\":{}}"), (b"[[", b"]]")] {
            let whole = [around.0, text, around.1].concat();
            assert!(!is_json(&whole), "{shown} hides in {}", String::from_utf8_lossy(&whole));
        }
    }
    if let Ok(written) = written {
        assert_eq!(written, text);
    }
    is_json(text)
}

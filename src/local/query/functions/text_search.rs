//! The terms of texts, for a search in them.

use super::limit;
use super::string::count;
use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::Function;
use crate::local::query::functions::function::Returns::Always;
use crate::local::query::value::{Kind, Value};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

const ARRAY: super::Returns = Always(Kind::Array);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("TOKENIZE", "TOKENIZE(string[, locale])", (1, 2), ARRAY, tokenize)
        .meaning(
            "Returns the words in lower case and in normalization form KC, for all locales \
             alike.",
        )
        .examples(&[
            ("TOKENIZE('Hello, World')", r#"["hello","world"]"#),
            (
                "TOKENIZE('The ﬁrst 3.5 m²: can''t', 'en_US')",
                r#"["the","first","3.5","m2","can't"]"#,
            ),
        ]),
    Function::new("NGRAMS", "NGRAMS(string, min[, max])", (2, 3), ARRAY, ngrams)
        .meaning("Returns all substrings of `min` to `max` characters, or of `min` alone.")
        .examples(&[
            ("NGRAMS('abcd', 3)", r#"["abc","bcd"]"#),
            ("NGRAMS('abc', 1, 2)", r#"["a","ab","b","bc","c"]"#),
        ]),
    Function::new("PREFIXES", "PREFIXES(string, min)", (2, 2), ARRAY, prefixes)
        .meaning("Returns all prefixes of at least `min` characters.")
        .examples(&[("PREFIXES('größer', 4)", r#"["größ","größe","größer"]"#)]),
    Function::new(
        "NORMALIZE",
        "NORMALIZE(string[, form])",
        (1, 2),
        Always(Kind::String),
        normalize,
    )
    .meaning(
        "Returns the string in a normalization form of Unicode: `NFC`, `NFD`, `NFKC` or \
             `NFKD`.",
    )
    .examples(&[
        ("LENGTH(NORMALIZE('é', 'NFD'))", "2"),
        ("NORMALIZE(NORMALIZE('é', 'NFD'))", "\"é\""),
        ("NORMALIZE('①', 'NFKC')", "\"1\""),
    ]),
];

fn tokenize(call: &Call<'_>) -> Result<Value, String> {
    let text: String = call.string(0)?.nfkc().collect();
    if call.has(1) {
        call.string(1)?;
    }
    let words = text.unicode_words().map(str::to_lowercase);
    Ok(Value::Array(words.map(Value::String).collect()))
}

fn ngrams(call: &Call<'_>) -> Result<Value, String> {
    let (text, min) = (call.string(0)?, at_least_one(call, 1)?);
    let max = if call.has(2) { at_least_one(call, 2)? } else { min };
    let mut grams = Grams::new(call);
    for (start, _) in text.char_indices() {
        grams.add_prefixes(&text[start..], min, max)?;
    }
    Ok(Value::Array(grams.found))
}

fn prefixes(call: &Call<'_>) -> Result<Value, String> {
    let (text, min) = (call.string(0)?, at_least_one(call, 1)?);
    let mut grams = Grams::new(call);
    grams.add_prefixes(text, min, usize::MAX)?;
    Ok(Value::Array(grams.found))
}

/// Substrings with a bound on their size.
struct Grams<'a> {
    call: &'a Call<'a>,
    found: Vec<Value>,
    bytes: usize,
}

impl<'a> Grams<'a> {
    fn new(call: &'a Call<'a>) -> Self {
        Self { call, found: Vec::new(), bytes: 0 }
    }

    /// Adds the prefixes of `min` to `max` characters.
    fn add_prefixes(&mut self, text: &str, min: usize, max: usize) -> Result<(), String> {
        let ends = text.char_indices().map(|(start, char)| start + char.len_utf8());
        for end in ends.take(max).skip(min - 1) {
            self.bytes += end;
            limit::bytes(self.call, self.bytes)?;
            self.found.push(Value::string(&text[..end]));
            limit::elements(self.call, self.found.len())?;
        }
        Ok(())
    }
}

fn at_least_one(call: &Call<'_>, index: usize) -> Result<usize, String> {
    match count(call, index)? {
        0 => Err(call.error("a number of characters has to be greater than 0")),
        count => Ok(count),
    }
}

fn normalize(call: &Call<'_>) -> Result<Value, String> {
    let text = call.string(0)?;
    let form = if call.has(1) { call.string(1)? } else { "NFC" };
    Ok(Value::String(match form.to_ascii_uppercase().as_str() {
        "NFC" => text.nfc().collect(),
        "NFD" => text.nfd().collect(),
        "NFKC" => text.nfkc().collect(),
        "NFKD" => text.nfkd().collect(),
        _ => return Err(call.error(format!("there is no form {form:?}"))),
    }))
}

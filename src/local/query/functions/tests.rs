#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::{FAMILIES, all, find};
use crate::local::query::value::{Value, parse, write_json};
use std::collections::HashSet;

/// What an expression of calls and literals is, as an example writes it.
fn ask(expression: &str) -> String {
    let mut reader = Reader { rest: expression };
    let result = reader.value();
    assert_eq!(reader.rest.trim(), "", "after an expression in {expression}");
    match result {
        Ok(value) => {
            let mut json = String::new();
            write_json(&value, &mut json);
            json
        }
        Err(error) => format!("Error: {error}"),
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn take(&mut self, token: char) -> bool {
        let taken = self.rest.trim_start().strip_prefix(token);
        self.rest = taken.unwrap_or(self.rest);
        taken.is_some()
    }

    fn expect(&mut self, token: char) {
        assert!(self.take(token), "{token:?} is missing before {:?}", self.rest);
    }

    fn take_while(&mut self, is_part: fn(char) -> bool) -> &'a str {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|char| !is_part(char)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn value(&mut self) -> Result<Value, String> {
        match self.rest.trim_start().chars().next() {
            Some('\'') => Ok(Value::String(self.string())),
            Some('[') => Ok(Value::Array(self.list('[', ']', Self::value)?)),
            Some('{') => Ok(Value::Object(self.list('{', '}', Self::field)?)),
            Some('-' | '0'..='9') => Ok(self.number()),
            _ => self.word(),
        }
    }

    fn string(&mut self) -> String {
        self.expect('\'');
        let mut text = String::new();
        loop {
            let (part, rest) = self.rest.split_once('\'').expect("the end of a string");
            text.push_str(part);
            self.rest = rest;
            if !self.rest.starts_with('\'') {
                return text;
            }
            text.push('\'');
            self.rest = &self.rest[1..];
        }
    }

    fn list<T>(
        &mut self,
        start: char,
        end: char,
        item: fn(&mut Self) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        self.expect(start);
        let mut items = Vec::new();
        while !self.take(end) {
            items.push(item(self)?);
            if !self.take(',') {
                self.expect(end);
                break;
            }
        }
        Ok(items)
    }

    fn field(&mut self) -> Result<(String, Value), String> {
        let name = self.string();
        self.expect(':');
        Ok((name, self.value()?))
    }

    fn number(&mut self) -> Value {
        let is_part = |char: char| char.is_ascii_digit() || "+-.e".contains(char);
        parse(self.take_while(is_part)).unwrap()
    }

    fn word(&mut self) -> Result<Value, String> {
        let name = self.take_while(|char| char.is_ascii_alphanumeric() || char == '_');
        match self.rest.trim_start().chars().next() {
            Some('(') => {
                let args = self.list('(', ')', Self::value)?;
                let function = find(name).unwrap_or_else(|| panic!("there is no {name}"));
                let (least, most) = function.arguments;
                assert!((least..=most).contains(&args.len()), "arguments of {name}");
                function.call(&args, 0)
            }
            Some('\'') if name == "bytes" => Ok(Value::Bytes(self.string().into_bytes())),
            Some('\'') => {
                let text = self.string();
                Ok(parse(&format!(r#"{{"__rockset_type":"{name}","value":"{text}"}}"#)).unwrap())
            }
            _ if name == "undefined" => Ok(Value::Undefined),
            _ => Ok(parse(name).unwrap()),
        }
    }
}

#[test]
fn examples_give_what_they_say() {
    let examples = all().flat_map(|function| function.examples);
    let wrong: Vec<String> = examples
        .map(|(expression, expected)| (expression, ask(expression), expected))
        .filter(|(_, given, expected)| given != *expected)
        .map(|(expression, given, expected)| format!("{expression}\n  {given}\n  {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn functions_are_documented() {
    let mut names = HashSet::new();
    for function in all() {
        let name = function.name;
        assert!(names.insert(name), "{name} is there twice");
        assert_eq!(name, name.to_ascii_uppercase());
        assert!(function.signature.starts_with(&format!("{name}(")), "{}", function.signature);
        assert!(function.meaning.starts_with("Returns "), "{name}");
        assert!(function.meaning.ends_with('.'), "{name}");
        let calls = |(expression, _): &(&str, &str)| expression.contains(&format!("{name}("));
        assert!(function.examples.iter().any(calls), "{name}");
        assert!(function.arguments.0 <= function.arguments.1, "{name}");
    }
    assert!(FAMILIES.iter().all(|(title, functions)| !title.is_empty() && !functions.is_empty()));
}

/// Values that arguments rarely are.
fn odd_values() -> Vec<Value> {
    let texts = ["", "a", "ä\u{301}€", "[", "{}", "\\", "%zz", "é' x", "int"];
    let ints = [i64::MIN, i64::MIN + 1, -1, 0, 1, 2, 1 << 40, i64::MAX];
    let floats = [f64::NAN, f64::INFINITY, f64::MIN, -0.0, 5e-324];
    let mut values = vec![Value::Undefined, Value::Null, Value::Bool(true)];
    values.extend(texts.map(Value::string));
    values.extend(ints.map(Value::Int));
    values.extend(floats.map(Value::Float));
    values.extend([Value::Bytes(vec![0xff]), Value::Date(i32::MAX), Value::Timestamp(i64::MIN)]);
    values.extend([Value::Array(values.clone()), Value::Array(vec![]), Value::Object(vec![])]);
    values
}

#[test]
fn no_arguments_make_a_function_panic() {
    let values = odd_values();
    for function in all().filter(|function| function.name != "ERROR") {
        let (least, most) = function.arguments;
        for count in least..=most.min(3) {
            for n in 0..values.len().pow(count as u32) {
                let arg = |i| values[n / values.len().pow(i) % values.len()].clone();
                let args: Vec<Value> = (0..count as u32).map(arg).collect();
                let _ = function.call(&args, 0);
            }
        }
    }
}

#[test]
fn what_a_function_makes_is_bounded() {
    let big = "REPLACE(LPAD('', 3000, 'x'), 'x', LPAD('', 2000, 'x'))";
    let expressions = [
        "SEQUENCE(-9223372036854775808, 9223372036854775807)".to_string(),
        "SEQUENCE(1, 1000001)".to_string(),
        "LPAD('a', 9223372036854775807, 'x')".to_string(),
        "RPAD('a', 6000000, 'äöü')".to_string(),
        format!("CONCAT({big}, {big})"),
        format!("REPLACE({big}, 'x', 'yy')"),
        format!("REGEXP_REPLACE('xx', 'x', {big})"),
        format!("NGRAMS({big}, 1)"),
        format!("PREFIXES({big}, 1)"),
        format!("FORMAT('{{}}{{}}', {big}, {big})"),
        format!("ARRAY_JOIN(['a', 'b'], {big})"),
    ];
    for expression in expressions {
        assert!(ask(&expression).contains(" would have more than "), "{expression}");
    }
    assert_eq!(ask("CARDINALITY(SEQUENCE(1, 1000000))"), "1000000");
    assert_eq!(ask("SEQUENCE(9223372036854775806, 9223372036854775807)").len(), 41);
}

#[test]
fn a_part_of_a_string_is_that_of_its_characters() {
    let text = "aß€😀z";
    let characters: Vec<char> = text.chars().collect();
    for start in 0..5 {
        for length in 0..6 {
            let expected: String = characters.iter().skip(start).take(length).collect();
            for position in [start as i64 + 1, start as i64 - 5] {
                let part = ask(&format!("SUBSTR('{text}', {position}, {length})"));
                assert_eq!(part, format!("\"{expected}\""), "{position} {length}");
            }
        }
    }
}

#[test]
fn rounding_goes_away_from_zero() {
    use super::math::with_digits;
    assert_eq!(with_digits(0.125, 2, f64::round), 0.13);
    assert_eq!(with_digits(-0.125, 2, f64::round), -0.13);
    assert_eq!(with_digits(2.675, 2, f64::round), 2.68);
    assert_eq!(with_digits(150.0, -2, f64::round), 200.0);
    for float in [0.1, 1e300, 5e-324, -123.456, f64::MAX, f64::INFINITY] {
        assert_eq!(with_digits(float, i64::MAX, f64::round), float);
    }
    assert_eq!(with_digits(f64::MAX, i64::MIN, f64::round), 0.0);
}

#[test]
fn patterns_are_those_of_re2() {
    let matches = [
        (r"^\w+$", "größer", false),
        (r"^\w+$", "gross_1", true),
        (r"^\W$", "ö", true),
        (r"\bö", "ö", false),
        (r"^[\w.-]+@[^\d\s]+$", "a.b-c@d", true),
        (r"^[^\D5]$", "4", true),
        (r"^[[]$", "[", true),
        (r"^[]a]+$", "]a", true),
        (r"^[^]a]$", "]", false),
        (r"^[a&&b]+$", "a&b", true),
        (r"^[[:digit:]x[]+$", "1x[", true),
        (r"^\Qa.b\E.$", "a.bc", true),
        (r"^\Qa.b", "axb", false),
        (r"^\<a\>$", "<a>", true),
        (r"(?i)ÄB", "äb", true),
        (r"^\p{Greek}\pL$", "αa", true),
        (r"a\Bb", "ab", true),
    ];
    for (pattern, text, expected) in matches {
        let like = ask(&format!("REGEXP_LIKE('{text}', '{pattern}')"));
        assert_eq!(like, expected.to_string(), "{pattern} in {text}");
    }
}

#[test]
fn a_pattern_is_compiled_again_after_it_is_forgotten() {
    for round in 0..100 {
        assert_eq!(
            ask(&format!("REGEXP_EXTRACT('a{round}b', 'a({round})b', 1)")),
            format!("\"{round}\"")
        );
        assert_eq!(ask("REGEXP_LIKE('ab', 'b$')"), "true");
    }
    assert!(ask("REGEXP_LIKE('a', '\\pL{9999}')").contains("size limit"));
}

/// What `docs/sql.md` says of all functions.
fn documentation() -> String {
    let mut text = String::new();
    for (family, functions) in FAMILIES {
        text.push_str(&format!("\n### {family}\n\n"));
        for function in *functions {
            let examples: Vec<String> = function
                .examples
                .iter()
                .map(|(expression, result)| format!("`{expression}` → `{result}`"))
                .collect();
            let (signature, meaning) = (function.signature, function.meaning);
            text.push_str(&format!("- `{signature}`. {meaning} {}\n", examples.join("; ")));
        }
    }
    text.push('\n');
    text
}

/// With `UPDATE_DOCS` in the environment, it writes them.
#[test]
fn docs_tell_every_function() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sql.md");
    let docs = std::fs::read_to_string(path).unwrap();
    let start = docs.find("-->\n").unwrap() + "-->\n".len();
    let end = docs.find("<!-- end of functions -->").unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let updated = [&docs[..start], &documentation(), &docs[end..]].concat();
        std::fs::write(path, updated).unwrap();
        return;
    }
    assert_eq!(&docs[start..end], documentation());
}

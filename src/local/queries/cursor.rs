//! Cursors: positions in the result of a query, as texts that are opaque to clients.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Prefix of all cursors, so that those of other editions are refused.
const EDITION: &str = "1";

/// The cursor of a row, counted from 0.
pub fn cursor(query_id: &str, row: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("{EDITION}\n{query_id}\n{row:016x}"))
}

/// The row of a cursor; `None` if it isn't one of this query.
pub fn row(query_id: &str, cursor: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let mut parts = text.split('\n');
    let is_of_query = parts.next()? == EDITION && parts.next()? == query_id;
    let row = usize::from_str_radix(parts.next()?, 16).ok()?;
    is_of_query.then_some(row)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_leads_to_its_row_and_in_its_query_alone(row_number: usize, id in "[a-z0-9:-]*") {
            let made = cursor(&id, row_number);
            prop_assert_eq!(row(&id, &made), Some(row_number));
            prop_assert_eq!(row("another", &made), None);
            prop_assert!(made.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        }

        #[test]
        fn what_is_no_cursor_leads_nowhere(text: String) {
            prop_assert_eq!(row("id", &text), None);
        }
    }
}

#![allow(clippy::unwrap_used)]

use super::*;

/// The next times after 2024-02-28 23:58:59.5, a Wednesday of a leap year.
fn next(text: &str, count: usize) -> Vec<String> {
    let cron = Cron::try_from(text.to_string()).unwrap();
    let mut at = "2024-02-28T23:58:59.5Z".parse().unwrap();
    let mut times = Vec::new();
    while let Some(time) = cron.next_after(at).filter(|_| times.len() < count) {
        times.push(time.format("%Y-%m-%d %H:%M:%S").to_string());
        at = time;
    }
    times
}

#[test]
fn times_of_unix() {
    assert_eq!(
        next("* * * * *", 3),
        ["2024-02-28 23:59:00", "2024-02-29 00:00:00", "2024-02-29 00:01:00"]
    );
    assert_eq!(next("*/20 5 * * *", 2), ["2024-02-29 05:00:00", "2024-02-29 05:20:00"]);
    assert_eq!(next("0 6 * * 1", 2), ["2024-03-04 06:00:00", "2024-03-11 06:00:00"]);
    assert_eq!(next("0 6 * * 0", 1), next("0 6 * * 7", 1));
    assert_eq!(next("0 6 * * 0", 1), next("0 6 * * sun", 1));
    // Around the end of the week.
    assert_eq!(next("0 0 * * FRI-MON", 4), next("0 0 * * 5-7,1", 4),);
    // Of two lists of days, one is enough; of a list and a step from `*`, both are needed.
    assert_eq!(next("0 0 1 * 4", 2), ["2024-02-29 00:00:00", "2024-03-01 00:00:00"]);
    assert_eq!(next("0 0 */2 * 4", 2), ["2024-02-29 00:00:00", "2024-03-07 00:00:00"]);
    assert_eq!(next("0 0 29 2 *", 2), ["2024-02-29 00:00:00", "2028-02-29 00:00:00"]);
    assert_eq!(next("30 12 1 jan-feb/1 *", 1), ["2025-01-01 12:30:00"]);
    assert_eq!(next("0 0 30 2 *", 1), [""; 0]);
}

#[test]
fn times_of_quartz() {
    assert_eq!(next("0 0 0 ? * * *", 2), ["2024-02-29 00:00:00", "2024-03-01 00:00:00"]);
    assert_eq!(next("*/30 * * * * *", 2), ["2024-02-28 23:59:00", "2024-02-28 23:59:30"]);
    assert_eq!(next("59/60 58 23 * * ?", 1), ["2024-02-29 23:58:59"]);
    // Sunday is 1.
    assert_eq!(next("0 0 6 ? * 2", 1), ["2024-03-04 06:00:00"]);
    assert_eq!(next("0 0 6 ? * 2", 1), next("0 0 6 ? * MON", 1));
    assert_eq!(next("0 0 0 L * ?", 2), ["2024-02-29 00:00:00", "2024-03-31 00:00:00"]);
    assert_eq!(next("0 0 0 L-2 * ?", 1), ["2024-03-29 00:00:00"]);
    // The last day of March 2024 is a Sunday, the first of June a Saturday.
    assert_eq!(next("0 0 0 LW 3 ?", 1), ["2024-03-29 00:00:00"]);
    assert_eq!(next("0 0 0 1W 6 ?", 1), ["2024-06-03 00:00:00"]);
    assert_eq!(next("0 0 0 ? * 6L", 1), ["2024-03-29 00:00:00"]);
    assert_eq!(next("0 0 0 ? * 6#3", 1), ["2024-03-15 00:00:00"]);
    assert_eq!(next("0 0 0 1 1 ? 2030", 2), ["2030-01-01 00:00:00"]);
    assert_eq!(next("0 0 0 1 1 ? 2020", 1), [""; 0]);
}

#[test]
fn what_is_no_schedule_is_told() {
    for text in [
        "",
        "* * * *",
        "* * * * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "a * * * *",
        "1- * * * *",
        "* * 32W * *",
        "* * * * 2#6",
        "* * * JANUARY *",
        "0 0 0 1 * 2",
        "0 0 0 ? * 0",
        "+1 * * * *",
        "1,,2 * * * *",
    ] {
        let told = Cron::try_from(text.to_string()).unwrap_err();
        assert!(!told.is_empty(), "{text}");
    }
}

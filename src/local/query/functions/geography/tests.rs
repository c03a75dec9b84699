#![allow(clippy::unwrap_used, clippy::panic)]

use super::super::find;
use super::*;
use crate::local::query::value::Value;

const SQUARE: &str = "POLYGON((0 0,10 0,10 10,0 10,0 0))";
const WITH_HOLE: &str = "POLYGON((0 0,10 0,10 10,0 10,0 0),(4 4,6 4,6 6,4 6,4 4))";

fn shape(wkt: &str) -> Value {
    Value::Geography(shape_of(wkt).unwrap().into())
}

fn ask(name: &str, a: &str, b: &str) -> Value {
    find(name).unwrap().call(&[shape(a), shape(b)], 0).unwrap()
}

fn is(name: &str, a: &str, b: &str) -> bool {
    ask(name, a, b) == Value::Bool(true)
}

fn close(value: Value, expected: f64) {
    let float = value.as_f64().unwrap();
    assert!((float - expected).abs() <= expected.abs() * 1e-9 + 1e-6, "{float} isn't {expected}");
}

#[test]
fn distances_are_the_shortest_on_the_sphere() {
    let degree = RADIUS.to_radians();
    close(ask("ST_DISTANCE", "POINT(0 0)", "POINT(180 0)"), 180.0 * degree);
    close(ask("ST_DISTANCE", "POINT(0 0)", "POINT(0.000001 0)"), degree / 1e6);
    close(ask("ST_DISTANCE", "POINT(179 0)", "POINT(-179 0)"), 2.0 * degree);
    close(ask("ST_DISTANCE", "POINT(5 3)", "LINESTRING(0 0,10 0)"), 3.0 * degree);
    close(ask("ST_DISTANCE", "LINESTRING(0 0,10 0)", "POINT(13 0)"), 3.0 * degree);
    close(ask("ST_DISTANCE", "LINESTRING(0 0,10 0)", "LINESTRING(5 2,5 9)"), 2.0 * degree);
    close(ask("ST_DISTANCE", "POINT(5 -3)", SQUARE), 3.0 * degree);
    close(ask("ST_DISTANCE", "POINT(5 5)", SQUARE), 0.0);
    close(
        ask("ST_DISTANCE", "POINT(5 5)", WITH_HOLE),
        (5f64.to_radians().cos() * 1f64.to_radians().sin()).asin() * RADIUS,
    );
    close(ask("ST_DISTANCE", SQUARE, "POLYGON((12 0,13 0,13 1,12 0))"), 2.0 * degree);
    close(ask("ST_DISTANCE", SQUARE, "POLYGON((1 1,2 1,2 2,1 1))"), 0.0);
}

#[test]
fn a_polygon_holds_what_is_inside() {
    assert!(is("ST_CONTAINS", SQUARE, "POINT(5 5)"));
    assert!(!is("ST_CONTAINS", SQUARE, "POINT(11 5)"));
    assert!(!is("ST_CONTAINS", SQUARE, "POINT(-175 -5)"));
    assert!(!is("ST_CONTAINS", SQUARE, "POINT(5 0)"));
    assert!(!is("ST_CONTAINS", WITH_HOLE, "POINT(5 5)"));
    assert!(is("ST_CONTAINS", WITH_HOLE, "POINT(2 2)"));
    assert!(is("ST_CONTAINS", SQUARE, SQUARE));
    assert!(is("ST_CONTAINS", SQUARE, WITH_HOLE));
    assert!(!is("ST_CONTAINS", WITH_HOLE, SQUARE));
    assert!(is("ST_CONTAINS", SQUARE, "POLYGON((0 0,5 0,5 5,0 5,0 0))"));
    assert!(!is("ST_CONTAINS", SQUARE, "POLYGON((5 5,15 5,15 6,5 6,5 5))"));
    assert!(is("ST_CONTAINS", SQUARE, "LINESTRING(0 0,5 5)"));
    assert!(!is("ST_CONTAINS", SQUARE, "LINESTRING(0 0,10 0)"));
    assert!(!is(
        "ST_CONTAINS",
        "POLYGON((0 0,10 0,5 5,10 10,0 10,0 0))",
        "LINESTRING(9 0.5,9 9.5)"
    ));
    assert!(is("ST_CONTAINS", "POINT(1 1)", "POINT(1 1)"));
    assert!(!is("ST_CONTAINS", "POINT(1 1)", SQUARE));
    let both = "MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((179 -1,-179 -1,-179 1,179 1,179 -1)))";
    assert!(is("ST_CONTAINS", both, "POINT(180 0)"));
    let pole = "POLYGON((0 80,90 80,180 80,-90 80,0 80))";
    assert!(is("ST_CONTAINS", pole, "POINT(45 90)"));
    let clockwise = "POLYGON((0 0,0 10,10 10,10 0,0 0))";
    assert!(is("ST_CONTAINS", clockwise, "POINT(5 5)"));
    for longitude in -180..180 {
        for latitude in -90..=90 {
            let point = format!("POINT({longitude} {latitude})");
            let is_in = (1..10).contains(&longitude) && (1..=10).contains(&latitude);
            assert_eq!(is("ST_CONTAINS", SQUARE, &point), is_in, "{point}");
        }
    }
}

#[test]
fn shapes_that_touch_intersect() {
    assert!(is("ST_INTERSECTS", SQUARE, "POINT(0 5)"));
    assert!(is("ST_INTERSECTS", SQUARE, "LINESTRING(-5 5,15 5)"));
    assert!(is("ST_INTERSECTS", "LINESTRING(0 0,2 2)", "LINESTRING(2 2,3 0)"));
    assert!(!is("ST_INTERSECTS", WITH_HOLE, "POLYGON((4.5 4.5,5.5 4.5,5.5 5.5,4.5 4.5))"));
    assert!(!is("ST_INTERSECTS", SQUARE, "LINESTRING(-5 -5,15 -5)"));
}

#[test]
fn areas_are_those_of_the_smaller_side() {
    let area = |wkt: &str| find("ST_AREA").unwrap().call(&[shape(wkt)], 0).unwrap();
    let sphere = 4.0 * std::f64::consts::PI * RADIUS * RADIUS;
    close(area("POLYGON((0 0,90 0,0 90,0 0))"), sphere / 8.0);
    close(area("POLYGON((0 0,0 90,90 0,0 0))"), sphere / 8.0);
    close(
        area("POLYGON((0 80,90 80,180 80,-90 80,0 80))"),
        8.0 * 5f64.to_radians().tan().powi(2).atan() * RADIUS * RADIUS,
    );
    close(area("LINESTRING(0 0,1 1)"), 0.0);
}

#[test]
fn text_that_is_malformed_is_an_error() {
    for wkt in [
        SQUARE,
        WITH_HOLE,
        "POINT(-1.5 2)",
        "LINESTRING(1 2,3 4)",
        "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))",
    ] {
        assert_eq!(wkt_of(&shape_of(wkt).unwrap()), wkt);
    }
    for wrong in [
        "",
        "POINT",
        "POINT()",
        "POINT(1)",
        "POINT(1 2",
        "POINT(1 2) x",
        "POINT(1 2 3)",
        "POINT(nan 1)",
        "LINESTRING(1 2)",
        "POLYGON((0 0,1 0,1 1,0 2))",
        "POLYGON((0 0,1 0,0 0))",
        "CIRCLE(1 2)",
        "POINT(é 1)",
    ] {
        assert!(shape_of(wrong).is_err(), "{wrong}");
    }
    let from_geojson =
        |json: &str| find("ST_GEOGFROMGEOJSON").unwrap().call(&[Value::string(json)], 0);
    for wrong in
        ["", "1", "{}", r#"{"type":"Point"}"#, r#"{"type":"Point","coordinates":[1]}"#, "{}}"]
    {
        assert!(from_geojson(wrong).is_err(), "{wrong}");
    }
    let empty = from_geojson(r#"{"type":"LineString","coordinates":[]}"#).unwrap();
    for name in ["ST_DISTANCE", "ST_CONTAINS", "ST_INTERSECTS"] {
        assert!(find(name).unwrap().call(&[empty.clone(), empty.clone()], 0).is_ok());
    }
}

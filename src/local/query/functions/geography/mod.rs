//! Shapes on the globe, which is a sphere here; their lines are arcs of great circles.
//!
//! - `wkt`: shapes as well-known text.
//! - `sphere`: vectors to points of the sphere, and arcs between them.
//! - `outline`: a shape's arcs, and what is measured of them.

mod outline;
mod sphere;
#[cfg(test)]
mod tests;
mod wkt;

pub(super) use wkt::{shape_of, wkt_of};

use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::{Function, Returns};
use crate::local::query::value::{Geometry, parse, write_json};
use crate::local::query::value::{Kind, Value};
use geo_types::{Coord, Point};
use outline::Outline;

/// The mean radius of the earth in metres, as of the International Union of Geodesy and Geophysics.
const RADIUS: f64 = 6_371_008.8;

const BEFORE_GEOJSON: &str = r#"{"__rockset_type":"GEOGRAPHY","value":"#;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("ST_GEOGPOINT", "ST_GEOGPOINT(longitude, latitude)", (2, 2), SHAPE, point)
        .meaning("Returns a point; longitudes go round the globe, and latitudes over its poles.")
        .examples(&[
            (
                "ST_GEOGPOINT(190, 0)",
                r#"{"__rockset_type":"GEOGRAPHY","value":{"coordinates":[-170.0,0.0],"type":"Point"}}"#,
            ),
            ("ST_ASTEXT(ST_GEOGPOINT(10, 100))", r#""POINT(-170 80)""#),
        ]),
    Function::new("ST_GEOGFROMTEXT", "ST_GEOGFROMTEXT(wkt)", (1, 1), SHAPE, from_text)
        .meaning("Returns the point, line, polygon or polygons of well-known text.")
        .examples(&[(
            "ST_GEOGFROMTEXT('POINT(12 34)')",
            r#"{"__rockset_type":"GEOGRAPHY","value":{"coordinates":[12.0,34.0],"type":"Point"}}"#,
        )]),
    Function::new("ST_GEOGFROMGEOJSON", "ST_GEOGFROMGEOJSON(geojson)", (1, 1), SHAPE, from_geojson)
        .meaning("Returns the point, line, polygon or polygons of GeoJSON.")
        .examples(&[(
            r#"ST_ASTEXT(ST_GEOGFROMGEOJSON('{"type":"LineString","coordinates":[[1,2],[3,4.5]]}'))"#,
            r#""LINESTRING(1 2,3 4.5)""#,
        )]),
    Function::new("ST_ASTEXT", "ST_ASTEXT(shape)", (1, 1), STRING, as_text)
        .meaning("Returns a shape as well-known text.")
        .examples(&[(
            "ST_ASTEXT(ST_GEOGFROMTEXT('polygon ((0 0, 1 0, 1 1, 0 0))'))",
            r#""POLYGON((0 0,1 0,1 1,0 0))""#,
        )]),
    Function::new("ST_ASGEOJSON", "ST_ASGEOJSON(shape)", (1, 1), STRING, as_geojson)
        .meaning("Returns a shape as GeoJSON.")
        .examples(&[(
            "ST_ASGEOJSON(ST_GEOGPOINT(1, 2))",
            r#""{\"coordinates\":[1.0,2.0],\"type\":\"Point\"}""#,
        )]),
    Function::new("ST_X", "ST_X(point)", (1, 1), FLOAT, |call| coordinate(call, |at| at.x))
        .meaning("Returns the longitude of a point.")
        .examples(&[("ST_X(ST_GEOGPOINT(-122.325133, 37.566564))", "-122.325133")]),
    Function::new("ST_Y", "ST_Y(point)", (1, 1), FLOAT, |call| coordinate(call, |at| at.y))
        .meaning("Returns the latitude of a point.")
        .examples(&[("ST_Y(ST_GEOGPOINT(-122.325133, 37.566564))", "37.566564")]),
    Function::new("ST_NUMPOINTS", "ST_NUMPOINTS(shape)", (1, 1), INT, num_points)
        .meaning("Returns how many points a shape is written with.")
        .examples(&[("ST_NUMPOINTS(ST_GEOGFROMTEXT('POLYGON((0 0, 1 0, 1 1, 0 0))'))", "4")]),
    Function::new("ST_DISTANCE", "ST_DISTANCE(a, b)", (2, 2), FLOAT, distance)
        .meaning("Returns the shortest distance of two shapes, in metres.")
        .examples(&[
            ("ST_DISTANCE(ST_GEOGPOINT(1, 2), ST_GEOGPOINT(1, 2))", "0.0"),
            ("ROUND(ST_DISTANCE(ST_GEOGPOINT(0, 0), ST_GEOGPOINT(0, 90)))", "10007557.0"),
        ]),
    Function::new("ST_DWITHIN", "ST_DWITHIN(a, b, metres)", (3, 3), BOOL, within)
        .meaning("Returns whether two shapes are within a distance, in metres, of each other.")
        .examples(&[("ST_DWITHIN(ST_GEOGPOINT(0, 0), ST_GEOGPOINT(0, 1), 111196)", "true")]),
    Function::new("ST_INTERSECTS", "ST_INTERSECTS(a, b)", (2, 2), BOOL, intersects)
        .meaning("Returns whether two shapes have a point in common.")
        .examples(&[(
            "ST_INTERSECTS(ST_GEOGFROMTEXT('LINESTRING(0 0, 2 2)'), \
             ST_GEOGFROMTEXT('LINESTRING(0 2, 2 0)'))",
            "true",
        )]),
    Function::new("ST_CONTAINS", "ST_CONTAINS(a, b)", (2, 2), BOOL, contains)
        .meaning("Returns whether a shape holds all of another one, and not just by its border.")
        .examples(&[
            (
                "ST_CONTAINS(ST_GEOGFROMTEXT('POLYGON((0 0, 2 0, 2 2, 0 2, 0 0))'), \
                 ST_GEOGPOINT(1, 1))",
                "true",
            ),
            (
                "ST_CONTAINS(ST_GEOGFROMTEXT('POLYGON((0 0, 2 0, 2 2, 0 2, 0 0))'), \
                 ST_GEOGPOINT(0, 0))",
                "false",
            ),
        ]),
    Function::new("ST_AREA", "ST_AREA(shape)", (1, 1), FLOAT, |call| {
        measure(call, |outline| outline.area() * RADIUS)
    })
        .meaning("Returns the area of polygons in square metres; zero for other shapes.")
        .examples(&[
            ("ST_AREA(ST_GEOGPOINT(1, 2))", "0.0"),
            ("ROUND(ST_AREA(ST_GEOGFROMTEXT('POLYGON((0 0, 90 0, 0 90, 0 0))')), -6)", "63758235000000.0"),
        ]),
    Function::new("ST_LENGTH", "ST_LENGTH(shape)", (1, 1), FLOAT, |call| {
        measure(call, |outline| if outline.has_area() { 0.0 } else { outline.length() })
    })
    .meaning("Returns the length of a line in metres; zero for other shapes.")
    .examples(&[("ROUND(ST_LENGTH(ST_GEOGFROMTEXT('LINESTRING(0 0, 0 1)')))", "111195.0")]),
    Function::new("ST_PERIMETER", "ST_PERIMETER(shape)", (1, 1), FLOAT, |call| {
        measure(call, |outline| if outline.has_area() { outline.length() } else { 0.0 })
    })
    .meaning("Returns the length of the border of polygons in metres; zero for other shapes.")
    .examples(&[(
        "ROUND(ST_PERIMETER(ST_GEOGFROMTEXT('POLYGON((0 0, 90 0, 0 90, 0 0))')))",
        "30022672.0",
    )]),
];

const SHAPE: Returns = Returns::Always(Kind::Geography);
const STRING: Returns = Returns::Always(Kind::String);
const FLOAT: Returns = Returns::Always(Kind::Float);
const BOOL: Returns = Returns::Always(Kind::Bool);
const INT: Returns = Returns::Always(Kind::Int);

fn shape<'a>(call: &Call<'a>, index: usize) -> Result<&'a Geometry<f64>, String> {
    match call.value(index) {
        Value::Geography(shape) => Ok(shape),
        _ => Err(call.wrong(index, "a geography")),
    }
}

fn point(call: &Call<'_>) -> Result<Value, String> {
    let (longitude, latitude) = (call.number(0)?, call.number(1)?);
    if !(longitude.is_finite() && latitude.is_finite()) {
        return Err(call.error("a coordinate has to be finite"));
    }
    let latitude = wrapped(latitude);
    let (longitude, latitude) = match latitude {
        ..-90.0 => (longitude + 180.0, -180.0 - latitude),
        -90.0..=90.0 => (longitude, latitude),
        _ => (longitude + 180.0, 180.0 - latitude),
    };
    let at = Coord { x: wrapped(longitude), y: latitude };
    Ok(Value::Geography(Geometry::Point(Point(at)).into()))
}

/// An angle between -180 and 180 degrees; one that already is stays the same.
fn wrapped(degrees: f64) -> f64 {
    match degrees {
        -180.0..=180.0 => degrees,
        _ => (degrees + 180.0).rem_euclid(360.0) - 180.0,
    }
}

fn from_text(call: &Call<'_>) -> Result<Value, String> {
    let shape = shape_of(call.string(0)?).map_err(|error| call.error(error))?;
    Ok(Value::Geography(shape.into()))
}

fn from_geojson(call: &Call<'_>) -> Result<Value, String> {
    let text = call.string(0)?;
    let shape = match parse(text) {
        Ok(Value::Object(_)) => parse(&format!("{BEFORE_GEOJSON}{text}}}")).ok(),
        _ => None,
    };
    let isnt = || call.error(format!("'{text}' isn't the GeoJSON of a shape"));
    shape.filter(|shape| shape.kind() == Kind::Geography).ok_or_else(isnt)
}

fn as_text(call: &Call<'_>) -> Result<Value, String> {
    Ok(Value::String(wkt_of(shape(call, 0)?)))
}

fn as_geojson(call: &Call<'_>) -> Result<Value, String> {
    shape(call, 0)?;
    let mut json = String::new();
    write_json(call.value(0), &mut json);
    let inner = json.strip_prefix(BEFORE_GEOJSON).and_then(|json| json.strip_suffix('}'));
    Ok(Value::string(inner.unwrap_or(&json)))
}

fn coordinate(call: &Call<'_>, of: fn(&Coord<f64>) -> f64) -> Result<Value, String> {
    match shape(call, 0)? {
        Geometry::Point(point) => Ok(Value::Float(of(&point.0))),
        _ => Err(call.error("the shape has to be a point")),
    }
}

fn num_points(call: &Call<'_>) -> Result<Value, String> {
    let count = outline::lines(shape(call, 0)?).iter().map(|line| line.len()).sum::<usize>();
    Ok(Value::Int(count as i64))
}

/// Null if one of the shapes is empty.
fn distance(call: &Call<'_>) -> Result<Value, String> {
    let [a, b] = outlines(call)?;
    Ok(a.distance(&b).map_or(Value::Null, |angle| Value::Float(angle * RADIUS)))
}

fn within(call: &Call<'_>) -> Result<Value, String> {
    let ([a, b], metres) = (outlines(call)?, call.number(2)?);
    Ok(Value::Bool(a.distance(&b).is_some_and(|angle| angle * RADIUS <= metres)))
}

fn intersects(call: &Call<'_>) -> Result<Value, String> {
    let [a, b] = outlines(call)?;
    Ok(Value::Bool(a.intersects(&b)))
}

fn contains(call: &Call<'_>) -> Result<Value, String> {
    let [a, b] = outlines(call)?;
    Ok(Value::Bool(a.contains(&b)))
}

fn outlines(call: &Call<'_>) -> Result<[Outline; 2], String> {
    Ok([Outline::new(shape(call, 0)?), Outline::new(shape(call, 1)?)])
}

/// What is measured of a shape on a sphere of radius 1, in metres.
fn measure(call: &Call<'_>, of: fn(&Outline) -> f64) -> Result<Value, String> {
    Ok(Value::Float(of(&Outline::new(shape(call, 0)?)) * RADIUS))
}

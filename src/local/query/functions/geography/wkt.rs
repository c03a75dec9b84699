//! Well-known text, of ISO 19125: `POINT(12 34)`, `LINESTRING(1 2,3 4)`, `POLYGON((…),(…))`,
//! `MULTIPOLYGON(((…)),((…)))`; longitude first.

use crate::local::query::value::Geometry;
use geo_types::{Coord, LineString, MultiPolygon, Point, Polygon};

/// The shape of a text.
pub fn shape_of(text: &str) -> Result<Geometry<f64>, String> {
    let mut cursor = Cursor { rest: text };
    let shape = cursor.shape().filter(|_| cursor.rest.trim().is_empty());
    shape.ok_or_else(|| format!("'{text}' isn't well-known text of a shape"))
}

struct Cursor<'a> {
    rest: &'a str,
}

impl Cursor<'_> {
    fn shape(&mut self) -> Option<Geometry<f64>> {
        match self.token(|c| c.is_ascii_alphabetic()).to_ascii_uppercase().as_str() {
            "POINT" => match self.list(Self::position)?.as_slice() {
                [at] => Some(Geometry::Point(Point(*at))),
                _ => None,
            },
            "LINESTRING" => self.line(2).map(Geometry::LineString),
            "POLYGON" => self.polygon().map(Geometry::Polygon),
            "MULTIPOLYGON" => self
                .list(Self::polygon)
                .map(|polygons| Geometry::MultiPolygon(MultiPolygon(polygons))),
            _ => None,
        }
    }

    fn polygon(&mut self) -> Option<Polygon<f64>> {
        let rings = self.list(|cursor| cursor.line(4).filter(LineString::is_closed))?;
        let mut rings = rings.into_iter();
        Some(Polygon::new(rings.next()?, rings.collect()))
    }

    fn line(&mut self, least: usize) -> Option<LineString<f64>> {
        self.list(Self::position).filter(|line| line.len() >= least).map(LineString)
    }

    fn position(&mut self) -> Option<Coord<f64>> {
        Some(Coord { x: self.number()?, y: self.number()? })
    }

    fn number(&mut self) -> Option<f64> {
        let number = self.token(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        number.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// One or more items with commas between and brackets around them.
    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.takes('(').then_some(())?;
        let mut items = vec![item(self)?];
        while self.takes(',') {
            items.push(item(self)?);
        }
        self.takes(')').then_some(items)
    }

    fn takes(&mut self, expected: char) -> bool {
        let rest = self.rest.trim_start().strip_prefix(expected);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn token(&mut self, is_part: impl Fn(char) -> bool) -> &str {
        let text = self.rest.trim_start();
        let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
        let (token, rest) = text.split_at(end);
        self.rest = rest;
        token
    }
}

/// The text of a shape.
pub fn wkt_of(shape: &Geometry<f64>) -> String {
    let polygon = |polygon: &Polygon<f64>| {
        let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
        bracketed(rings.map(line))
    };
    match shape {
        Geometry::Point(point) => format!("POINT({} {})", point.x(), point.y()),
        Geometry::LineString(string) => format!("LINESTRING{}", line(string)),
        Geometry::Polygon(shape) => format!("POLYGON{}", polygon(shape)),
        Geometry::MultiPolygon(shapes) => {
            format!("MULTIPOLYGON{}", bracketed(shapes.0.iter().map(polygon)))
        }
        _ => "GEOMETRYCOLLECTION EMPTY".to_string(),
    }
}

fn line(line: &LineString<f64>) -> String {
    bracketed(line.0.iter().map(|at| format!("{} {}", at.x, at.y)))
}

fn bracketed(items: impl Iterator<Item = String>) -> String {
    format!("({})", items.collect::<Vec<_>>().join(","))
}

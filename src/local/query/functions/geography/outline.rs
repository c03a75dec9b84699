//! A shape on a sphere of radius 1, and what is measured of it. A polygon is on that side of its
//! ring which is the smaller one, whichever way round the ring goes.

use super::sphere::{Arc, Vector, excess};
use crate::local::query::value::Geometry;
use geo_types::{Coord, Polygon};
use std::f64::consts::PI;

/// Angles below this are none: 6 micrometres on the ground.
const NOTHING: f64 = 1e-12;

/// A shape's arcs, and its polygons' rings.
#[derive(Debug)]
pub(super) struct Outline {
    /// All lines and rings. A point is an arc from itself to itself.
    arcs: Vec<Arc>,
    polygons: Vec<Vec<Ring>>,
}

/// A closed line.
#[derive(Debug)]
struct Ring {
    arcs: Vec<Arc>,
    /// A point that is surely outside of it.
    outside: Vector,
}

impl Outline {
    pub(super) fn new(shape: &Geometry<f64>) -> Self {
        let polygons: Vec<&Polygon<f64>> = match shape {
            Geometry::Polygon(polygon) => vec![polygon],
            Geometry::MultiPolygon(polygons) => polygons.0.iter().collect(),
            _ => Vec::new(),
        };
        let rings = |polygon: &&Polygon<f64>| rings(polygon).map(Ring::new).collect();
        Self {
            arcs: lines(shape).into_iter().flat_map(arcs).collect(),
            polygons: polygons.iter().map(rings).collect(),
        }
    }

    pub(super) fn has_area(&self) -> bool {
        !self.polygons.is_empty()
    }

    /// The length of all lines.
    pub(super) fn length(&self) -> f64 {
        self.arcs.iter().map(|arc| arc.length()).fold(0.0, |sum, length| sum + length)
    }

    /// The area of all polygons without their holes.
    pub(super) fn area(&self) -> f64 {
        let area = |rings: &Vec<Ring>| match rings.split_first() {
            Some((exterior, holes)) => exterior.area() - holes.iter().map(Ring::area).sum::<f64>(),
            None => 0.0,
        };
        self.polygons.iter().map(area).fold(0.0, |sum, area| sum + area)
    }

    /// The shortest distance; `None` if one of the shapes is empty.
    pub(super) fn distance(&self, other: &Self) -> Option<f64> {
        if self.holds_corner_of(other) || other.holds_corner_of(self) {
            return Some(0.0);
        }
        let pairs = self.arcs.iter().flat_map(|arc| other.arcs.iter().map(|other| (*arc, *other)));
        pairs.map(|(arc, other)| arc.distance(other)).reduce(f64::min)
    }

    pub(super) fn intersects(&self, other: &Self) -> bool {
        self.distance(other).is_some_and(|distance| distance <= NOTHING)
    }

    /// Whether all of the other shape is in this one, and not only on the border of its polygons.
    /// It is if its corners and the middles of its arcs are, no border is crossed, and no hole is
    /// in it.
    pub(super) fn contains(&self, other: &Self) -> bool {
        let is_possible = self.has_area() || !other.has_area();
        let samples: Vec<Vector> =
            other.arcs.iter().flat_map(|arc| [arc.from, arc.middle(), arc.to]).collect();
        let is_inner =
            |point: &Vector| !self.has_area() || (self.holds(*point) && !self.borders(*point));
        is_possible
            && !samples.is_empty()
            && samples.iter().all(|point| self.holds(*point) || self.borders(*point))
            && (other.has_area() || samples.iter().any(is_inner))
            && !(self.has_area() && self.is_crossed_by(other))
            && !self.has_hole_in(other)
    }

    fn has_hole_in(&self, other: &Self) -> bool {
        let holes = self.polygons.iter().flat_map(|rings| rings.iter().skip(1));
        let mut corners = holes.flat_map(|hole| hole.arcs.iter().map(|arc| arc.from));
        corners.any(|corner| other.holds(corner) && !other.borders(corner))
    }

    /// Whether arcs cross, and don't just touch at an end.
    fn is_crossed_by(&self, other: &Self) -> bool {
        let touches = |arc: Arc, other: Arc| {
            [other.from, other.to].into_iter().any(|end| arc.distance_to(end) <= NOTHING)
        };
        self.arcs.iter().any(|arc| {
            other.arcs.iter().any(|other| {
                arc.crosses(*other) && !touches(*arc, *other) && !touches(*other, *arc)
            })
        })
    }

    fn holds_corner_of(&self, other: &Self) -> bool {
        self.has_area() && other.arcs.iter().any(|arc| self.holds(arc.from) || self.holds(arc.to))
    }

    /// Whether a point is in a polygon.
    fn holds(&self, point: Vector) -> bool {
        self.polygons.iter().any(|rings| match rings.split_first() {
            Some((exterior, holes)) => {
                exterior.encloses(point) && !holes.iter().any(|hole| hole.encloses(point))
            }
            None => false,
        })
    }

    /// Whether a point is on a line or ring.
    fn borders(&self, point: Vector) -> bool {
        self.arcs.iter().any(|arc| arc.distance_to(point) <= NOTHING)
    }
}

impl Ring {
    fn new(line: &[Coord<f64>]) -> Self {
        let sum = line.iter().fold(Vector::ZERO, |sum, at| sum + Vector::to(at));
        Self { arcs: arcs(line), outside: sum.far_side() }
    }

    /// Whether the arc from a point to one that is outside crosses the ring an odd number of times.
    fn encloses(&self, point: Vector) -> bool {
        let ray = Arc { from: point, to: self.outside };
        self.arcs.iter().filter(|arc| ray.crosses(**arc)).count() % 2 == 1
    }

    /// The area of the smaller side: the sum of the triangles between the first corner and each
    /// arc.
    fn area(&self) -> f64 {
        let Some(first) = self.arcs.first() else { return 0.0 };
        let triangles = self.arcs.iter().map(|arc| excess(first.from, arc.from, arc.to));
        let area = triangles.sum::<f64>().abs();
        area.min(4.0 * PI - area)
    }
}

/// The points of a shape, line by line.
pub(super) fn lines(shape: &Geometry<f64>) -> Vec<&[Coord<f64>]> {
    match shape {
        Geometry::Point(point) => vec![std::slice::from_ref(&point.0)],
        Geometry::LineString(line) => vec![line.0.as_slice()],
        Geometry::Polygon(polygon) => rings(polygon).collect(),
        Geometry::MultiPolygon(polygons) => polygons.0.iter().flat_map(rings).collect(),
        _ => Vec::new(),
    }
}

fn rings(polygon: &Polygon<f64>) -> impl Iterator<Item = &[Coord<f64>]> {
    let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
    rings.map(|ring| ring.0.as_slice())
}

/// The arcs of a line. One point is an arc as well.
fn arcs(line: &[Coord<f64>]) -> Vec<Arc> {
    let points: Vec<Vector> = line.iter().map(Vector::to).collect();
    match points.as_slice() {
        [only] => vec![Arc { from: *only, to: *only }],
        points => points.windows(2).map(|pair| Arc { from: pair[0], to: pair[1] }).collect(),
    }
}

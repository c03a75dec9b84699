//! Points of a sphere of radius 1 as vectors, and arcs of great circles between them. Distances
//! are angles.

use geo_types::Coord;
use std::ops::{Add, Mul, Sub};

/// A vector; one to a point of the sphere has length 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Vector {
    x: f64,
    y: f64,
    z: f64,
}

impl Vector {
    pub(super) const ZERO: Self = Self { x: 0.0, y: 0.0, z: 0.0 };
    /// Not in line with points of round coordinates.
    const ODD: Self = Self { x: 0.611_7, y: -0.533_9, z: 0.583_1 };

    /// The vector to a point with longitude and latitude in degrees.
    pub(super) fn to(at: &Coord<f64>) -> Self {
        let (longitude, latitude) = (at.x.to_radians(), at.y.to_radians());
        let (x, y) = (latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin());
        Self { x, y, z: latitude.sin() }
    }

    pub(super) fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub(super) fn cross(self, other: Self) -> Self {
        Self {
            x: self.y * other.z - self.z * other.y,
            y: self.z * other.x - self.x * other.z,
            z: self.x * other.y - self.y * other.x,
        }
    }

    fn length(self) -> f64 {
        self.dot(self).sqrt()
    }

    /// The vector of length 1 in the same direction; any one for what has none.
    pub(super) fn unit(self) -> Self {
        match self.length() {
            0.0 => Self { x: 1.0, ..Self::ZERO },
            length => self * (1.0 / length),
        }
    }

    /// Far from all points whose sum this is, as long as they are on one half of the sphere.
    pub(super) fn far_side(self) -> Self {
        (Self::ODD * 0.01 - self.unit()).unit()
    }

    /// The angle to another vector of length 1; exact for small and for large ones (Kahan, "How
    /// futile are mindless assessments of roundoff in floating-point computation?", §12).
    pub(super) fn angle(self, other: Self) -> f64 {
        2.0 * (self - other).length().atan2((self + other).length())
    }
}

impl Add for Vector {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y, z: self.z + other.z }
    }
}

impl Sub for Vector {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + other * -1.0
    }
}

impl Mul<f64> for Vector {
    type Output = Self;

    fn mul(self, by: f64) -> Self {
        Self { x: self.x * by, y: self.y * by, z: self.z * by }
    }
}

/// The shorter arc between two points, which may be the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arc {
    pub(super) from: Vector,
    pub(super) to: Vector,
}

impl Arc {
    pub(super) fn length(self) -> f64 {
        self.from.angle(self.to)
    }

    pub(super) fn middle(self) -> Vector {
        (self.from + self.to).unit()
    }

    /// A vector at right angles to the arc's plane, as long as the sine of its length, and exact
    /// for short arcs too.
    fn normal(self) -> Vector {
        (self.from - self.to).cross(self.from + self.to) * 0.5
    }

    /// The distance of a point: that of the great circle if the foot of the perpendicular is on
    /// the arc, else that of the nearer end.
    pub(super) fn distance_to(self, point: Vector) -> f64 {
        let normal = self.normal();
        let is_beside =
            normal.cross(self.from).dot(point) > 0.0 && self.to.cross(normal).dot(point) > 0.0;
        if is_beside {
            let unit = normal.unit();
            let foot = (point - unit * point.dot(unit)).unit();
            return point.angle(foot);
        }
        point.angle(self.from).min(point.angle(self.to))
    }

    /// The distance of another arc: none if they cross, else that of the nearest end.
    pub(super) fn distance(self, other: Self) -> f64 {
        if self.crosses(other) {
            return 0.0;
        }
        let ends = [
            self.distance_to(other.from),
            self.distance_to(other.to),
            other.distance_to(self.from),
            other.distance_to(self.to),
        ];
        ends.into_iter().fold(f64::INFINITY, f64::min)
    }

    /// Whether two arcs cross within: the ends of each are on different sides of the other one's
    /// plane, in the same sense (as `SimpleCrossing` of the S2 library).
    pub(super) fn crosses(self, other: Self) -> bool {
        let (normal, other_normal) = (self.normal(), other.normal());
        let sides = [
            -normal.dot(other.from),
            normal.dot(other.to),
            -other_normal.dot(self.to),
            other_normal.dot(self.from),
        ];
        sides.iter().all(|side| *side > 0.0) || sides.iter().all(|side| *side < 0.0)
    }
}

/// The area of a triangle, less than zero if its corners go clockwise: its spherical excess
/// (Eriksson, "On the measure of solid angles", 1990).
pub(super) fn excess(a: Vector, b: Vector, c: Vector) -> f64 {
    2.0 * a.dot(b.cross(c)).atan2(1.0 + a.dot(b) + b.dot(c) + c.dot(a))
}

// The continents of Natural Earth at 1:110 million, as the package world-atlas has them in TopoJSON:
// rings of tenths of degrees, each [x, y, dx, dy, …] with every point relative to the one before.

import { readFile } from 'node:fs/promises';

const SMALLEST = 6; // Rings of fewer points are islets.

export async function land() {
  const file = new URL('./node_modules/world-atlas/land-110m.json', import.meta.url);
  const { arcs, objects, transform } = JSON.parse(await readFile(file, 'utf8'));
  const lines = arcs.map((arc) => decoded(arc, transform));
  const rings = objects.land.geometries.flatMap((it) => (it.type === 'Polygon' ? it.arcs : it.arcs.flat()));
  return rings
    .map((ring) => joined(ring, lines))
    .map(rounded)
    .filter((ring) => ring.length >= 2 * SMALLEST);
}

// A line of longitudes and latitudes.
function decoded(arc, { scale, translate }) {
  let [x, y] = [0, 0];
  return arc.map(([dx, dy]) => {
    [x, y] = [x + dx, y + dy];
    return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
  });
}

// Lines end where the next one begins. The complement of an index is that line backwards.
function joined(ring, lines) {
  return ring.flatMap((index, i) => {
    const line = index < 0 ? [...lines[~index]].reverse() : lines[index];
    return i === 0 ? line : line.slice(1);
  });
}

// A ring that crosses the antimeridian goes on beyond 180 degrees instead of back across the world.
function rounded(points) {
  const deltas = [];
  let [x, y] = [0, 0];
  for (const [longitude, latitude] of points) {
    const [toX, toY] = [Math.round(longitude * 10), Math.round(latitude * 10)];
    const dx = deltas.length ? nearer(toX - x) : toX;
    if (deltas.length && dx === 0 && toY === y) continue;
    deltas.push(dx, toY - y);
    [x, y] = [x + dx, toY];
  }
  return deltas;
}

const nearer = (dx) => dx - 3600 * Math.round(dx / 3600);

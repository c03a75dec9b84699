// Points on an outline of the continents, in the equirectangular projection.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import outlines from 'land';
import { useColours } from '../theme.js';
import { counted } from '../values.js';

const WORLD = { x: 0, y: 0, span: 360 };
const TURNS = [-360, 0, 360]; // The world goes on to the west and the east.

const land = outlines.map((deltas) => {
  let [x, y] = [0, 0];
  const ring = [];
  for (let i = 0; i < deltas.length; i += 2) ring.push([(x += deltas[i]) / 10, (y += deltas[i + 1]) / 10]);
  return ring;
});

/** `points` are [longitude, latitude, row]. */
export function PointMap({ points, onChoose, height = 420 }) {
  const canvas = useRef(null);
  const colours = useColours();
  const fitted = useMemo(() => fit(points), [points]);
  const [view, setView] = useState(fitted);
  const [width, setWidth] = useState(600);
  useEffect(() => setView(fitted), [fitted]);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry.contentRect.width));
    observer.observe(canvas.current.parentElement);
    return () => observer.disconnect();
  }, []);
  useEffect(
    () => draw(canvas.current, { view, width, height, colours, points }),
    [view, width, height, colours, points],
  );

  const scale = width / view.span;
  const zoom = (factor) =>
    setView((it) => ({ ...it, span: Math.min(720, Math.max(0.02, it.span * factor)) }));
  const move = (dx, dy) =>
    setView((it) => ({ ...it, x: it.x + dx, y: Math.max(-90, Math.min(90, it.y + dy)) }));
  const onKeyDown = (event) => {
    const step = view.span / 8;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (moves[event.key]) move(...moves[event.key]);
    else if (event.key === '+' || event.key === '=') zoom(0.5);
    else if (event.key === '-') zoom(2);
    else return;
    event.preventDefault();
  };
  const onPointerDown = (event) =>
    drag(
      event,
      (dx, dy) => move(-dx / scale, dy / scale),
      (x, y) => {
        const at = [view.x + (x - width / 2) / scale, view.y - (y - height / 2) / scale];
        onChoose?.(nearest(points, at, 12 / scale));
      },
    );
  return (
    <div class="map">
      <canvas
        ref={canvas}
        role="img"
        tabIndex={0}
        aria-label={said(points)}
        onKeyDown={onKeyDown}
        onPointerDown={onPointerDown}
      />
      <div class="map-buttons">
        <button type="button" class="small" aria-label="Zoom in" onClick={() => zoom(0.5)}>
          +
        </button>
        <button type="button" class="small" aria-label="Zoom out" onClick={() => zoom(2)}>
          −
        </button>
        <button type="button" class="small" onClick={() => setView(fitted)}>
          Fit
        </button>
        <button type="button" class="small" onClick={() => setView(WORLD)}>
          World
        </button>
      </div>
    </div>
  );
}

const extent = (values) =>
  values.reduce(([least, most], it) => [Math.min(least, it), Math.max(most, it)], [Infinity, -Infinity]);

/** The view that shows all points. */
function fit(points) {
  if (!points.length) return WORLD;
  const [west, east] = extent(points.map(([x]) => x));
  const [south, north] = extent(points.map(([, y]) => y));
  return {
    x: (west + east) / 2,
    y: (south + north) / 2,
    span: Math.min(360, Math.max(1, (east - west) * 1.15, (north - south) * 2.3)),
  };
}

function said(points) {
  if (!points.length) return 'A map without points';
  const [west, east] = extent(points.map(([x]) => x));
  const [south, north] = extent(points.map(([, y]) => y));
  const degrees = (it) => it.toFixed(1);
  return `A map of ${counted(points.length, 'point')}, from ${degrees(south)} to ${degrees(north)} degrees of latitude and from ${degrees(west)} to ${degrees(east)} of longitude`;
}

function draw(canvas, { view, width, height, colours, points }) {
  const ratio = devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext('2d');
  pen.scale(ratio, ratio);
  pen.fillStyle = colours.sea;
  pen.fillRect(0, 0, width, height);
  const scale = width / view.span;
  const at = (x, y) => [(x - view.x) * scale + width / 2, (view.y - y) * scale + height / 2];
  pen.fillStyle = colours.land;
  pen.strokeStyle = colours.line;
  for (const turn of TURNS) {
    pen.beginPath();
    for (const ring of land) {
      ring.forEach(([x, y], i) => (i ? pen.lineTo(...at(x + turn, y)) : pen.moveTo(...at(x + turn, y))));
      pen.closePath();
    }
    pen.fill('evenodd');
    pen.stroke();
  }
  pen.fillStyle = colours.point;
  pen.globalAlpha = points.length > 2000 ? 0.35 : 0.6;
  for (const turn of TURNS) {
    for (const [longitude, latitude] of points) {
      const [x, y] = at(longitude + turn, latitude);
      if (x < -5 || y < -5 || x > width + 5 || y > height + 5) continue;
      pen.beginPath();
      pen.arc(x, y, 3.2, 0, 2 * Math.PI);
      pen.fill();
    }
  }
}

/** Follows the pointer. A press without a move is a choice. */
function drag(event, onMove, onPress) {
  const canvas = event.currentTarget;
  const box = canvas.getBoundingClientRect();
  let [x, y] = [event.clientX, event.clientY];
  let isMoved = false;
  canvas.setPointerCapture(event.pointerId);
  const moved = (next) => {
    if (Math.abs(next.clientX - x) + Math.abs(next.clientY - y) < 3 && !isMoved) return;
    isMoved = true;
    onMove(next.clientX - x, next.clientY - y);
    [x, y] = [next.clientX, next.clientY];
  };
  const ended = (last) => {
    canvas.removeEventListener('pointermove', moved);
    canvas.removeEventListener('pointerup', ended);
    if (!isMoved) onPress(last.clientX - box.left, last.clientY - box.top);
  };
  canvas.addEventListener('pointermove', moved);
  canvas.addEventListener('pointerup', ended);
}

function nearest(points, [x, y], within) {
  let [best, least] = [null, within];
  for (const point of points) {
    const distance = Math.hypot(point[0] - x, point[1] - y);
    if (distance < least) [best, least] = [point[2], distance];
  }
  return best;
}

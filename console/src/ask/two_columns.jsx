// Two columns as a line, as bars, or as points on a map.

import { useMemo, useState } from 'preact/hooks';
import { Field, Nothing } from '../parts/basics.jsx';
import { Plot } from '../parts/plot.jsx';
import { Tree } from '../parts/tree.jsx';
import { PointMap } from '../map/map.jsx';
import { counted, inLine, number, plain, time } from '../values.js';

const LATITUDE = /(^|[^a-z])lat(itude)?$/i;
const LONGITUDE = /(^|[^a-z])(lon|lng|long|longitude)$/i;
const MOST_BARS = 200;

export function TwoColumns({ columns, rows }) {
  const guess = useMemo(() => guessed(columns, rows), [columns, rows]);
  const [changed, setChanged] = useState({});
  const { kind, x, y } = { ...guess, ...changed };
  const set = (name) => (value) => setChanged({ ...changed, [name]: value });
  const setKind = (value) =>
    setChanged(
      value === 'map' ? { kind: value, x: guess.longitude ?? x, y: guess.latitude ?? y } : { kind: value },
    );
  return (
    <>
      <div class="row">
        <Field label="Draw" options={['line', 'bar', 'map']} value={kind} onInput={setKind} />
        <Field
          label={kind === 'map' ? 'Longitude' : 'Across'}
          options={columns}
          value={x}
          onInput={set('x')}
        />
        <Field label={kind === 'map' ? 'Latitude' : 'Up'} options={columns} value={y} onInput={set('y')} />
      </div>
      {kind === 'map' ? (
        <Points rows={rows} x={x} y={y} />
      ) : (
        <Chart key={`${kind} ${x} ${y}`} kind={kind} rows={rows} x={x} y={y} />
      )}
    </>
  );
}

/** What is drawn first: a map if there are coordinates, else the first column against a number. */
function guessed(columns, rows) {
  const latitude = columns.find((name) => LATITUDE.test(name));
  const longitude = columns.find((name) => LONGITUDE.test(name));
  if (latitude && longitude) return { kind: 'map', x: longitude, y: latitude, latitude, longitude };
  const hasNumbers = (name) => rows.slice(0, 100).some((row) => !Number.isNaN(number(row[name])));
  const x = columns[0];
  const y = columns.slice(1).find(hasNumbers) ?? columns.find(hasNumbers) ?? columns.at(-1);
  const isOrdered = rows.slice(0, 100).some((row) => !Number.isNaN(time(row[x]))) || hasNumbers(x);
  return { kind: isOrdered ? 'line' : 'bar', x, y };
}

function Points({ rows, x, y }) {
  const points = useMemo(
    () =>
      rows
        .map((row) => [number(row[x]), number(row[y]), row])
        .filter(([a, b]) => Math.abs(a) <= 180 && Math.abs(b) <= 90),
    [rows, x, y],
  );
  const [chosen, setChosen] = useState(null);
  return (
    <>
      <PointMap points={points} onChoose={setChosen} />
      <p class="quiet">
        {counted(points.length, 'point')} of {counted(rows.length, 'row')}. Press a point to see its row.
        Outlines: Natural Earth.
      </p>
      {chosen && <Tree value={chosen} isOpen />}
    </>
  );
}

function Chart({ kind, rows, x, y }) {
  const drawn = useMemo(() => prepared(kind, rows, x, y), [kind, rows, x, y]);
  if (!drawn.data[0].length) return <Nothing>The column for “up” has no numbers.</Nothing>;
  return (
    <>
      <Plot
        {...drawn}
        kind={kind}
        x={x}
        y={y}
        height={380}
        label={`${y} by ${x}, ${counted(drawn.data[0].length, 'point')}`}
      />
      {drawn.left > 0 && (
        <p class="quiet">
          The first {MOST_BARS} of {rows.length} rows.
        </p>
      )}
    </>
  );
}

/** Numbers and times are places on the axis; anything else is a name for each row. */
function prepared(kind, rows, x, y) {
  const numbered = rows.filter((row) => !Number.isNaN(number(row[y])));
  const placed = (read) =>
    numbered.length > 0 && numbered.every((row) => row[x] === null || !Number.isNaN(read(row[x])));
  const read = kind === 'bar' ? null : placed(time) ? time : placed(number) ? number : null;
  if (!read) {
    const shown = numbered.slice(0, kind === 'bar' ? MOST_BARS : undefined);
    return {
      data: [shown.map((_, i) => i), shown.map((row) => number(row[y]))],
      categories: shown.map((row) => inLine(plain(row[x]))),
      isTime: false,
      left: numbered.length - shown.length,
    };
  }
  const points = numbered
    .filter((row) => !Number.isNaN(read(row[x])))
    .map((row) => [read(row[x]), number(row[y])])
    .sort((a, b) => a[0] - b[0]);
  return { data: [points.map(([at]) => at), points.map(([, to]) => to)], isTime: read === time, left: 0 };
}

// A plot of uPlot that follows the width and the colours of the page.

import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { useColours } from '../theme.js';

/** `data` is what uPlot takes: the x of all points, and then the y of each series. */
export function Plot({
  data,
  label,
  x,
  y,
  height = 180,
  kind = 'line',
  categories = null,
  isTime = true,
  range = null,
}) {
  const box = useRef(null);
  const plot = useRef(null);
  const colours = useColours();
  useEffect(() => {
    const axis = {
      stroke: colours.quiet,
      grid: { stroke: colours.line, width: 1 },
      ticks: { stroke: colours.line, width: 1 },
    };
    const series = {
      label: y,
      stroke: colours.accent,
      width: 2,
      points: { show: kind === 'line' ? undefined : false },
    };
    if (kind === 'bar')
      Object.assign(series, { paths: uPlot.paths.bars({ size: [0.8, 60] }), fill: colours.accent, width: 0 });
    if (kind === 'line') series.fill = colours.faint;
    const named = categories && {
      splits: (_, __, min, max) => whole(min, max),
      values: (_, splits) => splits.map((it) => short(categories[it])),
    };
    plot.current = new uPlot(
      {
        width: box.current.clientWidth,
        height,
        legend: { show: true },
        cursor: { drag: { x: !range, y: false } },
        scales: {
          x: {
            time: isTime,
            range: range ?? (categories ? () => [-0.6, categories.length - 0.4] : undefined),
          },
          y: { range: (_, min, max) => upright(min, max) },
        },
        axes: [
          { ...axis, values: isTime ? moments : undefined, ...named },
          { ...axis, size: 64 },
        ],
        series: [
          {
            label: x,
            value: categories
              ? (_, at) => categories[at] ?? ''
              : isTime
                ? (_, at) => moment(at, 1)
                : undefined,
          },
          series,
        ],
      },
      data,
      box.current,
    );
    const observer = new ResizeObserver(([entry]) =>
      plot.current?.setSize({ width: entry.contentRect.width, height }),
    );
    observer.observe(box.current);
    return () => {
      observer.disconnect();
      plot.current.destroy();
      plot.current = null;
    };
  }, [colours, kind, label, x, y, categories, isTime]);
  useEffect(() => plot.current?.setData(data), [data]);
  return <div class="plot" ref={box} role="img" aria-label={label} />;
}

/** Bars and areas stand on zero. */
function upright(min, max) {
  const [least, most] = [Math.min(0, min ?? 0), Math.max(0, max ?? 0)];
  const room = (most - least) * 0.08 || 1;
  return [least < 0 ? least - room : 0, most + room];
}

/** Times as short as the distance between them lets them be. */
const moments = (_, splits) => splits.map((at) => moment(at, (splits[1] ?? Infinity) - splits[0]));

function moment(at, step) {
  if (at === null || at === undefined) return '';
  const [day, time] = new Date(at * 1000 - new Date(at * 1000).getTimezoneOffset() * 60_000)
    .toISOString()
    .split(/[T.]/);
  return step >= 86_400 ? day : step >= 60 ? time.slice(0, 5) : time;
}

function whole(min, max) {
  const step = Math.max(1, Math.ceil((max - min) / 12));
  const all = [];
  for (let it = Math.ceil(min); it <= max; it += step) all.push(it);
  return all;
}

const short = (text) => (text === undefined ? '' : text.length > 14 ? `${text.slice(0, 13)}…` : text);

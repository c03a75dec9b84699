// Values of documents as text.

const isRaw = (value) => JSON.isRawJSON?.(value) ?? false;

/** The kind of a value, as a class name for its colour. */
export function kind(value) {
  if (value === null || value === undefined) return 'null';
  if (isRaw(value)) return 'number';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

/** A value in one line: text as it is, all others as JSON. */
export function inLine(value) {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A value as a number, or NaN. */
export function number(value) {
  if (isRaw(value)) return Number(value.rawJSON);
  return typeof value === 'number' ? value : NaN;
}

/** The value that a row shows for extended JSON, such as a timestamp. */
export function plain(value) {
  const isTyped = value !== null && typeof value === 'object' && typeof value.__rockset_type === 'string';
  return isTyped && value.value !== undefined ? value.value : value;
}

/** A time in seconds, if the value is one: a text in ISO 8601. */
export function time(value) {
  const text = plain(value);
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d|$)/.test(text)) return NaN;
  return Date.parse(text) / 1000;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytes(count) {
  if (count === undefined || count === null) return '';
  let [unit, amount] = [0, count];
  while (amount >= 1024 && unit < UNITS.length - 1) [unit, amount] = [unit + 1, amount / 1024];
  return `${unit === 0 ? amount : amount.toFixed(1)} ${UNITS[unit]}`;
}

const WHOLE = new Intl.NumberFormat('en');
export const count = (value) => (value === undefined || value === null ? '' : WHOLE.format(value));
export const counted = (value, noun) => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

/** A name as SQL reads it: quoted, unless it is a plain word. */
export const quoted = (name) =>
  /^[a-z_][a-z0-9_]*$/i.test(name) && !RESERVED.has(name.toUpperCase())
    ? name
    : `"${name.replaceAll('"', '""')}"`;
export const collectionName = (workspace, name) => `${quoted(workspace)}.${quoted(name)}`;

const RESERVED = new Set(
  (
    'ALL AND ANY AS ASC BETWEEN BY CASE CAST CROSS DESC DISTINCT ELSE END EXCEPT EXISTS FALSE FROM FULL GROUP HAVING IN ' +
    'INNER INTERSECT INTO IS JOIN LEFT LIKE LIMIT NOT NULL OFFSET ON OR ORDER OUTER RIGHT SELECT SET TABLE THEN TO TRUE ' +
    'UNION UNNEST USING VALUES WHEN WHERE WITH'
  ).split(' '),
);

/** Offers a text as a file. */
export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export function csv(columns, rows) {
  // A cell that a spreadsheet would compute (=, +, -, @) stays as it is: the file is data, and quoting is all that RFC 4180 has.
  const cell = (value) => {
    const text = inLine(value === null ? undefined : value);
    return /[",\r\n]/.test(text) || (text === '' && typeof value === 'string')
      ? `"${text.replaceAll('"', '""')}"`
      : text;
  };
  return (
    [columns, ...rows.map((row) => columns.map((name) => row[name]))]
      .map((line) => line.map(cell).join(','))
      .join('\r\n') + '\r\n'
  );
}

// Values of the parameters that a query names.

const TYPES = [
  'string',
  'int',
  'float',
  'bool',
  'date',
  'datetime',
  'time',
  'timestamp',
  'array',
  'object',
  'null',
  'bytes',
];

export function Parameters({ names, values, onChange }) {
  if (!names.length) return null;
  const set = (name, change) =>
    onChange({ ...values, [name]: { type: 'string', value: '', ...values[name], ...change } });
  return (
    <fieldset>
      <legend>Parameters</legend>
      {names.map((name) => (
        <div class="parameter" key={name}>
          <code>{/^\d+$/.test(name) ? `? ${name}` : `:${name}`}</code>
          <select
            aria-label={`Type of ${name}`}
            value={values[name]?.type ?? 'string'}
            onInput={(event) => set(name, { type: event.currentTarget.value })}
          >
            {TYPES.map((it) => (
              <option key={it} value={it}>
                {it}
              </option>
            ))}
          </select>
          <input
            aria-label={`Value of ${name}`}
            spellcheck={false}
            autocomplete="off"
            value={values[name]?.value ?? ''}
            onInput={(event) => set(name, { value: event.currentTarget.value })}
          />
        </div>
      ))}
    </fieldset>
  );
}

/** The parameters as a request has them. One that nobody has touched isn't given, and the server says that it is missing. */
export const given = (names, values) =>
  names
    .filter((name) => values[name])
    .map((name) => ({ name, type: values[name].type, value: values[name].value }));

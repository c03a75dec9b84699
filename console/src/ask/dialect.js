// The words of Rockset's SQL, for colours and completion. Functions come from the server.

import { SQLDialect } from '@codemirror/lang-sql';

const KEYWORDS =
  'all analyze and any array as asc at between by case cast cluster cross current cube desc describe distinct else end escape ' +
  'except exists explain extract false filter first following for from full group grouping having hint ilike in inner insert ' +
  'intersect interval into is join last lateral left like limit natural not null nulls of offset on or order ordinality outer ' +
  'over partition preceding range recursive right rollup row rows select sets show columns some table tablesample bernoulli then ' +
  'time timestamp date datetime to true try_cast unbounded undefined union unnest using values when where window with within zone';

const TYPES =
  'bool bytes date datetime float int month_interval microsecond_interval null object string time timestamp u256 geography';

export const AGGREGATES =
  'ANY_VALUE APPROX_DISTINCT APPROX_PERCENTILE ARBITRARY ARRAY_AGG AVG BITWISE_AND_AGG BITWISE_OR_AGG BOOL_AND BOOL_OR CORR COUNT ' +
  'COUNT_IF COVAR_POP COVAR_SAMP EVERY GEOMETRIC_MEAN GROUPING MAP_AGG MAX MAX_BY MIN MIN_BY OBJECT_AGG STDDEV_POP STDDEV_SAMP ' +
  'STRING_AGG SUM VAR_POP VAR_SAMP ROW_NUMBER RANK DENSE_RANK PERCENT_RANK CUME_DIST NTILE LAG LEAD FIRST_VALUE LAST_VALUE NTH_VALUE';

export function dialect(functions) {
  return SQLDialect.define({
    keywords: KEYWORDS,
    types: TYPES,
    builtin: `${AGGREGATES} ${functions.map((it) => it.name).join(' ')}`.toLowerCase(),
    doubleQuotedStrings: false,
    backslashEscapes: false,
    identifierQuotes: '"`',
    specialVar: ':',
  });
}

// A text, a quoted name, a comment or a parameter: the first three hide what looks like a parameter.
const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|\/\*[^]*?\*\/|::|:(?:"([^"]+)"|(\w+))|(\?)/g;

/** Names of the parameters of a query; a `?` is named by its position. */
export function parameters(sql) {
  const names = [];
  let position = 0;
  for (const [, quoted, word, mark] of sql.matchAll(TOKENS)) {
    const name = mark ? String(++position) : (quoted ?? word);
    if (name && !names.includes(name)) names.push(name);
  }
  return names;
}

const RELATIONS =
  /\b(?:FROM|JOIN|INTO|DESCRIBE|DESC|,)\s+(?:("[^"]+"|`[^`]+`|\w+)\s*\.\s*)?("[^"]+"|`[^`]+`|\w+)(?:\s+(?:AS\s+)?(\w+))?/gi;

const bare = (name) => name?.replace(/^["`]|["`]$/g, '');

/** The collections that a query seems to name, with their aliases. */
export function relations(sql) {
  return [...sql.matchAll(RELATIONS)].map(([, workspace, name, alias]) => ({
    workspace: bare(workspace) ?? 'commons',
    name: bare(name),
    alias,
  }));
}

// The fields of a collection, as DESCRIBE finds them.

import { post } from '../api.js';
import { collectionName } from '../values.js';

const FRESH = 30_000;
const known = new Map();

/** A row for each path: `path`, `types`, and of how many of how many. */
export function describe(workspace, name) {
  const sql = `DESCRIBE ${collectionName(workspace, name)}`;
  const found = known.get(sql);
  if (found && found.at > Date.now() - FRESH) return found.fields;
  const fields = post('/queries', { sql: { query: sql } }).then((answer) => byPath(answer.results));
  fields.catch(() => known.delete(sql));
  known.set(sql, { at: Date.now(), fields });
  return fields;
}

export const forget = () => known.clear();

function byPath(rows) {
  const fields = new Map();
  for (const { field, type, occurrences, total } of rows) {
    const id = JSON.stringify(field);
    const it = fields.get(id) ?? { path: field, types: [], occurrences: 0, total, byType: [] };
    it.types.push(type);
    it.byType.push({ type, occurrences });
    it.occurrences += occurrences;
    fields.set(id, it);
  }
  return [...fields.values()];
}

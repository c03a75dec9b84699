// What may be written at the cursor: collections, their fields, functions and keywords.

import { catalog } from '../catalog.js';
import { describe } from './fields.js';
import { AGGREGATES, relations } from './dialect.js';
import { quoted } from '../values.js';

const WORD = /(?:(?:"[^"]*"|\w+)\.)*"?[\w/]*$/;
const RELATION = /\b(?:FROM|JOIN|INTO|DESCRIBE|DESC)\s+(?:(?:"[^"]*"|\w+)\.)*"?\w*$/i;

export function completion(functions) {
  const calls = [
    ...AGGREGATES.split(' ').map((name) => ({ label: name, type: 'function', apply: `${name}(`, boost: 1 })),
    ...functions.map((it) => ({
      label: it.name,
      type: 'function',
      detail: it.signature.slice(it.name.length),
      info: () => told(it),
      apply: `${it.name}(`,
    })),
  ];
  return async (context) => {
    const before = context.state.sliceDoc(Math.max(0, context.pos - 500), context.pos);
    const word = WORD.exec(before)?.[0] ?? '';
    const isParameter = before[before.length - word.length - 1] === ':';
    if (isParameter || (!word && !context.explicit)) return null;
    const parts = word.split('.').map((part) => part.replaceAll('"', ''));
    const from = context.pos - word.length + word.lastIndexOf('.') + 1;
    if (RELATION.test(before)) return { from, options: named(parts) };
    const fields = await fieldsAt(context.state.doc.toString(), parts);
    if (context.aborted || !context.view?.hasFocus) return null;
    if (parts.length > 1) return { from, options: [...fields, ...named(parts)] };
    return { from, options: [...fields, ...calls, ...named(parts)], validFor: /^"?[\w/]*$/ };
  };
}

/** A function in words. */
function told(it) {
  const box = document.createElement('div');
  const signature = document.createElement('code');
  signature.textContent = it.signature;
  const meaning = document.createElement('p');
  meaning.textContent = it.meaning;
  box.append(signature, meaning);
  return box;
}

function named(parts) {
  const { workspaces, collections } = catalog();
  const within = parts.length > 1 ? parts[0] : null;
  const inside = collections.filter((it) => it.workspace === (within ?? 'commons'));
  const options = inside.map((it) => ({
    label: it.name,
    type: 'class',
    detail: it.workspace,
    apply: quoted(it.name),
  }));
  if (within) return options;
  return [
    ...options,
    ...workspaces.map((it) => ({
      label: it.name,
      type: 'namespace',
      detail: 'workspace',
      apply: `${quoted(it.name)}.`,
    })),
  ];
}

/** The fields of the relations of a query, or those within the path before the cursor. */
async function fieldsAt(sql, parts) {
  const known = catalog().collections;
  const used = relations(sql).filter((it) =>
    known.some((c) => c.workspace === it.workspace && c.name === it.name),
  );
  const described = await Promise.all(
    used.map(async (it) => ({ ...it, fields: await describe(it.workspace, it.name).catch(() => []) })),
  );
  const path = parts.slice(0, -1);
  const options = new Map();
  for (const { alias, name, fields } of described) {
    const inside = path.length && [alias, name].includes(path[0]) ? path.slice(1) : path;
    for (const field of fields) {
      if (
        field.path.length !== inside.length + 1 ||
        inside.some((part, i) => part !== field.path[i]) ||
        field.path.includes('*')
      )
        continue;
      const last = field.path.at(-1);
      options.set(last, {
        label: last,
        type: 'property',
        detail: `${field.types.join(', ')} · ${name}`,
        apply: quoted(last),
        boost: 10,
      });
    }
  }
  return [...options.values()];
}

// The fields that documents have, with their types and the share of documents that have them.

import { useEffect, useState } from 'preact/hooks';
import { describe } from '../ask/fields.js';
import { Nothing, Problem } from '../parts/basics.jsx';
import { useSession } from '../session.js';
import { count, quoted } from '../values.js';

export function Fields({ workspace, name }) {
  const { engine } = useSession();
  const [found, setFound] = useState({ fields: null, error: null });
  useEffect(() => {
    if (!engine)
      describe(workspace, name).then(
        (fields) => setFound({ fields, error: null }),
        (error) => setFound({ fields: null, error }),
      );
  }, [workspace, name]);
  if (engine)
    return (
      <p class="note" role="note">
        {engine}
      </p>
    );
  const { fields, error } = found;
  return (
    <>
      <Problem error={error} />
      {fields?.length === 0 && <Nothing>There is no document, and so no field.</Nothing>}
      {fields?.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Fields">
          <table>
            <thead>
              <tr>
                <th scope="col">Field</th>
                <th scope="col">Types</th>
                <th scope="col" class="right">
                  Occurrences
                </th>
                <th scope="col">Share</th>
              </tr>
            </thead>
            <tbody>
              {fields.map((it) => {
                const share = it.total ? it.occurrences / it.total : 0;
                return (
                  <tr key={JSON.stringify(it.path)}>
                    <th scope="row">
                      <code>{written(it.path)}</code>
                    </th>
                    <td>
                      {it.byType.map(({ type, occurrences }) => (
                        <span class="type" key={type} title={`${count(occurrences)} values`}>
                          {type}
                        </span>
                      ))}
                    </td>
                    <td class="right">
                      {count(it.occurrences)} of {count(it.total)}
                    </td>
                    <td>
                      <meter aria-label={`Share of ${written(it.path)}`} max="1" value={share} />{' '}
                      {percent(share)}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

const percent = (share) =>
  share > 0 && share < 0.001 ? '< 0.1 %' : `${(share * 100).toFixed(share === 1 ? 0 : 1)} %`;

/** A path as SQL has it; `*` stands for each element of an array. */
const written = (path) =>
  path.reduce(
    (text, part) => (part === '*' ? `${text}[*]` : text ? `${text}.${quoted(part)}` : quoted(part)),
    '',
  );

// One collection: its documents, fields, definition, sources and transformation.

import { get, path, remove } from '../api.js';
import { refresh, usePolled } from '../catalog.js';
import { DeleteButton, Problem, Status, Tabs } from '../parts/basics.jsx';
import { Tree } from '../parts/tree.jsx';
import { href } from '../route.js';
import { bytes, collectionName, counted } from '../values.js';
import { Documents } from './documents.jsx';
import { Fields } from './fields.jsx';
import { Sources } from './sources.jsx';
import { Transformation } from './transformation.jsx';

const TABS = [
  ['documents', 'Documents'],
  ['fields', 'Fields'],
  ['definition', 'Definition'],
  ['sources', 'Sources'],
  ['transformation', 'Transformation'],
];

export function Collection({ workspace, name, tab = 'documents' }) {
  const { data, error } = usePolled(() => get(path`/ws/${workspace}/collections/${name}`), 2000, [
    workspace,
    name,
  ]);
  const collection = data?.data;
  const chosen = TABS.some(([id]) => id === tab) ? tab : 'documents';
  const ask = `#/ask?sql=${encodeURIComponent(`SELECT *\nFROM ${collectionName(workspace, name)}\nLIMIT 100`)}`;
  const deleted = () =>
    remove(path`/ws/${workspace}/collections/${name}`)
      .then(refresh)
      .then(() => {
        location.hash = '#/';
      });
  return (
    <>
      <h1>
        <span class="quiet">{workspace}.</span>
        {name}
      </h1>
      <Problem error={error} />
      {collection && (
        <>
          <div class="row actions">
            <Status status={collection.status} />
            <span>
              {counted(collection.stats?.doc_count ?? 0, 'document')},{' '}
              {bytes(collection.stats?.total_size ?? 0)}
            </span>
            <a class="button" href={ask}>
              Ask in SQL
            </a>
            <DeleteButton
              operation="deleteCollection"
              on={workspace}
              what={`the collection ${workspace}.${name}`}
              onDelete={deleted}
            />
          </div>
          {collection.description && <p>{collection.description}</p>}
          <Tabs
            label="Collection"
            tabs={TABS}
            chosen={chosen}
            onChoose={(next) => {
              location.hash = href('c', workspace, name, next);
            }}
          >
            {chosen === 'documents' && <Documents workspace={workspace} name={name} />}
            {chosen === 'fields' && <Fields workspace={workspace} name={name} />}
            {chosen === 'definition' && <Tree value={collection} isOpen />}
            {chosen === 'sources' && <Sources collection={collection} />}
            {chosen === 'transformation' && <Transformation collection={collection} />}
          </Tabs>
        </>
      )}
    </>
  );
}

// The collections that read through an integration, with how far they are.

import { useCatalog } from '../catalog.js';
import { SourcesProgress } from '../parts/progress.jsx';
import { href } from '../route.js';

export function UsedBy({ item }) {
  const through = (it) => (it.sources ?? []).filter((source) => source.integration_name === item.name);
  const collections = useCatalog().collections.filter((it) => through(it).length > 0);
  if (collections.length === 0) return <p class="quiet">No collection reads through it.</p>;
  return (
    <ul class="plain-list">
      {collections.map((it) => (
        <li key={`${it.workspace}.${it.name}`}>
          <a href={href('c', it.workspace, it.name, 'sources')}>
            <span class="quiet">{it.workspace}.</span>
            {it.name}
          </a>
          <SourcesProgress sources={through(it)} />
        </li>
      ))}
    </ul>
  );
}

// Creating a collection.

import { useState } from 'preact/hooks';
import { path, post } from '../api.js';
import { initialWorkspace, refresh, useCatalog } from '../catalog.js';
import { Field, FormDialog } from '../parts/basics.jsx';
import { usePermissions, useSession } from '../session.js';

export function NewCollection({ onClose }) {
  const { permits } = usePermissions();
  const { engine } = useSession();
  const workspaces = useCatalog().workspaces.filter((it) => permits('createCollection', it.name));
  const [made, setMade] = useState({
    workspace: initialWorkspace(workspaces),
    name: '',
    description: '',
    retention: '',
    transformation: '',
  });
  const field = (name) => ({ value: made[name], onInput: (value) => setMade({ ...made, [name]: value }) });
  const create = async () => {
    const { workspace, name, description, retention, transformation } = made;
    const body = { name, description: description || undefined };
    if (retention) body.retention_secs = Number(retention);
    if (transformation.trim()) body.field_mapping_query = { sql: transformation };
    await post(path`/ws/${workspace}/collections`, body);
    await refresh();
  };
  return (
    <FormDialog title="New collection" action="Create" onSubmit={create} onClose={onClose}>
      <Field label="Workspace" options={workspaces.map((it) => it.name)} {...field('workspace')} />
      <Field label="Name" required {...field('name')} />
      <Field label="Description" {...field('description')} />
      <Field
        label="Retention in seconds"
        type="number"
        min="3600"
        hint="Older documents are removed; empty keeps them."
        {...field('retention')}
      />
      <Field
        label="Ingest transformation"
        type="area"
        placeholder="SELECT * FROM _input"
        hint={engine ?? 'Is run on every document that comes in; empty changes nothing.'}
        {...field('transformation')}
      />
    </FormDialog>
  );
}

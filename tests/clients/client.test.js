// The official Node.js client drives the local Rockset. The script `run` starts the
// servers and names them.

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');
const { describe, it } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');
const rockset = require('@rockset/client').default;

const { ROCKSET_API_KEY: key, ROCKSET_HTTP, ROCKSET_HTTPS, ROCKSET_LIMITED } = process.env;

const newName = () => `t${randomUUID().replaceAll('-', '')}`;

// What the client throws is the body of the error.
async function refused(call, type) {
  const error = await call.then(
    (answer) => assert.fail(`this was answered: ${JSON.stringify(answer)}`),
    (error) => error,
  );
  assert.equal(error.type, type, JSON.stringify(error));
  assert.ok(error.message && error.trace_id, JSON.stringify(error));
  for (const absent of ['line', 'column', 'error_id']) assert.equal(error[absent], null);
}

async function eventually(check) {
  for (const end = Date.now() + 60_000; !(await check()); await sleep(20)) {
    assert.ok(Date.now() < end, 'it never came true');
  }
}

const names = (answer) => answer.data.map((found) => found.name);
const statuses = (answer) => answer.data.map((document) => document.status);

for (const [protocol, url] of Object.entries({ HTTP: ROCKSET_HTTP, HTTPS: ROCKSET_HTTPS })) {
  describe(`over ${protocol}`, () => {
    const rs = rockset(key, url);
    const isReady = async (workspace, name) =>
      (await rs.collections.getCollection(workspace, name)).data.status === 'READY';

    // Runs a test with a workspace that holds the collection `c`, which is READY.
    const withCollection = (test) => async () => {
      const workspace = newName();
      await rs.workspaces.createWorkspace({ name: workspace });
      await rs.collections.createCollection(workspace, { name: 'c' });
      await eventually(() => isReady(workspace, 'c'));
      await test(workspace);
      await rs.collections.deleteCollection(workspace, 'c');
      const left = async () => (await rs.collections.workspaceCollections(workspace)).data.length;
      await eventually(async () => (await left()) === 0);
      await rs.workspaces.deleteWorkspace(workspace);
    };

    it('names the server in the organization', async () => {
      const { data } = await rs.orgs.getOrganization();
      assert.equal(data.clusters[0].apiserver_url, url);
    });

    it('makes, lists and deletes a workspace', async () => {
      const name = newName();
      const made = await rs.workspaces.createWorkspace({ name, description: 'text' });
      assert.equal(made.data.description, 'text');
      assert.ok(names(await rs.workspaces.listWorkspaces()).includes(name));
      assert.deepEqual(await rs.workspaces.getWorkspace(name), made);
      await refused(rs.workspaces.createWorkspace({ name }), 'ALREADYEXISTS');
      await rs.workspaces.deleteWorkspace(name);
      await refused(rs.workspaces.getWorkspace(name), 'NOTFOUND');
    });

    it('makes, lists, describes and deletes a collection', async () => {
      const name = newName();
      const made = await rs.collections.createCollection('commons', { name });
      // The hosted Rockset answered null for the description, and later left it out.
      const { description, sources, workspace } = made.data;
      assert.deepEqual({ description, sources, workspace }, {
        description: undefined,
        sources: [],
        workspace: 'commons',
      });
      await eventually(() => isReady('commons', name));
      assert.ok(names(await rs.collections.listCollections()).includes(name));
      assert.ok(names(await rs.collections.workspaceCollections('commons')).includes(name));
      const other = { description: 'other' };
      const updated = await rs.collections.updateCollection('commons', name, other);
      assert.equal(updated.data.description, 'other');
      const deleted = await rs.collections.deleteCollection('commons', name);
      assert.equal(deleted.data.name, name);
      await eventually(async () => !names(await rs.collections.listCollections()).includes(name));
      await refused(rs.collections.getCollection('commons', name), 'NOTFOUND');
    });

    it('adds, patches and deletes documents', withCollection(async (workspace) => {
      const write = (operation, data) => rs.documents[operation](workspace, 'c', { data });
      const added = await write('addDocuments', [{ _id: '1', n: 1, list: [null, 'x'] }, {}]);
      assert.deepEqual(statuses(added), ['ADDED', 'ADDED']);
      assert.equal(added.data[0]._id, '1');
      assert.equal(added.data[0].error, null);

      const again = await write('addDocuments', [{ _id: '1', n: 2 }, { _id: 2 }]);
      assert.deepEqual(statuses(again), ['REPLACED', 'ERROR']);
      assert.equal(again.data[1].error.type, 'INVALIDINPUT');

      const patch = [
        { op: 'TEST', path: '/n', value: 2 },
        { op: 'ADD', path: '/a', value: { b: [1] } },
      ];
      const patched = await write('patchDocuments', [{ _id: '1', patch }, { _id: 'none', patch }]);
      assert.deepEqual(statuses(patched), ['PATCHED', 'ERROR']);
      assert.equal(patched.data[1].error.type, 'NOTFOUND');

      const deleted = await write('deleteDocuments', [{ _id: '1' }]);
      assert.deepEqual(statuses(deleted), ['DELETED']);

      const offsets = [added, again, patched, deleted].map((answer) => answer.last_offset);
      const fence = { name: offsets };
      const passed = await rs.collections.getCollectionOffsets(workspace, 'c', fence);
      assert.equal(passed.data.passed, true);
      assert.equal((await rs.collections.getCollection(workspace, 'c')).data.stats.doc_count, 1);
    }));

    it('makes, lists and deletes an integration', async () => {
      const name = newName();
      const aws_role = { aws_role_arn: 'arn:aws:iam::123456789012:role/rockset' };
      const made = await rs.integrations.createIntegration({ name, s3: { aws_role } });
      assert.equal(made.data.s3.aws_role.aws_role_arn, aws_role.aws_role_arn);
      assert.ok(names(await rs.integrations.listIntegrations()).includes(name));
      assert.deepEqual(await rs.integrations.getIntegration(name), made);
      await refused(rs.integrations.createIntegration({ name, s3: { aws_role } }), 'ALREADYEXISTS');
      await rs.integrations.deleteIntegration(name);
      await refused(rs.integrations.getIntegration(name), 'NOTFOUND');
    });

    it('makes keys, which do what their roles permit', async () => {
      const name = newName();
      const privileges = [{ action: 'LIST_WS_GLOBAL' }];
      await rs.customRolesBeta.createRole({ role_name: name, privileges });
      const made = await rs.apikeys.createApiKey({ name, role: name });
      const own = rockset(made.data.key, url);
      assert.ok(names(await own.workspaces.listWorkspaces()).includes('commons'));
      await refused(own.workspaces.createWorkspace({ name }), 'FORBIDDEN');
      assert.ok(names(await rs.apikeys.listApiKeys('self')).includes(name));
      await rs.apikeys.updateApiKey(name, 'self', { state: 'SUSPENDED' });
      await refused(own.workspaces.listWorkspaces(), 'AUTHEXCEPTION');
      await rs.apikeys.deleteApiKey(name, 'self');
      await rs.customRolesBeta.deleteRole(name);
      assert.equal((await rs.users.getCurrentUser()).email, 'local@localhost');
    });

    it('reads errors', withCollection(async (workspace) => {
      await refused(rockset('wrong', url).orgs.getOrganization(), 'AUTHEXCEPTION');
      await refused(rs.workspaces.deleteWorkspace(workspace), 'DEPENDENTRESOURCES');
      await refused(rs.workspaces.createWorkspace({ name: 'two words' }), 'INVALIDINPUT');
      await refused(rs.users.getUser('no@body'), 'NOTFOUND');
      await refused(rs.views.getView('commons', 'none'), 'NOTFOUND');
      assert.deepEqual((await rs.aliases.listAliases()).data, []);
      const large = { data: [{ a: 'x'.repeat(10 << 20) }] };
      await refused(rs.documents.addDocuments(workspace, 'c', large), 'CONTENTTOOLARGE');
      const name = newName();
      await rs.collections.createCollection(workspace, { name });
      const early = rs.documents.addDocuments(workspace, name, { data: [{}] });
      const error = await early.catch((error) => error);
      assert.match(error.type, /^(CREATING|NOT_READY)$/);
      await rs.collections.deleteCollection(workspace, name);
    }));
  });
}

it('is refused when it writes past the limit', async () => {
  const rs = rockset(key, ROCKSET_LIMITED);
  const name = newName();
  await rs.collections.createCollection('commons', { name });
  const collection = () => rs.collections.getCollection('commons', name);
  await eventually(async () => (await collection()).data.status === 'READY');
  const writes = [1, 2, 3].map(() => rs.documents.addDocuments('commons', name, { data: [{}] }));
  const outcomes = await Promise.allSettled(writes);
  const refusals = outcomes.filter(({ status }) => status === 'rejected');
  assert.ok(refusals.length > 0);
  for (const { reason } of refusals) assert.equal(reason.type, 'RATELIMITEXCEEDED');
});

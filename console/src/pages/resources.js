// The kinds of things that have a page of one form: a list, and what may be done to its items.
//
// `list` (or `load`), `create`, `change` and `remove` are operations of the API; `told` is an item in a few words.
// A field of a form is a property of the request, unless it `isPath`; one that `isFixed` can't be changed later.

import { get, path } from '../api.js';
import { counted } from '../values.js';

const workspace = { name: 'workspace', label: 'Workspace', initial: 'commons', isPath: true, isFixed: true };
const name = { name: 'name', label: 'Name', isRequired: true, isFixed: true };
const description = { name: 'description', label: 'Description' };
const within = (it) => `${it.workspace}.${it.name}`;

export const RESOURCES = {
  aliases: {
    title: 'Aliases',
    noun: 'alias',
    about: 'Other names of collections, which can be pointed elsewhere without changing a query.',
    list: '/aliases',
    name: within,
    told: (it) => `→ ${(it.collections ?? []).join(', ')}`,
    fields: [
      workspace,
      name,
      {
        name: 'collections',
        label: 'Collection',
        type: 'list',
        isRequired: true,
        hint: 'workspace.collection',
      },
      description,
    ],
    create: { where: (it) => path`/ws/${it.workspace}/aliases` },
    change: { where: (it) => path`/ws/${it.workspace}/aliases/${it.name}` },
    remove: (it) => path`/ws/${it.workspace}/aliases/${it.name}`,
  },
  views: {
    title: 'Views',
    noun: 'view',
    about: 'Queries that can be read like collections.',
    list: '/views',
    name: within,
    told: (it) => it.description ?? '',
    fields: [
      workspace,
      name,
      { name: 'query', label: 'Query', type: 'area', isRequired: true, from: (it) => it.query_sql },
      description,
    ],
    create: { where: (it) => path`/ws/${it.workspace}/views` },
    change: { where: (it) => path`/ws/${it.workspace}/views/${it.name}` },
    remove: (it) => path`/ws/${it.workspace}/views/${it.name}`,
  },
  integrations: {
    title: 'Integrations',
    noun: 'integration',
    about: 'Credentials by which sources read. They are stored with their secrets and shown without them.',
    list: '/integrations',
    name: (it) => it.name,
    told: (it) => `${kindOf(it)}, ${counted((it.collections ?? []).length, 'collection')}`,
    fields: [
      name,
      description,
      {
        name: 'kind',
        label: 'Kind and credentials, as in the API',
        type: 'json',
        isSpread: true,
        isRequired: true,
        initial: { s3: {} },
        from: (it) => ({ [kindOf(it)]: it[kindOf(it)] ?? {} }),
        hint: 'Such as {"s3": {"aws_access_key": {"aws_access_key_id": "…", "aws_secret_access_key": "…"}}} or {"kafka": {"kafka_topic_names": ["orders"]}}',
      },
    ],
    create: { where: () => '/integrations' },
    change: { method: 'PUT', where: (it) => path`/integrations/${it.name}` },
    remove: (it) => path`/integrations/${it.name}`,
  },
  instances: {
    title: 'Virtual instances',
    noun: 'virtual instance',
    about: 'What queries run on.',
    list: '/virtualinstances',
    name: (it) => it.name,
    told: (it) => [it.current_size, it.default_vi ? 'the default' : ''].filter(Boolean).join(', '),
    fields: [
      { ...name, isFixed: false },
      description,
      {
        name: 'type',
        label: 'Size',
        isFixed: true,
        options: ['FREE', 'NANO', 'MILLI', 'XSMALL', 'SMALL', 'MEDIUM', 'LARGE', 'XLARGE'],
        initial: 'MILLI',
      },
    ],
    create: { where: () => '/virtualinstances' },
    change: { where: (it) => path`/virtualinstances/${it.id}` },
    remove: (it) => path`/virtualinstances/${it.id}`,
    actions: [
      {
        title: 'Suspend',
        fits: (it) => it.state === 'ACTIVE',
        where: (it) => path`/virtualinstances/${it.id}/suspend`,
      },
      {
        title: 'Resume',
        fits: (it) => it.state === 'SUSPENDED',
        where: (it) => path`/virtualinstances/${it.id}/resume`,
      },
    ],
  },
  users: {
    title: 'Users',
    noun: 'user',
    about: 'Who may sign in, and by which roles.',
    list: '/users',
    name: (it) => it.email,
    told: (it) => (it.roles ?? []).join(', '),
    fields: [
      { name: 'email', label: 'Email', isRequired: true, isFixed: true },
      { name: 'first_name', label: 'First name' },
      { name: 'last_name', label: 'Last name' },
      { name: 'roles', label: 'Roles, one a line', type: 'list', isRequired: true },
    ],
    create: { where: () => '/users' },
    change: { where: (it) => path`/users/${it.email}` },
    remove: (it) => path`/users/${it.email}`,
  },
  roles: {
    title: 'Roles',
    noun: 'role',
    about: 'Sets of privileges, for users and keys.',
    list: '/roles',
    name: (it) => it.role_name,
    told: (it) => counted((it.privileges ?? []).length, 'privilege'),
    fields: [
      { name: 'role_name', label: 'Name', isRequired: true, isFixed: true },
      description,
      {
        name: 'privileges',
        label: 'Privileges',
        type: 'json',
        initial: [{ action: 'QUERY_DATA_WS', resource_name: 'commons' }],
      },
    ],
    create: { where: () => '/roles' },
    change: { where: (it) => path`/roles/${it.role_name}` },
    remove: (it) => path`/roles/${it.role_name}`,
  },
  keys: {
    title: 'API keys',
    noun: 'API key',
    about: 'Keys of the user in whose name this page acts.',
    load: ofMyself,
    name: (it) => it.name,
    told: (it) => [it.role, it.created_at].filter(Boolean).join(', '),
    fields: [
      name,
      { name: 'role', label: 'Role', isFixed: true, hint: 'Empty: all that you may do.' },
      {
        name: 'state',
        label: 'State',
        options: ['ACTIVE', 'SUSPENDED'],
        initial: 'ACTIVE',
        isOnlyChanged: true,
      },
    ],
    create: { where: () => '/users/self/apikeys' },
    change: { where: (it) => path`/users/${it.user}/apikeys/${it.name}` },
    remove: (it) => path`/users/${it.user}/apikeys/${it.name}`,
    secret: (answer) => answer?.data?.key,
  },
};

/** The keys of the user in whose name the key of this tab acts. */
async function ofMyself() {
  const user = await get('/users/self');
  const { data } = await get(path`/users/${user.email}/apikeys`);
  return { data: data.map((it) => ({ ...it, user: user.email })) };
}

const ABOUT = [
  'name',
  'description',
  'collections',
  'created_at',
  'created_by',
  'created_by_apikey_name',
  'is_write_enabled',
  'owner_email',
];
function kindOf(integration) {
  return Object.keys(integration).find((it) => !ABOUT.includes(it) && integration[it]) ?? '';
}

// The kinds of things that have a page of one form: a list, and what may be done to its items.
//
// `list` (or `load`), `create`, `change` and `remove` are operations of the API, which are permitted on the
// resource `on` that an item belongs to. `told` is an item in a few words, and `Detail` a part of the page.
// A field of a form is a property of the request, unless it `isPath`; one that `isFixed` can't be changed later.

import { currentKey, get, path } from '../api.js';
import { Mounts } from './mounts.jsx';
import { Troubles } from './troubles.jsx';
import { UsedBy } from './used_by.jsx';
import { counted } from '../values.js';

const workspace = { name: 'workspace', label: 'Workspace', isPath: true, isFixed: true };
const name = { name: 'name', label: 'Name', isRequired: true, isFixed: true };
const description = { name: 'description', label: 'Description' };
const MAIN = 'The main virtual instance is always there and runs.';
const within = (it) => `${it.workspace}.${it.name}`;

export const RESOURCES = {
  workspaces: {
    title: 'Workspaces',
    noun: 'workspace',
    about:
      'Name spaces of collections, aliases, views and query lambdas. One that holds nothing can be deleted.',
    list: '/ws',
    on: (it) => it.name,
    name: (it) => it.name,
    told: (it) =>
      [counted(it.collection_count ?? 0, 'collection'), it.description].filter(Boolean).join(', '),
    fields: [name, description],
    create: { operation: 'createWorkspace', where: () => '/ws' },
    remove: {
      operation: 'deleteWorkspace',
      where: (it) => path`/ws/${it.name}`,
      impossible: (it) => {
        if (it.name === 'commons') return 'The workspace commons always exists.';
        return it.collection_count ? 'It holds collections.' : null;
      },
    },
  },
  scheduled: {
    title: 'Scheduled lambdas',
    noun: 'scheduled lambda',
    about: 'Query lambdas that the server executes by itself, at the times that cron says, in UTC.',
    list: '/lambdas/scheduled_lambdas',
    on: (it) => it.workspace,
    id: (it) => it.rrn,
    name: (it) => `${it.workspace}.${it.ql_name} at ${it.cron_string}`,
    told: (it) =>
      [
        it.tag ? `tag ${it.tag}` : `version ${it.version}`,
        it.next_execution_date ? `next at ${it.next_execution_date}` : 'no further execution',
        it.total_times_to_execute
          ? `${it.execution_count} of ${counted(it.total_times_to_execute, 'execution')}`
          : counted(it.execution_count ?? 0, 'execution'),
      ].join(', '),
    Detail: Troubles,
    fields: [
      workspace,
      { name: 'ql_name', label: 'Query lambda', isRequired: true, isFixed: true },
      {
        name: 'tag',
        label: 'Tag',
        initial: 'latest',
        isFixed: true,
        hint: 'The version that has it at the time is executed.',
      },
      { name: 'version', label: 'Version', isFixed: true, hint: 'Instead of a tag.' },
      {
        name: 'cron_string',
        label: 'Times, as cron has them',
        isRequired: true,
        isFixed: true,
        hint: 'Minute, hour, day of the month, month and day of the week, such as 0 6 * * 1 for Mondays at six, UTC. In the form of Quartz, seconds come before these.',
      },
      {
        name: 'apikey',
        label: 'API key in whose name it is executed',
        input: 'password',
        otherwise: currentKey,
        hint: 'Empty: the key of this tab.',
        hintOfChange: 'Empty: it stays as it is.',
      },
      {
        name: 'total_times_to_execute',
        label: 'Executions in all',
        input: 'number',
        isNumber: true,
        hint: 'Empty: it goes on and on.',
        hintOfChange: 'A higher number lets it go on; a number that is set stays a number.',
      },
      { name: 'webhook_url', label: 'Webhook', hint: 'Gets a POST after each execution that succeeded.' },
      {
        name: 'webhook_auth_header',
        label: 'Authorization for the webhook',
        input: 'password',
        hint: 'Is sent as the header Authorization, and never shown.',
        hintOfChange: 'Empty: it stays as it is.',
      },
      {
        name: 'webhook_payload',
        label: 'Body for the webhook, as JSON',
        type: 'area',
        hint: 'Empty: the result of the query.',
      },
      {
        name: 'resume_permanent_error',
        label: 'After an error that stopped it',
        options: ['leave it', 'try once more'],
        initial: 'leave it',
        from: () => 'leave it',
        as: (text) => text === 'try once more',
        isOnlyChanged: true,
      },
    ],
    create: {
      operation: 'createScheduledLambda',
      where: (it) => path`/ws/${it.workspace}/scheduled_lambdas`,
    },
    change: {
      operation: 'updateScheduledLambda',
      where: (it) => path`/ws/${it.workspace}/scheduled_lambdas/${it.rrn}`,
    },
    remove: {
      operation: 'deleteScheduledLambda',
      where: (it) => path`/ws/${it.workspace}/scheduled_lambdas/${it.rrn}`,
    },
  },
  aliases: {
    title: 'Aliases',
    noun: 'alias',
    about: 'Other names of collections, which can be pointed elsewhere without changing a query.',
    list: '/aliases',
    on: (it) => it.workspace,
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
    create: { operation: 'createAlias', where: (it) => path`/ws/${it.workspace}/aliases` },
    change: { operation: 'updateAlias', where: (it) => path`/ws/${it.workspace}/aliases/${it.name}` },
    remove: { operation: 'deleteAlias', where: (it) => path`/ws/${it.workspace}/aliases/${it.name}` },
  },
  views: {
    title: 'Views',
    noun: 'view',
    about: 'Queries that can be read like collections.',
    list: '/views',
    on: (it) => it.workspace,
    name: within,
    told: (it) => it.description ?? '',
    fields: [
      workspace,
      name,
      { name: 'query', label: 'Query', type: 'area', isRequired: true, from: (it) => it.query_sql },
      description,
    ],
    create: { operation: 'createView', where: (it) => path`/ws/${it.workspace}/views` },
    change: { operation: 'updateView', where: (it) => path`/ws/${it.workspace}/views/${it.name}` },
    remove: { operation: 'deleteView', where: (it) => path`/ws/${it.workspace}/views/${it.name}` },
  },
  integrations: {
    title: 'Integrations',
    noun: 'integration',
    about: 'Credentials by which sources read. They are stored with their secrets and shown without them.',
    list: '/integrations',
    name: (it) => it.name,
    told: kindOf,
    Detail: UsedBy,
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
    create: { operation: 'createIntegration', where: () => '/integrations' },
    change: {
      operation: 'updateIntegration',
      method: 'PUT',
      where: (it) => path`/integrations/${it.name}`,
    },
    remove: { operation: 'deleteIntegration', where: (it) => path`/integrations/${it.name}` },
  },
  instances: {
    title: 'Virtual instances',
    noun: 'virtual instance',
    about: 'What queries run on.',
    list: '/virtualinstances',
    on: (it) => it.id,
    name: (it) => it.name,
    told: (it) => [it.current_size, it.default_vi ? 'the default' : ''].filter(Boolean).join(', '),
    Detail: Mounts,
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
      {
        name: 'mount_type',
        label: 'What queries see of mounted collections',
        options: ['LIVE', 'STATIC'],
        initial: 'LIVE',
        hint: 'LIVE: all writes. STATIC: how they were when they were mounted or last refreshed.',
      },
      {
        name: 'mount_refresh_interval_seconds',
        label: 'Seconds after which STATIC mounts are refreshed',
        input: 'number',
        isNumber: true,
        hint: '0: never.',
      },
      {
        name: 'enable_remount_on_resume',
        label: 'Mounts after a suspension',
        options: ['are there again', 'are gone'],
        initial: 'are there again',
        from: (it) => (it.enable_remount_on_resume ? 'are there again' : 'are gone'),
        as: (text) => text === 'are there again',
      },
    ],
    create: { operation: 'createVirtualInstance', where: () => '/virtualinstances' },
    change: { operation: 'setVirtualInstance', where: (it) => path`/virtualinstances/${it.id}` },
    remove: {
      operation: 'deleteVirtualInstance',
      where: (it) => path`/virtualinstances/${it.id}`,
      impossible: (it) => (it.default_vi ? MAIN : null),
    },
    actions: [
      {
        title: 'Suspend',
        operation: 'suspendVirtualInstance',
        impossible: (it) => (it.default_vi ? MAIN : null),
        fits: (it) => it.state === 'ACTIVE',
        where: (it) => path`/virtualinstances/${it.id}/suspend`,
      },
      {
        title: 'Resume',
        operation: 'resumeVirtualInstance',
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
    create: { operation: 'createUser', where: () => '/users' },
    change: { operation: 'updateUser', where: (it) => path`/users/${it.email}` },
    remove: { operation: 'deleteUser', where: (it) => path`/users/${it.email}` },
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
    create: { operation: 'createRole', where: () => '/roles' },
    change: { operation: 'updateRole', where: (it) => path`/roles/${it.role_name}` },
    remove: { operation: 'deleteRole', where: (it) => path`/roles/${it.role_name}` },
  },
  keys: {
    title: 'API keys',
    noun: 'API key',
    about: 'Keys of the user in whose name this page acts.',
    load: ofMyself,
    name: (it) => it.name,
    told: (it) =>
      [it.role, it.created_at, it.expiry_time && `until ${it.expiry_time}`].filter(Boolean).join(', '),
    fields: [
      name,
      { name: 'role', label: 'Role', isFixed: true, hint: 'Empty: all that you may do.' },
      {
        name: 'expiry_time',
        label: 'End',
        hint: 'The time from which it is refused, such as 2030-01-31T12:00:00Z. Empty: it has none.',
      },
      {
        name: 'state',
        label: 'State',
        options: ['ACTIVE', 'SUSPENDED'],
        initial: 'ACTIVE',
        isOnlyChanged: true,
      },
    ],
    create: { operation: 'createApiKey', where: () => '/users/self/apikeys' },
    change: { operation: 'updateApiKey', where: (it) => path`/users/${it.user}/apikeys/${it.name}` },
    remove: { operation: 'deleteApiKey', where: (it) => path`/users/${it.user}/apikeys/${it.name}` },
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

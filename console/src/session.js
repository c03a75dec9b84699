// What is known of the server and the key, for every part of the page.

import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { get } from './api.js';

/**
 * `permissions`: what the key may do, by operation of the API. `functions`: those of SQL, or null if the
 * server has no engine, and then `engine` says what is missing. `leave`: forgets the key.
 */
export const Session = createContext(null);
export const useSession = () => useContext(Session);

const EVERY = '*ALL*';

/** Operations that a server without an engine refuses to everybody. */
const OF_ENGINE = ['query', 'createQueryLambda', 'createScheduledLambda', 'createView'];

/** What the key may do; fails with a wrong key. */
export async function permissions() {
  const { data } = await get('/local/permissions');
  return new Map(data.map((it) => [it.operation, it]));
}

/**
 * Why the key may not do an operation on a resource (on any, if none is named), or null if it may.
 * `permits(operation, resource)` is this as a yes or no.
 */
export function usePermissions() {
  const { permissions, engine } = useSession();
  const refusal = (operation, resource) => {
    if (engine && OF_ENGINE.includes(operation)) return engine;
    const known = permissions.get(operation);
    if (!known || known.permitted_on.includes(EVERY)) return null;
    const isElsewhere = known.permitted_on.length > 0;
    if (isElsewhere && (resource === undefined || known.permitted_on.includes(resource))) return null;
    return isElsewhere ? `${known.refusal} on ${resource}.` : `${known.refusal}.`;
  };
  return { refusal, permits: (operation, resource) => refusal(operation, resource) === null };
}

/** In one sentence, that some things can't be changed; null if the key may do everything. */
export function limits(permissions) {
  const all = [...permissions.values()];
  const writes = all.filter((it) => it.kind === 'write');
  if (all.every((it) => it.permitted_on.includes(EVERY))) return null;
  if (writes.some((it) => it.permitted_on.length > 0))
    return 'This key may not do everything. A button that is switched off says what the key lacks.';
  const reasons = new Set(writes.map((it) => it.refusal));
  return reasons.size === 1 ? `${[...reasons][0]}.` : 'This key may read and query, and not change anything.';
}

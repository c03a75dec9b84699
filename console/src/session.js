// What is known of the server and the key, for every part of the page.

import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

/**
 * `mayWrite`: whether the key may change anything. `functions`: those of SQL, or null if the server
 * has no engine, and then `engine` says what is missing. `leave`: forgets the key.
 */
export const Session = createContext(null);
export const useSession = () => useContext(Session);

export const READ_ONLY = 'This key may read and query, and not change anything.';

// The console of a local Rockset: signing in, and one page for each address.

import 'uplot/dist/uPlot.min.css';
import './console.css';
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { currentKey, get, setKey } from './api.js';
import { usePolled, watch } from './catalog.js';
import { applyTheme, toggleTheme } from './theme.js';
import { useRoute } from './route.js';
import { Session, limits, permissions, useSession } from './session.js';
import { Ask } from './pages/ask.jsx';
import { Collection } from './pages/collection.jsx';
import { Home } from './pages/home.jsx';
import { Lambda, Lambdas } from './pages/lambdas.jsx';
import { Queries } from './pages/queries.jsx';
import { Resource } from './pages/resource.jsx';
import { RESOURCES } from './pages/resources.js';
import { SignIn } from './pages/sign_in.jsx';

const PAGES = [
  ['', 'Home'],
  ['ask', 'Ask'],
  ['lambdas', 'Query lambdas'],
  ['scheduled', RESOURCES.scheduled.title],
  ['queries', 'Queries'],
  ...Object.entries(RESOURCES)
    .filter(([id]) => id !== 'scheduled')
    .map(([id, { title }]) => [id, title]),
];

function Console() {
  const [session, setSession] = useState(null);
  const [refused, setRefused] = useState(null);
  const [isEntering, setEntering] = useState(currentKey() !== null);
  const leave = () => {
    setKey(null);
    setSession(null);
  };
  const enter = async (key) => {
    setKey(key);
    setEntering(true);
    try {
      setSession({ ...(await opened()), leave });
      setRefused(null);
    } catch (error) {
      // A server that is away for a moment is no reason to forget the key.
      if (error.status === 401) setKey(null);
      setRefused(error);
    }
    setEntering(false);
  };
  useEffect(() => {
    if (currentKey() !== null) enter(currentKey());
  }, []);
  useEffect(() => (session ? watch() : undefined), [session]);
  if (session) return <Entered session={session} />;
  return isEntering ? null : <SignIn error={refused} onEnter={enter} />;
}

/** The pages, for a key whose role may change meanwhile. */
function Entered({ session }) {
  const { data } = usePolled(permissions, 10_000, []);
  return (
    <Session.Provider value={{ ...session, permissions: data ?? session.permissions }}>
      <Frame />
    </Session.Provider>
  );
}

/** What the key may do, and what the server can; fails with a wrong key. */
async function opened() {
  const [known, { functions, engine }] = await Promise.all([permissions(), spoken()]);
  return { permissions: known, functions, engine };
}

/** The functions of the server's SQL; a server without an engine says what is missing. */
async function spoken() {
  return get('/local/functions').then(
    ({ data }) => ({ functions: data, engine: null }),
    (error) =>
      error.status === 501 ? { functions: null, engine: error.message } : { functions: [], engine: null },
  );
}

function Frame() {
  const { parts, query } = useRoute();
  const main = useRef(null);
  const [page] = parts;
  const session = useSession();
  const limited = limits(session.permissions);
  const title = PAGES.find(([id]) => id === page)?.[1] ?? parts[2] ?? 'Home';
  useEffect(() => {
    document.title = `${title} · Local Rockset`;
  }, [title]);
  return (
    <div class="frame">
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current.focus();
        }}
      >
        Skip to the content
      </a>
      <header>
        <a class="brand" href="#/">
          <img src="/console/icon.svg" alt="" width="24" height="24" /> Local Rockset
        </a>
        <nav aria-label="Pages">
          {PAGES.map(([id, title]) => (
            <a key={id} href={`#/${id}`} aria-current={isIn(page, id) ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <div class="header-end">
          <button type="button" class="small" onClick={toggleTheme}>
            Light or dark
          </button>
          <button type="button" class="small" onClick={session.leave}>
            Forget the key
          </button>
          <a class="licenses" href="/console/licenses.txt" target="_blank" rel="noreferrer">
            Licences
          </a>
        </div>
      </header>
      <main ref={main} tabIndex={-1} id="main">
        {limited && (
          <p class="note" role="note">
            {limited}
          </p>
        )}
        <Page parts={parts} query={query} />
      </main>
    </div>
  );
}

const isIn = (page, id) => page === id || (page === 'c' && id === '');

function Page({ parts, query }) {
  const [page, first, second, third] = parts;
  if (page === 'c' && second)
    return <Collection key={`${first}/${second}`} workspace={first} name={second} tab={third} />;
  if (page === 'ask') return <Ask key={query.get('sql')} query={query} />;
  if (page === 'lambdas' && second)
    return <Lambda key={`${first}/${second}`} workspace={first} name={second} />;
  if (page === 'lambdas') return <Lambdas />;
  if (page === 'queries') return <Queries />;
  if (RESOURCES[page]) return <Resource key={page} of={RESOURCES[page]} />;
  return <Home />;
}

applyTheme();
render(<Console />, document.getElementById('console'));

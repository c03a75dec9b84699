// The editor of SQL. It lives in a shadow root, where it styles itself by sheets that the page's
// policy lets a script make.

import { useEffect, useRef } from 'preact/hooks';
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { keywordCompletionSource, sql } from '@codemirror/lang-sql';
import { HighlightStyle, bracketMatching, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState, Prec } from '@codemirror/state';
import { EditorView, highlightActiveLine, keymap, lineNumbers, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { completion } from './completion.js';
import { dialect } from './dialect.js';

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--keyword)', fontWeight: '600' },
  { tag: tags.string, color: 'var(--string)' },
  { tag: tags.special(tags.string), color: 'var(--text)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--number)' },
  { tag: tags.comment, color: 'var(--quiet)', fontStyle: 'italic' },
  { tag: tags.standard(tags.name), color: 'var(--function)' },
  { tag: tags.special(tags.name), color: 'var(--parameter)' },
  { tag: tags.typeName, color: 'var(--keyword)' },
]);

const theme = EditorView.theme({
  '&': {
    color: 'var(--text)',
    backgroundColor: 'var(--panel)',
    fontSize: '14px',
    minHeight: '140px',
    maxHeight: '50vh',
    resize: 'vertical',
  },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.5' },
  '.cm-content': { caretColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--panel)', color: 'var(--quiet)', border: 'none' },
  '.cm-activeLine': { backgroundColor: 'transparent' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-1px' },
  '&.cm-focused .cm-activeLine': { backgroundColor: 'var(--faint)' },
  '.cm-tooltip': { backgroundColor: 'var(--panel)', color: 'var(--text)', border: '1px solid var(--line)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--accent)',
    color: 'var(--on-accent)',
  },
  '.cm-completionDetail': { opacity: '1' },
  '.cm-completionInfo': { maxWidth: '360px', padding: '6px 10px' },
  '.cm-completionInfo p': { margin: '4px 0 0' },
  '.cm-placeholder': { color: 'var(--quiet)' },
  // The editor's own marks are pictures in its style sheet, which the page's policy refuses.
  '.cm-lint-marker-error': {
    content: 'none',
    width: '8px',
    height: '8px',
    borderRadius: '50%',
    backgroundColor: 'var(--bad)',
    margin: '7px 2px',
  },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--bad)',
    backgroundColor: 'var(--bad-back)',
  },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
});

/**
 * Writes over a selection without the browser's own editing, which would give the new text the colours
 * of the old one by a style attribute, and the page's policy refuses those.
 */
const overwriting = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const isTyped =
      event.inputType === 'insertText' && event.data && !event.isComposing && !/^["'`([{]$/.test(event.data);
    if (!isTyped || view.state.selection.main.empty) return false;
    view.dispatch(view.state.replaceSelection(event.data), { userEvent: 'input.type', scrollIntoView: true });
    event.preventDefault();
    return true;
  },
});

/** `view` is a ref that gets `{ text(), setText(sql), showError(error), focus() }`. */
export function Editor({ initial, functions, onChange, onRun, view }) {
  const box = useRef(null);
  const run = useRef(onRun);
  run.current = onRun;
  useEffect(() => {
    const root = box.current.shadowRoot ?? box.current.attachShadow({ mode: 'open' });
    const language = new Compartment();
    const editor = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: initial,
        extensions: [
          lineNumbers(),
          history(),
          bracketMatching(),
          closeBrackets(),
          highlightActiveLine(),
          lintGutter(),
          language.of(spoken(functions)),
          syntaxHighlighting(colours),
          theme,
          overwriting,
          EditorView.lineWrapping,
          placeholder('SELECT …'),
          EditorView.contentAttributes.of({ 'aria-label': 'SQL', 'aria-multiline': 'true' }),
          EditorView.updateListener.of(
            (update) => update.docChanged && onChange(update.state.doc.toString()),
          ),
          Prec.highest(
            keymap.of([
              {
                key: 'Mod-Enter',
                run: () => {
                  closeCompletion(editor);
                  run.current();
                  return true;
                },
              },
            ]),
          ),
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        ],
      }),
    });
    view.current = {
      text: () => editor.state.doc.toString(),
      setText: (text) => editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } }),
      showError: (error) => showError(editor, error),
      focus: () => editor.focus(),
      speak: (functions) => editor.dispatch({ effects: language.reconfigure(spoken(functions)) }),
    };
    return () => editor.destroy();
  }, []);
  useEffect(() => view.current.speak(functions), [functions]);
  return <div class="editor" ref={box} />;
}

function spoken(functions) {
  const words = dialect(functions);
  return [
    sql({ dialect: words }),
    autocompletion({ override: [completion(functions), keywordCompletionSource(words, true)] }),
  ];
}

/** Marks the word at the place of an error and puts the cursor there; null takes marks away. */
function showError(editor, error) {
  const { doc } = editor.state;
  const isPlaced = error?.line && error.line <= doc.lines;
  if (!isPlaced) {
    editor.dispatch(setDiagnostics(editor.state, []));
    return;
  }
  const line = doc.line(error.line);
  const from = Math.min(line.to, line.from + Math.max(0, (error.column ?? 1) - 1));
  const word = /^\w+|^[^\w\s]+/.exec(doc.sliceString(from, line.to))?.[0] ?? '';
  const to = Math.min(doc.length, from + Math.max(1, word.length));
  editor.dispatch(setDiagnostics(editor.state, [{ from, to, severity: 'error', message: error.message }]));
  editor.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from) });
}

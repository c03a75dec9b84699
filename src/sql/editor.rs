//! The line editor: queries over several lines, their history, and what Tab completes.

use super::error::Error;
use super::history;
use super::names::Names;
use super::statement::is_complete;
use super::words::{FUNCTIONS, KEYWORDS};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Behavior, CompletionType, Config, Context, Helper};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

const PROMPT: &str = "rockset> ";

/// What came of asking.
#[derive(Debug)]
pub enum Typed {
    /// Queries or a command.
    Text(String),
    /// Ctrl-C, which drops what was typed.
    Interrupt,
    /// Ctrl-D.
    End,
}

/// A prompt with a history.
pub struct Editor {
    editor: rustyline::Editor<Help, FileHistory>,
    history: Option<PathBuf>,
}

impl Editor {
    /// An editor that completes these names.
    pub fn new(names: Arc<Names>) -> Result<Self, Error> {
        let behavior = match std::io::stdout().is_terminal() {
            true => Behavior::Stdio,
            false => Behavior::PreferTerm,
        };
        let config = Config::builder()
            .behavior(behavior)
            .completion_type(CompletionType::List)
            .history_ignore_space(true)
            .build();
        let mut editor = rustyline::Editor::with_config(config)?;
        editor.set_helper(Some(Help { names }));
        let history = history::file();
        if let Some(file) = &history {
            // There is none the first time.
            let _ = editor.load_history(file);
        }
        Ok(Self { editor, history })
    }

    /// Waits for something to be typed.
    pub fn read(&mut self) -> Result<Typed, Error> {
        match self.editor.readline(PROMPT) {
            Ok(text) => {
                self.remember(&text);
                Ok(Typed::Text(text))
            }
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(ReadlineError::Interrupted) => Ok(Typed::Interrupt),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes it to the history at once, so that no end of the process loses it.
    fn remember(&mut self, text: &str) {
        let is_new = self.editor.add_history_entry(text.trim()).unwrap_or_default();
        if let (true, Some(file)) = (is_new, &self.history) {
            // A history that can't be kept is no reason to answer no queries.
            let _ = self.editor.append_history(file);
        }
    }
}

/// Helps to type.
struct Help {
    names: Arc<Names>,
}

impl Help {
    /// What a word may become, each name and word that begins so; and where in the word it
    /// begins.
    fn candidates(&self, word: &str, is_name: bool) -> (usize, Vec<String>) {
        let collections = beginning(self.names.collections(), word);
        if is_name {
            return (0, collections);
        }
        let mut found = collections;
        found.extend(beginning(self.names.fields(), word));
        found.extend(words(word));
        // A field may stand behind the alias of its collection.
        match word.find('.') {
            Some(at) if found.is_empty() => {
                (at + 1, beginning(self.names.fields(), &word[at + 1..]))
            }
            _ => (0, found),
        }
    }
}

fn beginning(names: impl IntoIterator<Item = String>, word: &str) -> Vec<String> {
    let begins =
        |name: &String| name.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word));
    names.into_iter().filter(begins).collect()
}

/// Keywords and functions, in the letter case in which they were begun.
fn words(word: &str) -> Vec<String> {
    let is_upper = word.contains(|c: char| c.is_ascii_uppercase());
    let known = KEYWORDS.iter().chain(FUNCTIONS).map(|known| match is_upper {
        true => known.to_string(),
        false => known.to_ascii_lowercase(),
    });
    if word.is_empty() { Vec::new() } else { beginning(known, word) }
}

impl Completer for Help {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = &line[..position];
        let is_of_word = |c: char| c.is_alphanumeric() || "_.-$".contains(c);
        let word = before.rsplit(|c: char| !is_of_word(c)).next().unwrap_or_default();
        let start = position - word.len();
        let is_name = before.trim_start().starts_with("\\d");
        let (within, candidates) = self.candidates(word, is_name);
        Ok((start + within, candidates))
    }
}

impl Validator for Help {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match is_complete(context.input()) {
            true => ValidationResult::Valid(None),
            false => ValidationResult::Incomplete,
        })
    }
}

impl Hinter for Help {
    type Hint = String;
}

impl Highlighter for Help {}

impl Helper for Help {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rockset::client::queries::Row;

    #[test]
    fn names_and_words_are_completed() {
        let names = Names::default();
        let described =
            r#"[{"field":["mag"]},{"field":["geometry","type"]},{"field":["tags","*"]}]"#;
        let rows: Vec<Row> = serde_json::from_str(described).unwrap_or_default();
        names.learn_fields(&rows);
        let help = Help { names: Arc::new(names) };
        let completed = |word| help.candidates(word, false);
        let texts = |words: &[&str]| words.iter().map(|word| word.to_string()).collect::<Vec<_>>();
        assert_eq!(completed("sele"), (0, texts(&["select"])));
        assert_eq!(completed("SELE"), (0, texts(&["SELECT"])));
        assert_eq!(completed("st_asg"), (0, texts(&["st_asgeojson"])));
        assert_eq!(completed("mag"), (0, texts(&["mag"])));
        assert_eq!(completed("geom"), (0, texts(&["geometry.type", "geometric_mean"])));
        assert_eq!(completed("q.ma"), (2, texts(&["mag"])));
        assert_eq!(completed("tags"), (0, texts(&[])));
        assert_eq!(help.candidates("sele", true), (0, texts(&[])));
    }
}

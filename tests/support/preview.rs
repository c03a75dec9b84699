//! A preview: a catalog and a fixture in a directory of their own, and what the
//! scripted connector got to see.

use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A preview to run.
pub struct Preview {
    directory: TempDir,
    scenario: Value,
    fixture: Option<String>,
    arguments: Vec<String>,
}

/// A preview that has ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// What the scripted connector was told, in order.
    pub requests: Vec<Value>,
}

impl Preview {
    /// A preview of this catalog, with an empty fixture.
    pub fn new(catalog: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let preview = Self { directory, scenario: json!({}), fixture: None, arguments: Vec::new() };
        preview.file("flow.yaml", catalog).file("fixture.jsonl", "")
    }

    /// A preview of one collection `c`, keyed by `/id`, with all its fields selected.
    pub fn of_schema(schema: &str) -> Self {
        Self::of_collection("[/id]", schema, "{ recommended: true }")
    }

    /// A preview of one collection `c`. The arguments are YAML on one line.
    pub fn of_collection(key: &str, schema: &str, fields: &str) -> Self {
        Self::new(&format!(
            "collections:\n  c: {{ key: {key}, schema: {schema} }}\n\
             materializations:\n  m:\n    \
             endpoint: {{ connector: {{ image: any, config: {{}} }} }}\n    \
             bindings: [{{ source: c, resource: {{ table: t }}, fields: {fields} }}]\n"
        ))
    }

    /// Writes a file beside the catalog.
    pub fn file(self, name: &str, content: &str) -> Self {
        std::fs::write(self.path(name), content).unwrap();
        self
    }

    /// The path of a file beside the catalog.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes the fixture.
    pub fn fixture(self, lines: &str) -> Self {
        self.file("fixture.jsonl", lines)
    }

    /// Writes documents of the collection `c` as the fixture, as one transaction.
    pub fn documents(self, documents: &[Value]) -> Self {
        let lines: Vec<String> =
            documents.iter().map(|document| json!(["c", document]).to_string()).collect();
        self.fixture(&lines.join("\n"))
    }

    /// Reads the fixture from elsewhere.
    pub fn fixture_path(mut self, path: impl Into<String>) -> Self {
        self.fixture = Some(path.into());
        self
    }

    /// Changes how the scripted connector answers; see `connector.py`.
    pub fn scenario(mut self, scenario: Value) -> Self {
        self.scenario = scenario;
        self
    }

    /// Adds arguments.
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|argument| argument.to_string()));
        self
    }

    /// Runs it with the scripted connector, in the JSON codec.
    pub fn run(&self) -> Ended {
        self.end(self.start_scripted())
    }

    /// Starts it with the scripted connector.
    pub fn start_scripted(&self) -> Child {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/connector.py");
        let record = self.path("record.jsonl");
        let command = format!("python3 {script:?} {record:?} {:?}", self.scenario.to_string());
        self.command().args(["--codec", "json", "--command", &command]).spawn().unwrap()
    }

    /// Runs it with this program's own connector.
    pub fn run_own(&self) -> Ended {
        self.end(self.start_own())
    }

    /// Starts it with this program's own connector, which waits a hundredth of its time.
    pub fn start_own(&self) -> Child {
        self.command().env("ROCKSET_WAIT_SCALE", "0.01").spawn().unwrap()
    }

    fn command(&self) -> Command {
        let fixture = self.path("fixture.jsonl").display().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_materialize-rockset"));
        command
            .arg("preview")
            .arg("--source")
            .arg(self.path("flow.yaml"))
            .args(["--fixture", self.fixture.as_deref().unwrap_or(&fixture)])
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Waits for its end.
    pub fn end(&self, child: Child) -> Ended {
        let output = child.wait_with_output().unwrap();
        let record = std::fs::read_to_string(self.path("record.jsonl")).unwrap_or_default();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            requests: record.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        }
    }
}

impl Ended {
    /// Expects success.
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    /// Expects failure, with all of these in what is told.
    pub fn fails(&self, words: &[&str]) {
        assert_eq!(self.code, Some(1), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in: {}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }

    /// The contents of all requests of a kind.
    pub fn all(&self, kind: &str) -> Vec<&Value> {
        self.requests.iter().filter_map(|request| request.get(kind)).collect()
    }

    /// The kinds of all requests.
    pub fn kinds(&self) -> Vec<&str> {
        let keys = |request| Value::as_object(request).unwrap().keys();
        self.requests.iter().flat_map(keys).map(String::as_str).collect()
    }

    /// What lines `["name",value]` of stdout say.
    pub fn lines(&self, name: &str) -> Vec<Value> {
        let lines = self.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
        let values = lines.filter_map(|(of, value): (String, Value)| (of == name).then_some(value));
        values.collect()
    }

    /// The selection of the only binding.
    pub fn selection(&self) -> &Value {
        &self.all("open")[0]["materialization"]["bindings"][0]["fieldSelection"]
    }

    /// What was stored, as objects by field.
    pub fn stores(&self) -> Vec<Value> {
        let selection = self.selection();
        let fields = |name: &str| selection[name].as_array().cloned().unwrap_or_default();
        let (keys, values) = (fields("keys"), fields("values"));
        let store = |store: &&Value| {
            let packed = keys.iter().zip(store["key"].as_array().unwrap());
            let packed = packed.chain(values.iter().zip(store["values"].as_array().unwrap()));
            let named =
                packed.map(|(field, value)| (field.as_str().unwrap().into(), value.clone()));
            named.collect::<serde_json::Map<_, _>>().into()
        };
        self.all("store").iter().map(store).collect()
    }
}

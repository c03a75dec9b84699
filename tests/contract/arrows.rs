//! The arrows between modules, read off the code.
//!
//! A file is a module. An arrow leads from a file to each other file that one of its paths
//! names. A re-export is no arrow of its own: who uses it uses what it re-exports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};

/// `driver`, `write`, `batch`, for example.
pub type Module = Vec<String>;

/// All files of `src/`, with what each of them names.
#[derive(Debug)]
pub struct Code {
    files: BTreeMap<Module, File>,
}

#[derive(Debug, Default)]
struct File {
    /// Paths from the root of the crate.
    named: BTreeSet<Vec<String>>,
    /// What a name is re-exported from.
    exported: BTreeMap<String, Vec<String>>,
    /// Everything that these modules have is re-exported.
    globs: Vec<Vec<String>>,
}

impl Code {
    /// Reads all files under a directory.
    pub fn read(root: &Path) -> Self {
        let mut files = BTreeMap::new();
        for path in rust_files(root) {
            let module = module_of(path.strip_prefix(root).unwrap());
            let syntax = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
            let mut reader = Reader { at: module.clone(), file: File::default() };
            reader.visit_file(&syntax);
            files.insert(module, reader.file);
        }
        Self { files }
    }

    /// The files that each file leads to.
    pub fn arrows(&self) -> BTreeMap<&Module, BTreeSet<&Module>> {
        self.files
            .iter()
            .map(|(from, file)| {
                let to = file.named.iter().filter_map(|path| self.target(path.clone()));
                (from, to.filter(|to| *to != from).collect())
            })
            .collect()
    }

    /// The file that a path leads into.
    fn target(&self, mut path: Vec<String>) -> Option<&Module> {
        for _ in 0..8 {
            let length = (0..=path.len()).rev().find(|it| self.files.contains_key(&path[..*it]))?;
            let (module, file) = self.files.get_key_value(&path[..length])?;
            let Some(name) = path.get(length) else { return Some(module) };
            let within = |glob: &&Vec<String>| self.defines(glob, name);
            path = match (file.exported.get(name), file.globs.iter().find(within)) {
                (Some(from), _) => [from.as_slice(), &path[length + 1..]].concat(),
                (None, Some(glob)) => [glob.as_slice(), &path[length..]].concat(),
                (None, None) => return Some(module),
            };
        }
        None
    }

    fn defines(&self, module: &[String], name: &str) -> bool {
        self.files.get(module).is_some_and(|file| file.exported.contains_key(name))
    }

    /// A circle of arrows, if there is one.
    pub fn circle(&self) -> Option<Vec<String>> {
        let arrows = self.arrows();
        let mut left: BTreeSet<&Module> = arrows.keys().copied().collect();
        while let Some(leaf) =
            left.iter().find(|from| arrows[**from].iter().all(|to| !left.contains(to))).copied()
        {
            left.remove(leaf);
        }
        let mut at = *left.first()?;
        let mut way = vec![at];
        loop {
            at = arrows[at].iter().find(|to| left.contains(**to))?;
            if let Some(start) = way.iter().position(|before| *before == at) {
                way.push(at);
                return Some(way[start..].iter().map(|module| module.join("::")).collect());
            }
            way.push(at);
        }
    }

    /// The rooms that each room leads to: the modules right under the root.
    pub fn rooms(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in self.arrows() {
            let from = room(from);
            let to = to.into_iter().map(room).filter(|to| *to != from);
            rooms.entry(from.clone()).or_default().extend(to);
        }
        rooms
    }
}

fn room(module: &Module) -> String {
    module.first().map_or("lib", String::as_str).to_string()
}

fn rust_files(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => rust_files(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|it| it == "rs"))
        .collect()
}

fn module_of(path: &Path) -> Module {
    let path = path.with_extension("");
    let mut module: Module = path.iter().map(|part| part.to_str().unwrap().to_string()).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

/// Collects what a file names. Modules within it count as a part of it.
struct Reader {
    at: Module,
    file: File,
}

impl Reader {
    /// A path from the root of the crate, if it leads anywhere in it.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let supers = path.iter().take_while(|part| *part == "super").count();
        match path.first().map(String::as_str)? {
            "crate" => Some(path[1..].to_vec()),
            "materialize_rockset" => Some(path[1..].to_vec()),
            "self" => Some([&self.at, &path[1..]].concat()),
            "super" if supers <= self.at.len() => {
                Some([&self.at[..self.at.len() - supers], &path[supers..]].concat())
            }
            _ => None,
        }
    }

    fn read_use(&mut self, is_exported: bool, mut path: Vec<String>, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(inner) => {
                path.push(inner.ident.to_string());
                self.read_use(is_exported, path, &inner.tree);
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.read_use(is_exported, path.clone(), tree);
                }
            }
            syn::UseTree::Name(name) => {
                let name = name.ident.to_string();
                if name != "self" {
                    path.push(name.clone());
                }
                self.used(is_exported, path, Some(name));
            }
            syn::UseTree::Rename(rename) => {
                path.push(rename.ident.to_string());
                self.used(is_exported, path, Some(rename.rename.to_string()));
            }
            syn::UseTree::Glob(_) => self.used(is_exported, path, None),
        }
    }

    fn used(&mut self, is_exported: bool, path: Vec<String>, name: Option<String>) {
        let is_child = is_exported && self.absolute(&path).is_none();
        let path = match is_child {
            true => Some([self.at.as_slice(), &path].concat()),
            false => self.absolute(&path),
        };
        let Some(path) = path else { return };
        match (is_exported, name) {
            (true, Some(name)) => drop(self.file.exported.insert(name, path)),
            (true, None) => self.file.globs.push(path),
            (false, _) => drop(self.file.named.insert(path)),
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_exported = !matches!(item.vis, syn::Visibility::Inherited);
        self.read_use(is_exported, Vec::new(), &item.tree);
    }

    /// `pub(in crate::driver)` names who may use something, and nothing that is used.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    /// What tests of a file use is no matter of its room.
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.ident != "tests" {
            self.at.push(item.ident.to_string());
            visit::visit_item_mod(self, item);
            self.at.pop();
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(path) = self.absolute(&parts) {
            self.file.named.insert(path);
        }
        visit::visit_path(self, path);
    }
}

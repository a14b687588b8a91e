//! The table of layers, as `src/lib.rs` shows it.

use std::collections::{BTreeMap, BTreeSet};

/// Who may use whom.
pub(crate) struct Table(BTreeMap<String, BTreeSet<String>>);

impl Table {
    /// Reads the rows `//! | [`name`] | what | uses |`. The last cell is `nothing`, a list, or `all but` a list.
    ///
    /// # Panics
    ///
    /// Panics if there is no such table, or a row has another form.
    pub(crate) fn parse(text: &str) -> Self {
        let rows: Vec<(String, &str)> = text
            .lines()
            .skip_while(|line| !line.starts_with("//! | module |"))
            .skip(2)
            .map_while(|line| line.strip_prefix("//! |"))
            .map(|row| {
                let cells: Vec<&str> = row.split('|').map(str::trim).collect();
                let [name, _, uses, ""] = cells[..] else {
                    panic!("a row of layers must have three cells: {row}");
                };
                let names = names(name);
                assert_eq!(names.len(), 1, "a row must be about one layer: {row}");
                (names[0].clone(), uses)
            })
            .collect();
        assert!(!rows.is_empty(), "the table of layers must be there");

        // A binary is no module, so nobody uses it.
        let modules: BTreeSet<String> = rows
            .iter()
            .map(|(name, _)| name.clone())
            .filter(|name| !is_binary(name))
            .collect();
        let allowed = |uses: &str| -> BTreeSet<String> {
            let named: BTreeSet<String> = names(uses).into_iter().collect();
            assert!(named.is_subset(&modules), "a layer must have a row: {uses}");
            if uses == "nothing" {
                BTreeSet::new()
            } else if uses.starts_with("all but") {
                modules.difference(&named).cloned().collect()
            } else {
                assert!(!named.is_empty(), "a cell must name layers: {uses}");
                named
            }
        };
        Self(
            rows.iter()
                .map(|(name, uses)| (name.clone(), allowed(uses)))
                .collect(),
        )
    }

    pub(crate) fn allows(&self, layer: &str, used: &str) -> bool {
        self.0.get(layer).is_some_and(|uses| uses.contains(used))
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// The layers that use one another in a circle, if any.
    pub(crate) fn cycle(&self) -> Option<Vec<String>> {
        let mut left = self.0.clone();
        while let Some(name) = left
            .iter()
            .find(|(_, uses)| uses.iter().all(|used| !left.contains_key(used)))
            .map(|(name, _)| name.clone())
        {
            left.remove(&name);
        }
        (!left.is_empty()).then(|| left.into_keys().collect())
    }
}

/// The layer of a file: the folder under `src/`, or the file itself for a binary.
pub(crate) fn layer(file: &str) -> &str {
    let path = file.strip_prefix("src/").unwrap_or(file);
    if is_binary(file) {
        return path;
    }
    let first = path.split('/').next().unwrap_or(path);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// Whether a file, or the row of one, is a program's and not a module of the library.
pub(crate) fn is_binary(file: &str) -> bool {
    let name = file.strip_prefix("src/").unwrap_or(file);
    name == "main.rs" || name.starts_with("bin/")
}

/// The names in backquotes.
fn names(cell: &str) -> Vec<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

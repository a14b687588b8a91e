//! The figures as a table and as JSON, beside those of the official provider.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is what a benchmark is for"
)]

use std::time::Duration;

use serde_json::{Value, json};

/// The figures.
pub(crate) struct Report {
    machine: Value,
    figures: Vec<Figure>,
}

/// One figure.
struct Figure {
    name: String,
    unit: Unit,
    value: f64,
    /// Of the official Go provider, in the same unit, measured on a machine of the same class.
    official: Option<f64>,
}

/// What a figure counts.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Milliseconds,
    Seconds,
    Mebibytes,
}

impl Unit {
    fn symbol(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Mebibytes => "MiB",
        }
    }
}

impl Report {
    /// A report without figures.
    pub(crate) fn new(machine: Value) -> Self {
        Self {
            machine,
            figures: Vec::new(),
        }
    }

    /// Adds the median of times. The official figure is in milliseconds.
    pub(crate) fn times(&mut self, name: &str, times: &[Duration], official: Option<f64>) {
        let times = times
            .iter()
            .map(|time| time.as_secs_f64() * 1_000.0)
            .collect();
        self.figure(name, Unit::Milliseconds, median(times), official);
    }

    /// Adds the median of sizes in bytes. The official figure is in mebibytes.
    pub(crate) fn sizes(&mut self, name: &str, sizes: &[u64], official: Option<f64>) {
        #[allow(
            clippy::cast_precision_loss,
            reason = "processes have less than 2^53 bytes"
        )]
        let sizes = sizes
            .iter()
            .map(|size| *size as f64 / f64::from(1 << 20))
            .collect();
        self.figure(name, Unit::Mebibytes, median(sizes), official);
    }

    /// Adds a figure.
    pub(crate) fn figure(&mut self, name: &str, unit: Unit, value: f64, official: Option<f64>) {
        eprintln!("{name}: {value:.2} {}", unit.symbol());
        self.figures.push(Figure {
            name: name.to_owned(),
            unit,
            value,
            official,
        });
    }

    /// Prints the table to standard error and the JSON to standard output.
    pub(crate) fn print(&self) {
        eprint!("\n{}", self.table());
        println!("{:#}", self.json());
    }

    fn table(&self) -> String {
        let mut table = String::from(
            "| | here | official provider | here / official |\n| --- | ---: | ---: | ---: |\n",
        );
        for Figure {
            name,
            unit,
            value,
            official,
        } in &self.figures
        {
            let symbol = unit.symbol();
            let (reference, ratio) = match official {
                Some(official) => (
                    format!("{official} {symbol}"),
                    format!("{:.3}", value / official),
                ),
                None => Default::default(),
            };
            table.push_str(&format!(
                "| {name} | {value:.2} {symbol} | {reference} | {ratio} |\n"
            ));
        }
        table
    }

    fn json(&self) -> Value {
        let figures = self.figures.iter().map(|figure| {
            json!({
                "name": figure.name,
                "unit": figure.unit.symbol(),
                "value": figure.value,
                "official": figure.official,
            })
        });
        json!({ "machine": self.machine, "figures": figures.collect::<Vec<_>>() })
    }
}

/// The middle one, or the mean of the two middle ones.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    }
}

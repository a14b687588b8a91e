//! Runs a fuzz target without a fuzzer: on its corpus, and on a bounded number of mutations of it. The tests of each crate
//! include this file. The mutations are the same in every run.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
};

/// Runs the target on every seed, then on `mutations` inputs that were made from them. `generated` are seeds that are not
/// committed, such as those with a private key. With `FUZZ_GENERATED=1` they are written to `fuzz/generated/NAME`.
///
/// # Panics
///
/// When the target does. The input is kept as `fuzz/artifacts/NAME/bounded`.
pub(crate) fn run(name: &str, target: fn(&[u8]), mutations: usize, generated: &[Vec<u8>]) {
    let mut seeds = corpus(name);
    assert!(!seeds.is_empty(), "there is no corpus of {name}");
    if std::env::var("FUZZ_GENERATED").is_ok_and(|set| set == "1") {
        for (number, seed) in generated.iter().enumerate() {
            write(&folder("generated", name), &number.to_string(), seed);
        }
    }
    seeds.extend_from_slice(generated);
    for seed in &seeds {
        check(name, target, seed);
    }
    let mut random = fastrand::Rng::with_seed(SEED);
    for _ in 0..mutations {
        check(name, target, &mutated(&seeds, &mut random));
    }
}

/// The committed seeds, in the order of their names.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder("corpus", name)).expect("the corpus must be readable");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the corpus must be readable").path())
        .collect();
    files.sort();
    let read = |file: PathBuf| fs::read(file).expect("a seed must be readable");
    files.into_iter().map(read).collect()
}

fn check(name: &str, target: fn(&[u8]), input: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(input))) {
        write(&folder("artifacts", name), "bounded", input);
        eprintln!("the input is in fuzz/artifacts/{name}/bounded");
        resume_unwind(panic);
    }
}

/// A seed with one to five changes.
fn mutated(seeds: &[Vec<u8>], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut input = seeds[random.usize(..seeds.len())].clone();
    for _ in 0..random.usize(1..=5) {
        change(&mut input, seeds, random);
    }
    input.truncate(MAX_INPUT);
    input
}

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut fastrand::Rng) {
    let start = random.usize(..=input.len());
    let end = random.usize(start..=input.len()).min(start + 64);
    match random.u8(..9) {
        0 => input.truncate(start),
        1 => drop(input.drain(start..end)),
        2 => {
            let repeated = input[start..end].repeat(random.usize(1..200));
            insert(input, start, &repeated[..repeated.len().min(MAX_INPUT)]);
        }
        3 => insert(input, start, TOKENS[random.usize(..TOKENS.len())]),
        4 => {
            let other = &seeds[random.usize(..seeds.len())];
            let from = random.usize(..=other.len());
            insert(input, start, &other[from..other.len().min(from + 256)]);
        }
        5 => {
            // Such as the length of what follows.
            let huge = random.u32(..).to_be_bytes();
            for (byte, value) in input[start..end].iter_mut().zip(huge) {
                *byte = value;
            }
        }
        6 => input[start..end].reverse(),
        7 => {
            if let Some(byte) = input.get_mut(start) {
                *byte ^= 1 << random.u8(..8);
            }
        }
        _ => {
            if let Some(byte) = input.get_mut(start) {
                *byte = random.u8(..);
            }
        }
    }
}

fn insert(input: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    input.splice(at..at, bytes.iter().copied());
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    fs::create_dir_all(folder).expect("the folder must be writable");
    fs::write(folder.join(name), bytes).expect("the folder must be writable");
}

/// `fuzz/KIND/NAME`, from the folder of any crate.
fn folder(kind: &str, name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .find(|folder| folder.join("fuzz/corpus").is_dir());
    let fuzz = root
        .expect("the crate must be in the repository")
        .join("fuzz");
    fuzz.join(kind).join(name)
}

const SEED: u64 = 10;
const MAX_INPUT: usize = 16 << 10;
/// What parsers care about.
const TOKENS: [&[u8]; 28] = [
    b"\n",
    b"\r\n",
    b"\0",
    b"\x1b[31m",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xc7\xff\x0c",
    b"\"",
    b"\\",
    b"[",
    b"{",
    b"]",
    b"}",
    b":",
    b"null",
    b"-1",
    b"0",
    b"9223372036854775807",
    b"1e999999999",
    b"1e99999999999999999999",
    b"18446744073709551616",
    b"e\xcc\x81",
    b"\xe2\x80\xae",
    b"-----BEGIN PRIVATE KEY-----",
    b"-----END PRIVATE KEY-----",
    b"&a *a",
];

//! The pages of a list.

use super::{server::grpc, *};
use crate::{ErrorKind::Other, testing::page_of_users};

const LIST: Table = Table {
    operation: Operation::List,
    within: Duration::from_secs(120),
    bytes: 80 << 20,
};

/// A page of so many users with a name of so many bytes.
fn page(users: usize, bytes: usize, next: &str) -> Answer {
    Answer::message(&page_of_users(users, bytes, next))
}

/// A page by its number.
type Page = Box<dyn Fn(usize) -> Answer + Send + Sync>;

/// Answers with the pages of a function that gets their numbers.
fn pages(page: Page) -> Hostile {
    Hostile::Calls(Arc::new(move |_: &str, number| Some(page(number))))
}

#[tokio::test]
async fn a_list_without_end_is_an_error_before_it_fills_the_memory() {
    let next = |number: usize| number.to_string();
    let large = page(1, 17 << 20, "");
    // Two bytes for each user, and hundreds in memory.
    let many = calls::framed(0, &[0x0a, 0].repeat(1 << 20));
    let many = grpc(&many, End::Trailers(vec![("grpc-status", b"0".to_vec())]));
    let silent: Page = Box::new(move |number| match number {
        0..5 => page(1, 1, &next(number)),
        _ => Answer {
            head: None,
            ..page(0, 0, "")
        },
    });
    let endless = |says, name, page: Page| rows(pages, Other, says, [(name, page)]);
    let tables = [
        endless(
            "end, 2 objects",
            "a page again",
            Box::new(|_| page(1, 1, "again")),
        ),
        endless(
            "end, 2000 objects",
            "small pages",
            Box::new(move |number| page(1, 1, &next(number))),
        ),
        endless(
            "end, 120000 objects",
            "long pages",
            Box::new(move |number| page(40_000, 0, &next(number))),
        ),
        endless(
            "end, 7 objects",
            "large pages",
            Box::new(move |number| page(1, 10 << 20, &next(number))),
        ),
        endless(
            "larger than this program",
            "a large page",
            Box::new(move |_| large.clone()),
        ),
        endless(
            "larger than this program",
            "a page of many",
            Box::new(move |_| many.clone()),
        ),
        rows(
            pages,
            DEADLINE,
            "no answer within 30s",
            [("silence later", silent)],
        ),
    ];
    check(LIST, tables).await;
}

//! What stands on the plots of a page.

use super::latency::{three, timed};
use crate::testing::says;
use ultra_provider::Answer;

/// The part of a page about cost, and the one about time.
fn plots(strategies: &[&str]) -> (String, String) {
    let mut arguments = vec!["compare", "--format", "html"];
    arguments.extend(strategies.iter().flat_map(|strategy| ["-s", strategy]));
    let page = timed(&arguments, &three(), |call, now| {
        let cost_usd = (call.target != "exec:unpriced").then_some(0.25);
        (now + 2000, Ok(Answer { cost_usd, ..says("Paris") }))
    });
    let page = page.stdout;
    let part = |from: &str, to: &str| {
        let rest = page.split_once(from).map_or("", |parts| parts.1);
        rest.split_once(to).map_or("", |parts| parts.0).to_owned()
    };
    (part("What a score costs", "How long a score takes"), part("How long a score takes", "All numbers"))
}

/// How many marks a plot has.
fn marks(plot: &str) -> usize {
    plot.matches("<circle").count()
}

#[test]
fn a_price_that_is_not_known_is_not_drawn_and_the_page_says_so() {
    let (cost, time) = plots(&["vote", "fuse --ultra exec:u", "fuse --ultra exec:unpriced"]);
    assert_eq!((marks(&cost), marks(&time)), (2, 3), "{cost}");
    assert!(cost.contains("US dollars a prompt") && cost.contains("vote</text>"), "{cost}");
    let told = "Not shown, because it is not known: <code>fuse --ultra exec:unpriced</code>.";
    assert!(cost.contains(told) && !time.contains("Not shown"), "{cost}");
}

#[test]
fn a_time_that_is_not_known_is_not_drawn_and_the_page_says_so() {
    let (_, time) = plots(&["vote", "fuse --ultra exec:u", "fuse --ultra mock:u"]);
    assert_eq!(marks(&time), 2, "{time}");
    assert!(time.contains("Not shown, because it is not known: <code>fuse --ultra mock:u</code>."), "{time}");
}

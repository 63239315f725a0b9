use std::time::Duration;

use ultra_core::kind::ErrorKind;
use ultra_core::tool::Context;

use super::board::{Board, Row};
use super::frame::{Shown, draw, lines};
use super::painter::Meters;
use super::{Progress, locked};
use crate::tally::tests::{answer, error, finished, response};
use crate::tally::width;

fn shown(name: &str, (asked, done, failed): (u64, u64, u64)) -> Shown {
    let row = Row { name: name.into(), asked, done, failed, ..Row::default() };
    Shown { row, ended: false, per_s: 0.0, eta: None }
}

/// Two targets in the middle of a run.
fn busy() -> [Shown; 2] {
    let mut one = shown("openai:gpt-6-luna", (1_000, 120, 3));
    (one.row.tokens, one.row.cost_usd) = (1_234_567, 0.5);
    (one.ended, one.per_s, one.eta) = (true, 14.26, Some(Duration::from_secs(80)));
    let mut other = shown("ollama:llama3", (1_000, 7, 0));
    other.ended = true;
    [one, other]
}

#[test]
fn a_line_says_what_is_done_what_is_open_and_how_long_it_will_take() {
    assert_eq!(
        lines(&busy(), 120),
        [
            "openai:gpt-6-luna  120/1000 done  877 open  3 failed  14.3/s  ETA 00:01:20  1.23M tokens  0.5000 USD",
            "ollama:llama3        7/1000 done  993 open",
        ]
    );
}

#[test]
fn how_much_there_is_to_do_is_not_said_before_the_input_has_ended() {
    assert_eq!(lines(&[shown("a", (5, 2, 0))], 80), ["a  2 done  3 open"]);
}

#[test]
fn the_state_of_a_target_stands_in_place_of_its_rate() {
    let [mut one, other] = busy();
    one.row.note = "asked for a pause of 2.0 s; its calls wait\x1b[2J".into();
    let drawn = lines(&[one, other], 80);
    assert_eq!(drawn[0], "openai:gpt-6-luna  120/1000 done  877 open  3 failed  asked for a pause of 2.0…");
    assert_eq!(width(&drawn[0]), 79);
}

#[test]
fn any_terminal_is_wide_enough() {
    let wide = shown("日本語日本語日本語:日本", (u64::MAX, 1, 2));
    let [one, other] = busy();
    let rows = [one, other, wide];
    for columns in 0..200 {
        for line in lines(&rows, columns) {
            assert!(width(&line) < columns.max(1), "{columns}: {line}");
        }
    }
    assert_eq!(lines(&rows, 24)[1], "olla…ma3    7/1000 done");
}

#[test]
fn the_cursor_comes_to_rest_where_it_was_on_an_empty_line_above() {
    let text = draw(&busy(), 40);
    assert!(text.starts_with("\r\x1b[K\nopenai…6-luna  120"), "{text:?}");
    assert!(text.ends_with("\x1b[K\x1b[J\r\x1b[2A"), "{text:?}");
    assert_eq!(text.matches('\n').count(), 2);
    assert_eq!(draw(&[], 40), "\r\x1b[K\x1b[J");
}

#[test]
fn eight_targets_have_a_line_each_and_the_others_share_one() {
    let mut board = Board::default();
    for n in 0..8 {
        board.row(&format!("t{n}")).asked = 10;
    }
    assert_eq!(board.look(50).len(), 8);
    for n in 8..11 {
        let row = board.row(&format!("t{n}"));
        (row.asked, row.done, row.failed, row.tokens) = (10, 2, 1, 5);
    }
    let rows = board.look(50);
    let last = &rows[8];
    assert_eq!((rows.len(), &*last.name, last.asked, last.over(), last.tokens), (9, "3 others", 30, 9, 15));
}

#[test]
fn a_low_terminal_sums_up_more_and_the_lowest_shows_nothing() {
    let mut board = Board::default();
    for n in 0..5 {
        board.row(&format!("t{n}")).asked = 1;
    }
    let names = |board: &mut Board, lines| {
        board.look(lines).into_iter().map(|row| row.name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&mut board, 5), "t0 t1 t2 t3 t4");
    assert_eq!(names(&mut board, 3), "t0 t1 3 others");
    assert_eq!(names(&mut board, 1), "5 others");
    assert_eq!(names(&mut board, 0), "");
}

#[test]
fn a_note_stays_for_a_second_and_goes_with_the_next_answer() {
    let mut board = Board::default();
    board.row("a").note("paused");
    board.row("a").answered();
    assert_eq!(board.look(9)[0].note, "paused");
    for _ in 0..10 {
        board.look(9);
    }
    assert_eq!(board.look(9)[0].note, "paused");
    board.row("a").answered();
    assert_eq!(board.look(9)[0].note, "");
}

#[test]
fn the_board_counts_what_it_is_told() {
    let progress = Progress { board: Some(std::sync::Arc::default()), _painter: None };
    for _ in 0..4 {
        progress.asked("a");
    }
    progress.call(&finished("a", Ok(answer((100, 10), Some(0.5)))));
    progress.response(&response("a"));
    progress.error(&error("a", ErrorKind::Server));
    progress.note("b", "paused");
    progress.input_ended();
    let board = progress.board.as_ref().expect("is there");
    let rows = locked(board).look(9);
    let a = &rows[0];
    assert_eq!(
        (a.done, a.failed, a.open(), a.tokens, a.cost_usd.to_bits()),
        (1, 1, 2, 110, 0.5_f64.to_bits())
    );
    assert_eq!(rows[1].note, "paused");
    assert!(locked(board).ended);
}

#[test]
fn the_rest_of_the_time_is_known_only_at_the_end_of_the_input() {
    let mut meters = Meters::default();
    let row = Row { name: "a".into(), asked: 10, done: 3, ..Row::default() };
    assert_eq!(meters.measured(row.clone(), false).eta, None);
    let over = Row { done: 10, ..row };
    assert_eq!(meters.measured(over, true).eta, None);
}

#[test]
fn without_a_terminal_nothing_is_started() {
    let progress = Progress::new(&Context { progress: false, ..Context::mock(0) });
    progress.asked("a");
    assert!(progress.board.is_none());
}

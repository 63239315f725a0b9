//! The dispatcher's promises under torture: a seeded slice of each campaign of `scripts/torture`.

use ultra_testkit::torture::{Campaign, Ground, table};

use crate::tools::directory;

fn check(campaign: Campaign) {
    let rows = campaign.run(&Ground::slice(directory()));
    assert!(!rows.is_empty() && rows.iter().all(|row| row.ok), "\n{}", table(&rows));
}

#[test]
fn each_call_ends_once_whatever_fails() {
    check(Campaign::Conservation);
}

#[test]
fn what_is_in_the_journal_is_never_bought_again() {
    check(Campaign::Kill);
}

#[test]
fn scattered_faults_are_outlived_at_the_price_of_arithmetic() {
    check(Campaign::Faults);
}

#[test]
fn a_dead_target_costs_a_few_calls_and_nobody_else_any_time() {
    check(Campaign::Outage);
}

#[test]
fn limits_are_kept_told_or_not() {
    check(Campaign::Limits);
}

#[test]
fn a_wrong_key_costs_the_calls_in_flight() {
    check(Campaign::Keys);
}

#[test]
fn a_budget_is_kept_and_the_bill_is_honest() {
    check(Campaign::Budget);
}

#[test]
fn nothing_is_bought_for_a_reader_that_has_gone() {
    check(Campaign::Reader);
}

#[test]
fn a_signal_stops_the_buying_at_once() {
    check(Campaign::Signals);
}

#[test]
fn nothing_goes_to_a_peer_that_cannot_be_trusted() {
    check(Campaign::Tls);
}

#[test]
fn every_defect_is_noticed() {
    check(Campaign::Mutants);
}

//! What holds for every stream of requests.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn target() -> impl Strategy<Value = String> {
    let kind =
        prop_oneof![Just("server"), Just("rate_limited"), Just("truncated"), Just("auth"), Just("request")];
    let options = (0_u32..4, 0_u32..=10, kind, any::<bool>());
    (options, proptest::option::of(1_u32..4)).prop_map(|((latency, fail, kind, told), samples)| {
        let told = if told && fail < 9 { "&retry_after=2s" } else { "" };
        let samples = samples.map(|n| format!("#{n}")).unwrap_or_default();
        format!("mock:m?latency=0s..{latency}s&fail={}&kind={kind}{told}{samples}", f64::from(fail) / 10.0)
    })
}

/// Targets, samples, and what is pending: numbers of targets and samples.
type Asking = (Vec<String>, Option<u32>, Option<Vec<(usize, u32)>>);

fn stream() -> impl Strategy<Value = Vec<Asking>> {
    let pending = proptest::option::of(proptest::collection::vec((0_usize..3, 0_u32..3), 0..4));
    let request = (proptest::collection::vec(target(), 1..4), proptest::option::of(1_u32..3), pending);
    proptest::collection::vec(request, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn each_call_ends_exactly_once_and_the_same_way_whatever_the_concurrency(requests in stream()) {
        let mut input = String::new();
        let mut expected: BTreeMap<(String, String, u64), u32> = BTreeMap::new();
        for (n, (targets, samples, pending)) in requests.iter().enumerate() {
            let mut fields = serde_json::json!({
                "type": "request", "id": format!("r{n}"), "prompt_id": format!("p{n}"), "targets": targets,
                "messages": [{"role": "user", "content": format!("question {n}")}],
            });
            if let Some(samples) = samples {
                fields["samples"] = (*samples).into();
            }
            if let Some(pending) = pending {
                let pending: Vec<_> = pending.iter().map(|(at, sample)| {
                    let target = targets[at % targets.len()].split('#').next().expect("has a name");
                    serde_json::json!({"target": target, "sample": sample})
                }).collect();
                fields["pending"] = pending.into();
            }
            let request: ultra_core::record::Request = serde_json::from_value(fields.clone()).expect("reads");
            for call in ultra_core::target::pending(&request).expect("counts") {
                expected.insert((format!("r{n}"), call.target, u64::from(call.sample)), 1);
            }
            input.extend([fields.to_string(), format!("\n{{\"type\":\"trace\",\"n\":{n}}}\n")]);
        }
        let run = |concurrency, order| {
            let mut bench = Bench::new(&[]);
            bench.args.limits.concurrency = concurrency;
            bench.args.limits.total = Some(concurrency);
            bench.context.order = order;
            bench.run(&input)
        };
        let one = run(1, None);
        let mut ends: BTreeMap<(String, String, u64), u32> = BTreeMap::new();
        for record in one.records().iter().filter(|record| record["type"] == "response" || record["type"] == "error") {
            let text = |key: &str| record[key].as_str().expect("is text").to_owned();
            *ends.entry((text("request_id"), text("target"), record["sample"].as_u64().expect("is a number"))).or_default() += 1;
        }
        prop_assert_eq!(ends, expected);
        prop_assert_eq!(&one.text, &run(64, None).text);
        let sorted = |text: &str| {
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        prop_assert_eq!(sorted(&one.text), sorted(&run(7, Some(Order::Done)).text));
    }
}

//! What is kept of a response, which responses are kept, and how a response is made of what was kept.

use serde::{Deserialize, Serialize};
use ultra_core::id::ContentHash;
use ultra_core::record::{CacheMark, CacheStatus, Json, Object, Record as _, Response, Usage};

use crate::key::Key;

/// The content of an answer: everything that is true of it in any run.
///
/// Ids, timing, attempts and fields that Ultra does not know belong to the run that made the answer and are
/// not kept. A stored text that has other fields than these is not an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The model that answered, as the provider names it.
    pub model: String,
    /// The answer.
    pub text: String,
    /// The answer as JSON, when an output schema was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<Json>,
    /// What the model thought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// Why the answer ended.
    pub finish_reason: String,
    /// Tokens, as the provider counted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What the answer cost when it was bought, in US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// True when no model was asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mock: bool,
}

impl Answer {
    /// The content of `response`.
    pub fn of(response: &Response) -> Self {
        Self {
            model: response.model.clone(),
            text: response.text.clone(),
            json: response.json.clone(),
            reasoning: response.reasoning.clone(),
            finish_reason: response.finish_reason.clone(),
            usage: response.usage.clone(),
            cost_usd: response.cost_usd,
            mock: response.mock,
        }
    }

    fn is_whole(&self) -> bool {
        self.finish_reason == "stop" && !self.text.trim().is_empty()
    }

    /// The answer in a stored text, if it is one that may be served.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(Self::is_whole)
    }
}

/// Whether `response` may be stored: it ended because it was complete, has a text, and did not itself come
/// from a store. Refused, filtered and truncated answers and calls of tools are not answers to keep.
pub fn storable(response: &Response) -> bool {
    let from_store = response.cache.as_ref().is_some_and(|mark| mark.status == CacheStatus::Hit);
    response.finish_reason == "stop" && !response.text.trim().is_empty() && !from_store
}

/// Who asks: the fields of a response that belong to the request and not to the answer.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The request that is answered.
    pub request_id: &'a str,
    /// The prompt that the request serves.
    pub prompt_id: &'a str,
    /// The target, as the request names it.
    pub target: &'a str,
    /// Number of the sample, from 0.
    pub sample: u32,
    /// Name of the stage.
    pub stage: &'a str,
}

impl Asked<'_> {
    /// The id of the response with this text, the same whether it was just made or found: a run that is
    /// served from the store gives the ids of the run that filled it.
    pub fn response_id(&self, text: &str) -> String {
        ContentHash::new("ultra response v1")
            .field(self.request_id)
            .field(self.target)
            .field(self.sample.to_le_bytes())
            .field(text)
            .id(Response::PREFIX)
    }
}

/// An answer that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The key it was found under.
    pub key: Key,
    /// The answer.
    pub answer: Answer,
    /// How long ago it was stored, in seconds.
    pub age_s: u64,
}

impl Hit {
    /// The response to `asked`: marked as a hit, sent zero times, under the id of [`Asked::response_id`].
    ///
    /// A hit is free, so its cost is zero where the answer had a price: the costs in a transcript add up to
    /// what was spent. The usage is the answer's own.
    pub fn response(self, asked: &Asked<'_>) -> Response {
        let Self { key, answer, age_s } = self;
        Response {
            id: asked.response_id(&answer.text),
            request_id: asked.request_id.to_owned(),
            prompt_id: asked.prompt_id.to_owned(),
            target: asked.target.to_owned(),
            sample: asked.sample,
            stage: asked.stage.to_owned(),
            fallback: None,
            model: answer.model,
            text: answer.text,
            json: answer.json,
            reasoning: answer.reasoning,
            finish_reason: answer.finish_reason,
            usage: answer.usage,
            cost_usd: answer.cost_usd.map(|_| 0.0),
            attempts: 0,
            uncertain_prior: false,
            timing: None,
            cache: Some(CacheMark {
                status: CacheStatus::Hit,
                key: key.to_string(),
                age_s: Some(age_s),
                extra: Object::default(),
            }),
            mock: answer.mock,
            extra: Object::default(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use ultra_core::record::{CacheStatus, Response};

    use super::{Answer, Asked, Hit, storable};
    use crate::key::tests::key;

    pub(crate) fn response(text: &str) -> Response {
        serde_json::from_str(&format!(
            r#"{{"id":"res_1","request_id":"r1","prompt_id":"p1","target":"openai:m","sample":0,"stage":"answer",
            "model":"m-2026","text":{text:?},"finish_reason":"stop","usage":{{"input_tokens":3,"output_tokens":4}},
            "cost_usd":0.25,"attempts":2,"timing":{{"queue_ms":1,"total_ms":9}},"x_run":"secret-run"}}"#
        ))
        .expect("is a response")
    }

    #[test]
    fn g152_failures_refusals_truncations_and_empty_answers_are_not_stored() {
        assert!(storable(&response("yes")));
        for reason in
            ["length", "content_filter", "refusal", "tool_calls", "error", "continuation", "other", ""]
        {
            let mut ended = response("yes");
            ended.finish_reason = reason.into();
            assert!(!storable(&ended), "{reason}");
        }
        assert!(!storable(&response("")));
        assert!(!storable(&response(" \n")));
    }

    #[test]
    fn g152_a_stored_failure_is_not_served() {
        for reason in ["length", "refusal"] {
            let mut answer = Answer::of(&response("yes"));
            answer.finish_reason = reason.into();
            assert_eq!(Answer::read(&serde_json::to_string(&answer).expect("writes")), None);
        }
    }

    #[test]
    fn g152_a_hit_has_the_ids_of_who_asks_and_nothing_of_the_run_that_stored_it() {
        let hit = Hit { key: key("k"), answer: Answer::of(&response("yes")), age_s: 7 };
        let asked =
            Asked { request_id: "r9", prompt_id: "p9", target: "alias", sample: 3, stage: "critique" };
        let made = hit.response(&asked);
        let text = serde_json::to_string(&made).expect("writes");
        assert_eq!(
            (&*made.request_id, &*made.prompt_id, &*made.target, made.sample, &*made.stage),
            ("r9", "p9", "alias", 3, "critique")
        );
        assert_eq!((made.attempts, made.cost_usd, &made.timing), (0, Some(0.0), &None));
        let mark = made.cache.as_ref().expect("is marked");
        assert_eq!((mark.status, mark.age_s), (CacheStatus::Hit, Some(7)));
        assert!(!text.contains("secret-run") && !text.contains("res_1"), "{text}");
        assert!(!storable(&made), "a hit is not stored again");
    }

    #[test]
    fn an_answer_comes_back_as_it_was() {
        let mut given = response(r#"{"a":1e2}"#);
        given.json = Some(ultra_core::record::Json::parse(r#"{"a":1e2}"#.into()).expect("is JSON"));
        given.reasoning = Some("hm".into());
        let answer = Answer::of(&given);
        let text = serde_json::to_string(&answer).expect("writes");
        assert!(text.contains(r#""json":{"a":1e2}"#), "{text}");
        assert_eq!(Answer::read(&text), Some(answer));
    }

    #[test]
    fn g150_a_text_with_another_schema_is_not_an_answer() {
        for text in
            ["", "{}", "[]", r#"{"text":"x"}"#, r#"{"model":"m","text":"x","finish_reason":"stop","v":2}"#]
        {
            assert_eq!(Answer::read(text), None, "{text}");
        }
    }
}

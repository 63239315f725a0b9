//! `verdict`, `synthesis` and `delta`: what comes out of many answers.

use super::{Json, Usage};

record! {
    /// A judgement over the answers to one prompt.
    pub struct Verdict = Verdict, "ver" {
        /// Content id.
        pub id: String,
        /// The prompt.
        pub prompt_id: String,
        /// The strategy that judged.
        pub strategy: String,
        /// The answers, best first.
        pub ranking: Vec<Rank>,
        /// The answer that won, by response id.
        pub winner: Option<String>,
        /// Lead of the winner over the next answer, from 0 to 1.
        pub margin: Option<f64>,
        /// How far the answers agree.
        pub agreement: Option<Agreement>,
        /// Who judged, in which order and with which result.
        pub judges: Vec<Json>,
        /// Judges that differ strongly from the others.
        pub dissent: Vec<Json>,
        /// What the answers have in common and where they part.
        pub analysis: Option<Analysis>,
    }
}

object! {
    /// The place of one answer in a ranking.
    pub struct Rank {
        /// The answer.
        pub response_id: String,
        /// Its score; larger is better, the scale is the strategy's.
        pub score: f64,
    }
}

object! {
    /// How far the answers, or the judges, agree.
    pub struct Agreement {
        /// Kendall's W over the judges' rankings, tie-corrected, from 0 to 1.
        pub kendall_w: Option<f64>,
        /// Mean similarity over all pairs of answers, from 0 to 1.
        pub mean_similarity: Option<f64>,
        /// Number of groups of like answers.
        pub clusters: Option<u32>,
    }
}

object! {
    /// What the answers have in common and where they part.
    pub struct Analysis {
        /// What all say.
        pub consensus: Vec<Json>,
        /// Where they contradict each other.
        pub contradictions: Vec<Json>,
        /// What only one says.
        pub unique: Vec<Json>,
        /// What none says.
        pub blind_spots: Vec<Json>,
    }
}

record! {
    /// The one answer.
    pub struct Synthesis = Synthesis, "syn" {
        /// Content id.
        pub id: String,
        /// The prompt.
        pub prompt_id: String,
        /// The strategy that made it.
        pub strategy: String,
        /// The target that wrote it, when a model did.
        pub target: Option<String>,
        /// The answer.
        pub text: String,
        /// Ids of the responses it was made from.
        pub sources: Vec<String>,
        /// Tokens of the synthesis alone.
        pub usage: Option<Usage>,
        /// Cost of the synthesis alone, in US dollars.
        pub cost_usd: Option<f64>,
        /// True when a lower rung of the ladder had to be taken.
        pub degraded: bool,
        /// The rung that was taken.
        pub rung: Option<String>,
        /// Why it was taken.
        pub reason: Option<String>,
        /// True when no model was asked: the answer is simulated.
        pub mock: bool,
    }
}

record! {
    /// A piece of an answer as it arrives.
    pub struct Delta = Delta, "dlt" {
        /// The request that is being answered.
        pub request_id: String,
        /// The target that answers.
        pub target: String,
        /// Number of the sample, from 0.
        pub sample: u32,
        /// Number of the attempt, from 1: what earlier attempts had said of this answer is void.
        pub attempt: u32,
        /// The next piece of text.
        pub text: String,
    }
}

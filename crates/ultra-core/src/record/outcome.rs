//! `verdict`, `synthesis` and `delta`: what comes out of many answers.

use super::{Json, Object, Usage};

record! {
    /// A judgement over the answers to one prompt. What a strategy judged in vain before it stands under the name of that strategy.
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
        also {
            /// `vote`: the share of the winner, from 0 to 1, at least, should members be heard who were not.
            share: f64,
            /// `vote`: how many answers lead with equally many votes; 1 where one does.
            ties: u64,
            /// `vote`: members who gave no answer that can be counted.
            without: u64,
            /// `vote`: members who were not heard, because the vote was decided or the budget spent; they count against the winner.
            unheard: u64,
            /// `vote`: each answer with its share and the responses that give it.
            votes: Vec<Json>,
            /// `cluster`: the groups of like answers by response id, the largest first.
            groups: Vec<Json>,
            /// `cluster`: the share of the largest group, from 0 to 1.
            largest: f64,
            /// `judge`: the criteria and their weights.
            rubric: Object,
            /// `rank` and `pairwise`: the rule by which rankings or comparisons became scores.
            rule: String,
            /// `rank`: false where the rule had to be approximated, since there are too many answers.
            exact: bool,
            /// `rank`: answers that share the first place, by response id.
            tied: Vec<String>,
            /// `rank`: reviewers who were not asked, because those before them agreed.
            not_asked: u64,
            /// `verify`: each claim, who makes it, and what is known of it.
            claims: Vec<Json>,
            /// `verify`: the files that answers name, and whether they are there.
            citations: Vec<Json>,
            /// Whether the condition of `--accept` held.
            accepted: bool,
            /// Where there is no synthesis: the strategy that was asked for, when another judged in its place.
            instead_of: String,
            /// Where there is no synthesis: the rung that was taken.
            rung: String,
            /// Where there is no synthesis: true when a lower rung of the ladder had to be taken.
            degraded: bool,
            /// Where there is no synthesis: why the rung was taken.
            reason: String,
            /// Where there is no synthesis: tokens of the judgement.
            usage: Usage,
            /// Where there is no synthesis: what it cost, in US dollars.
            cost_usd: f64,
            /// Where there is no synthesis: calls that it took.
            calls: u64,
            /// Calls among them whose price is not known, so that `cost_usd` is what they cost at least.
            unpriced: u64,
            /// Where there is no synthesis: how long its calls took in milliseconds; left out in mock mode.
            latency_ms: u64,
            /// Members without an answer: target, sample, and the kind of the error where there is one.
            missing: Vec<Json>,
            /// Responses of which a judge read the beginning and the end only, by id.
            shortened: Vec<String>,
        }
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
        also {
            /// What some say and others leave out.
            partial: Vec<Json>,
        }
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
        also {
            /// Calls that it took.
            calls: u64,
            /// Calls among them whose price is not known, so that `cost_usd` is what they cost at least.
            unpriced: u64,
            /// How long they took in milliseconds: the longest of those side by side, and the sum of those that waited for each other; left out in mock mode.
            latency_ms: u64,
            /// Members without an answer: target, sample, and the kind of the error where there is one.
            missing: Vec<Json>,
            /// Responses of which the writer read the beginning and the end only, by id.
            shortened: Vec<String>,
            /// How the first answers of the panel would have voted: the answer that leads, its share and margin, and the responses that give it. Absent where no two of them are the same.
            vote: Object,
            /// `iterate`: how sure the writer is, from 0 to 1.
            confidence: f64,
            /// `iterate`: the rounds, each with its confidence, what was still open, and whether another one was wanted.
            rounds: Vec<Json>,
            /// `iterate`: why no further round was asked for.
            stopped: String,
        }
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

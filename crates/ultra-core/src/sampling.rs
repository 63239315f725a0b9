//! Parameters of calls on the command line, for requests that bring none of their own.

use clap::Args;

use crate::record::Params;

/// Flags that fill in what a request leaves open.
#[derive(Debug, Clone, Default, Args)]
pub struct Sampling {
    /// Sampling temperature, where a request does not say it
    #[arg(long, global = true, env = "ULTRA_TEMPERATURE", value_name = "T", value_parser = temperature)]
    pub temperature: Option<f64>,

    /// The most tokens that an answer may have, reasoning included, where a request does not say it
    #[arg(long, global = true, env = "ULTRA_MAX_OUTPUT_TOKENS", value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub max_output_tokens: Option<u64>,
}

impl Sampling {
    /// `params` with what they leave open filled in.
    pub fn fill(&self, params: Option<Params>) -> Option<Params> {
        if self.temperature.is_none() && self.max_output_tokens.is_none() {
            return params;
        }
        let mut params = params.unwrap_or_default();
        params.temperature = params.temperature.or(self.temperature);
        params.max_output_tokens = params.max_output_tokens.or(self.max_output_tokens);
        Some(params)
    }
}

fn temperature(text: &str) -> Result<f64, String> {
    let given = text.parse().ok().filter(|given| (0.0..=2.0).contains(given));
    given.ok_or_else(|| "expected a number from 0 to 2".to_owned())
}

#[cfg(test)]
mod tests {
    use super::Sampling;
    use crate::record::Params;

    #[test]
    fn what_a_request_says_itself_stays() {
        let flags = Sampling { temperature: Some(0.5), max_output_tokens: Some(9) };
        let own = Params { temperature: Some(1.0), ..Params::default() };
        let filled = flags.fill(Some(own)).expect("there are some");
        assert_eq!((filled.temperature, filled.max_output_tokens), (Some(1.0), Some(9)));
        assert_eq!(Sampling::default().fill(None), None);
    }
}

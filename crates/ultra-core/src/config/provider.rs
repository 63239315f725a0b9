//! Providers: where they are, which dialect they speak, which key opens them.

use crate::env;
use crate::failure::Failure;
use crate::secret::Secret;

/// A wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Chat Completions, as `OpenAI` and most others serve it.
    OpenAi,
    /// The Messages API of Anthropic.
    Anthropic,
}

impl Dialect {
    /// The name in a configuration file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
        }
    }

    /// The dialect called `name`.
    pub fn named(name: &str) -> Option<Self> {
        [Self::OpenAi, Self::Anthropic].into_iter().find(|dialect| dialect.as_str() == name)
    }
}

/// Where a provider is and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its name in targets.
    pub name: String,
    /// Its wire format.
    pub dialect: Dialect,
    /// Address before the path of the dialect, such as `https://api.openai.com/v1`.
    pub base_url: String,
    /// The variable that holds the key.
    pub key_env: Option<String>,
    /// The file that holds the key.
    pub key_file: Option<String>,
    /// Whether calls without a key make no sense.
    pub needs_key: bool,
    /// Version header of the dialect, where it has one.
    pub version: Option<String>,
}

/// `(name, dialect, address, variable of the address, variable of the key, needs a key)`
type BuiltIn = (&'static str, Dialect, &'static str, &'static str, &'static str, bool);

const BUILT_IN: &[BuiltIn] = &[
    ("openai", Dialect::OpenAi, "https://api.openai.com/v1", "OPENAI_BASE_URL", "OPENAI_API_KEY", true),
    (
        "anthropic",
        Dialect::Anthropic,
        "https://api.anthropic.com",
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_API_KEY",
        true,
    ),
    (
        "gemini",
        Dialect::OpenAi,
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "",
        "GEMINI_API_KEY",
        true,
    ),
    ("mistral", Dialect::OpenAi, "https://api.mistral.ai/v1", "", "MISTRAL_API_KEY", true),
    ("deepseek", Dialect::OpenAi, "https://api.deepseek.com", "", "DEEPSEEK_API_KEY", true),
    ("xai", Dialect::OpenAi, "https://api.x.ai/v1", "", "XAI_API_KEY", true),
    ("groq", Dialect::OpenAi, "https://api.groq.com/openai/v1", "GROQ_BASE_URL", "GROQ_API_KEY", true),
    ("openrouter", Dialect::OpenAi, "https://openrouter.ai/api/v1", "", "OPENROUTER_API_KEY", true),
    (
        "together",
        Dialect::OpenAi,
        "https://api.together.ai/v1",
        "TOGETHER_BASE_URL",
        "TOGETHER_API_KEY",
        true,
    ),
    ("ollama", Dialect::OpenAi, "http://127.0.0.1:11434/v1", "OLLAMA_BASE_URL", "OLLAMA_API_KEY", false),
    ("llamacpp", Dialect::OpenAi, "http://127.0.0.1:8080/v1", "LLAMACPP_BASE_URL", "LLAMA_API_KEY", false),
    ("vllm", Dialect::OpenAi, "http://127.0.0.1:8000/v1", "VLLM_BASE_URL", "VLLM_API_KEY", false),
];

impl Provider {
    /// The built-in provider called `name`, with the address that its variable names, if any.
    pub fn built_in(name: &str) -> Option<Self> {
        let &(name, dialect, url, url_env, key_env, needs_key) =
            BUILT_IN.iter().find(|known| known.0 == name)?;
        let base_url = Some(url_env).filter(|name| !name.is_empty()).and_then(env::var);
        Some(Self {
            name: name.to_owned(),
            dialect,
            base_url: base_url.unwrap_or_else(|| url.to_owned()),
            key_env: Some(key_env.to_owned()),
            key_file: None,
            needs_key,
            version: None,
        })
    }

    /// The names of the built-in providers.
    pub fn built_in_names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|known| known.0)
    }

    /// The key, read when the first call needs it.
    ///
    /// # Errors
    /// When a key is needed and there is none, or it cannot be a header value; the text never shows it.
    pub fn key(&self) -> Result<Option<Secret>, Failure> {
        let name = &self.name;
        let from_file = match &self.key_file {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|cause| {
                    Failure::usage(format!("the key file {path} of `{name}` cannot be read: {cause}"))
                })?;
                Some(text.trim().to_owned())
            }
            None => None,
        };
        let key = from_file.or_else(|| self.key_env.as_deref().and_then(env::var));
        let Some(key) = key.filter(|key| !key.is_empty()) else {
            if !self.needs_key {
                return Ok(None);
            }
            let variable = self.key_env.as_deref().unwrap_or("ULTRA_KEY");
            return Err(Failure::usage(format!("there is no key for `{name}`"))
                .hint(format!("set {variable}, or `key-file` under [providers.{name}] in ultra.toml"))
                .hint("or try it without a key: --mock"));
        };
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::usage(format!(
                "the key of `{name}` holds a blank, a line ending or a character that is not ASCII (it is not shown)"
            )));
        }
        Ok(Some(Secret::new(key)))
    }
}

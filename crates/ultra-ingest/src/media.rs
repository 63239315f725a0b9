//! Media types of text files by the end of their name.

/// `(ending in lower case, media type)`; endings without a dot are whole file names.
const BY_ENDING: &[(&str, &str)] = &[
    (".txt", "text/plain"),
    (".text", "text/plain"),
    (".log", "text/plain"),
    (".md", "text/markdown"),
    (".markdown", "text/markdown"),
    (".mdown", "text/markdown"),
    (".mkd", "text/markdown"),
    (".rst", "text/x-rst"),
    (".adoc", "text/asciidoc"),
    (".org", "text/org"),
    (".tex", "text/x-tex"),
    (".bib", "text/x-bibtex"),
    (".html", "text/html"),
    (".htm", "text/html"),
    (".xhtml", "text/html"),
    (".xml", "application/xml"),
    (".svg", "image/svg+xml"),
    (".json", "application/json"),
    (".jsonl", "application/x-ndjson"),
    (".ndjson", "application/x-ndjson"),
    (".ipynb", "application/x-ipynb+json"),
    (".yaml", "application/yaml"),
    (".yml", "application/yaml"),
    (".toml", "application/toml"),
    (".ini", "text/x-ini"),
    (".cfg", "text/x-ini"),
    (".csv", "text/csv"),
    (".tsv", "text/tab-separated-values"),
    (".vtt", "text/vtt"),
    (".srt", "application/x-subrip"),
    (".diff", "text/x-diff"),
    (".patch", "text/x-diff"),
    (".css", "text/css"),
    (".js", "text/javascript"),
    (".mjs", "text/javascript"),
    (".cjs", "text/javascript"),
    (".jsx", "text/javascript"),
    (".ts", "text/x-typescript"),
    (".tsx", "text/x-typescript"),
    (".rs", "text/x-rust"),
    (".py", "text/x-python"),
    (".pyi", "text/x-python"),
    (".go", "text/x-go"),
    (".c", "text/x-c"),
    (".h", "text/x-c"),
    (".cc", "text/x-c++"),
    (".cpp", "text/x-c++"),
    (".cxx", "text/x-c++"),
    (".hh", "text/x-c++"),
    (".hpp", "text/x-c++"),
    (".cs", "text/x-csharp"),
    (".java", "text/x-java"),
    (".kt", "text/x-kotlin"),
    (".kts", "text/x-kotlin"),
    (".scala", "text/x-scala"),
    (".swift", "text/x-swift"),
    (".m", "text/x-objective-c"),
    (".rb", "text/x-ruby"),
    (".php", "text/x-php"),
    (".pl", "text/x-perl"),
    (".pm", "text/x-perl"),
    (".lua", "text/x-lua"),
    (".r", "text/x-r"),
    (".jl", "text/x-julia"),
    (".hs", "text/x-haskell"),
    (".ml", "text/x-ocaml"),
    (".mli", "text/x-ocaml"),
    (".ex", "text/x-elixir"),
    (".exs", "text/x-elixir"),
    (".erl", "text/x-erlang"),
    (".clj", "text/x-clojure"),
    (".el", "text/x-emacs-lisp"),
    (".lisp", "text/x-lisp"),
    (".zig", "text/x-zig"),
    (".nim", "text/x-nim"),
    (".dart", "text/x-dart"),
    (".sh", "text/x-shellscript"),
    (".bash", "text/x-shellscript"),
    (".zsh", "text/x-shellscript"),
    (".fish", "text/x-shellscript"),
    (".ps1", "text/x-powershell"),
    (".bat", "text/x-batch"),
    (".sql", "text/x-sql"),
    (".graphql", "text/x-graphql"),
    (".proto", "text/x-protobuf"),
    (".tf", "text/x-terraform"),
    (".nix", "text/x-nix"),
    (".cmake", "text/x-cmake"),
    (".gradle", "text/x-groovy"),
    (".groovy", "text/x-groovy"),
    (".s", "text/x-asm"),
    (".asm", "text/x-asm"),
    (".f90", "text/x-fortran"),
    (".v", "text/x-verilog"),
    (".vhd", "text/x-vhdl"),
    (".vue", "text/x-vue"),
    (".svelte", "text/x-svelte"),
    ("makefile", "text/x-makefile"),
    ("gnumakefile", "text/x-makefile"),
    ("dockerfile", "text/x-dockerfile"),
    ("cmakelists.txt", "text/x-cmake"),
];

/// The media type that the file name `name` promises, for text.
pub fn by_name(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let whole = |ending: &str| !ending.starts_with('.') && ending == name;
    let tail = |ending: &str| ending.starts_with('.') && name.len() > ending.len() && name.ends_with(ending);
    let pick = |wanted: &dyn Fn(&str) -> bool| BY_ENDING.iter().find(|(ending, _)| wanted(ending));
    pick(&whole).or_else(|| pick(&tail)).map(|(_, media)| *media)
}

/// The media type that the first line of an interpreted program shows.
pub fn by_shebang(text: &str) -> Option<&'static str> {
    let line = text.strip_prefix("#!")?.lines().next()?;
    let program = line.split(['/', ' ', '\t']).rfind(|word| !word.is_empty() && !word.starts_with('-'))?;
    let program = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    Some(match program {
        "sh" | "bash" | "dash" | "zsh" | "ksh" | "fish" => "text/x-shellscript",
        "python" => "text/x-python",
        "perl" => "text/x-perl",
        "ruby" => "text/x-ruby",
        "node" => "text/javascript",
        "lua" => "text/x-lua",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{BY_ENDING, by_name, by_shebang};

    #[test]
    fn the_ending_is_compared_without_case_and_a_whole_name_wins() {
        assert_eq!(by_name("Plan.MD"), Some("text/markdown"));
        assert_eq!(by_name("CMakeLists.txt"), Some("text/x-cmake"));
        assert_eq!(by_name("main.rs"), Some("text/x-rust"));
        assert_eq!(by_name(".md"), None);
        assert_eq!(by_name("README"), None);
    }

    #[test]
    fn an_interpreter_names_the_language() {
        assert_eq!(by_shebang("#!/usr/bin/env python3\nx"), Some("text/x-python"));
        assert_eq!(by_shebang("#!/bin/sh -e\n"), Some("text/x-shellscript"));
        assert_eq!(by_shebang("plain"), None);
    }

    #[test]
    fn no_ending_stands_twice() {
        let mut endings: Vec<_> = BY_ENDING.iter().map(|(ending, _)| ending).collect();
        endings.sort_unstable();
        let before = endings.len();
        endings.dedup();
        assert_eq!(endings.len(), before);
    }
}

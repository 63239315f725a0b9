//! The headings of a Markdown text.

/// The longest heading path that is kept, in bytes.
const PATH_MAX: usize = 300;

/// One heading.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Heading {
    /// Offset of its line.
    pub start: usize,
    /// 1 to 6.
    pub level: u8,
    /// Its words, without marks.
    pub text: String,
}

/// All headings of `text`, in order: `# …` to `###### …`, and lines underlined with `===` or `---`.
/// Lines inside fenced code and front matter are not headings.
pub fn headings(text: &str) -> Vec<Heading> {
    let mut found = Vec::new();
    let mut fence: Option<Fence> = None;
    let mut before: [Option<(usize, &str)>; 2] = [None, None];
    let mut start = front_matter(text);
    for line in text[start..].split_inclusive('\n') {
        let body = line.trim_end();
        let unindented = body.trim_start_matches(' ');
        let indented = body.len() - unindented.len() > 3;
        if let Some(open) = &fence {
            if !indented && open.is_closed_by(unindented) {
                fence = None;
            }
            before = [None, None];
        } else if indented {
            before = [Some((start, "")), before[0]];
        } else if let Some(open) = Fence::open(unindented) {
            fence = Some(open);
            before = [None, None];
        } else if let Some((level, words)) = atx(unindented) {
            found.push(Heading { start, level, text: words.to_owned() });
            before = [None, None];
        } else if let (Some(level), Some((above, words)), None) =
            (underline(unindented), before[0], before[1])
            && words.starts_with(char::is_alphanumeric)
        {
            found.push(Heading { start: above, level, text: words.to_owned() });
            before = [None, None];
        } else {
            before = [(!unindented.is_empty()).then_some((start, unindented)), before[0]];
        }
        start += line.len();
    }
    found
}

/// The headings that stand above `offset`, outermost first.
pub fn path_at(heads: &[Heading], offset: usize) -> Option<String> {
    let above = &heads[..heads.partition_point(|head| head.start <= offset)];
    let mut level = 7;
    let mut path: Vec<&str> = Vec::new();
    for head in above.iter().rev() {
        if head.level < level {
            level = head.level;
            if !head.text.is_empty() {
                path.push(&head.text);
            }
        }
        if level == 1 {
            break;
        }
    }
    path.reverse();
    let mut path = path.join(" > ");
    if path.len() > PATH_MAX {
        path.truncate(path.floor_char_boundary(PATH_MAX));
        path.push('…');
    }
    (!path.is_empty()).then_some(path)
}

/// The length of the front matter: `---`, lines, `---`.
fn front_matter(text: &str) -> usize {
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next().filter(|line| line.trim_end() == "---") else { return 0 };
    let mut length = first.len();
    for line in lines.take(200) {
        length += line.len();
        if matches!(line.trim_end(), "---" | "...") {
            return length;
        }
    }
    0
}

fn atx(line: &str) -> Option<(u8, &str)> {
    let rest = line.trim_start_matches('#');
    let level = u8::try_from(line.len() - rest.len()).ok().filter(|level| (1..=6).contains(level))?;
    if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
        return None;
    }
    let words = rest.trim();
    let closed = words.trim_end_matches('#');
    Some((level, if closed.is_empty() || closed.ends_with([' ', '\t']) { closed.trim_end() } else { words }))
}

fn underline(line: &str) -> Option<u8> {
    let only = |mark: char| line.len() >= 2 && line.chars().all(|c| c == mark);
    if only('=') {
        Some(1)
    } else if only('-') {
        Some(2)
    } else {
        None
    }
}

/// An open code fence.
#[derive(Debug)]
struct Fence {
    mark: char,
    length: usize,
}

impl Fence {
    fn open(line: &str) -> Option<Self> {
        let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let rest = line.trim_start_matches(mark);
        let length = line.len() - rest.len();
        (length >= 3 && !(mark == '`' && rest.contains('`'))).then_some(Self { mark, length })
    }

    fn is_closed_by(&self, line: &str) -> bool {
        line.len() >= self.length && line.chars().all(|c| c == self.mark)
    }
}

//! Numbers in the notations of people, models and LaTeX, exactly: no floating point.

/// What stands between groups of three digits. A comma that is followed by another count of digits ends the
/// number.
const SEPARATORS: [&str; 8] = ["{,}", "\\,", "\\!,", ",", "'", "_", "\u{a0}", "\u{202f}"];
/// What says that a number is counted in hundredths.
const PERCENT: [&str; 5] = ["%", "\\%", " %", " \\%", " percent"];
/// The letters of `1e3`, `percent`, `\frac`, `\dfrac` and `\tfrac`.
const LETTERS: &[u8] = b"acdefnprtE";
/// Beyond so many places a number is written with an exponent.
const PLACES: usize = 40;

/// The last number of a text, as it is written there.
///
/// Digits behind a letter belong to a word (`GPT4`), and a hyphen behind a letter or digit is no sign (`2-3`).
///
/// No number spans two lines, so the lines are read from the end, where most answers have it.
pub(super) fn last(text: &str) -> Option<&str> {
    text.rsplit('\n').find_map(last_of_line)
}

fn last_of_line(text: &str) -> Option<&str> {
    let mut found = None;
    let mut at = 0;
    let mut before = ' ';
    while let Some(skipped) = text.as_bytes()[at..].iter().position(|byte| can_begin_a_number(*byte)) {
        if skipped > 0 {
            at += skipped;
            before = text[..at].chars().next_back().unwrap_or(' ');
        }
        let Some(c) = text[at..].chars().next() else { break };
        let glued = before.is_alphabetic() || before == '_';
        let signed = matches!(c, '+' | '-' | '−');
        let starts = !glued && !(signed && (before.is_alphanumeric() || before == ')'));
        if let Some(end) = starts.then(|| extent(text, at)).flatten() {
            found = Some(&text[at..end]);
            at = end;
            before = text[..end].chars().next_back().unwrap_or(' ');
        } else {
            at += c.len_utf8();
            // What follows a digit of a word is still that word.
            before = if glued && c.is_ascii_digit() { before } else { c };
        }
    }
    found
}

/// Whether a decimal number can begin with this byte: the last one is the first of `−` and of many others.
fn can_begin_a_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | 0xe2)
}

/// Where a number with its fraction or percent sign ends.
fn extent(text: &str, at: usize) -> Option<usize> {
    let (_, end) = Decimal::read(text, at)?;
    if let Some(rest) = text[end..].strip_prefix('/')
        && rest.starts_with(|c: char| c.is_ascii_digit())
    {
        return Decimal::read(text, end + 1).map(|(_, end)| end);
    }
    let percent = PERCENT.iter().find(|sign| text[end..].starts_with(**sign));
    Some(end + percent.map_or(0, |sign| sign.len()))
}

/// The one way in which a text that is a number, and nothing else, is written: a decimal number, or a
/// fraction in lowest terms when it has no end as a decimal.
pub(super) fn canonical(text: &str) -> Option<String> {
    let text = text.trim();
    if is_ruled_out(text) {
        return None;
    }
    let text = &grouped(text);
    if let Some((over, under)) = fraction(text) {
        return over.divided_by(&under);
    }
    let (number, end) = Decimal::read(text, 0)?;
    let mut number = number?;
    if PERCENT.contains(&&text[end..]) {
        number.exponent -= 2;
        return Some(number.written());
    }
    (end == text.len()).then(|| number.written())
}

/// Whether a text does not begin like a number, or has a letter that none has, so that it is none, whatever follows.
pub(super) fn is_ruled_out(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit() || "+-−.\\".contains(c))
        || text.bytes().any(|byte| byte.is_ascii_alphabetic() && !LETTERS.contains(&byte))
}

/// Spaces between digits, which alone in an answer separate groups, in the form that cannot be anything else.
fn grouped(text: &str) -> String {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let between = c == ' ' && digit(kept.chars().next_back()) && digit(chars.peek().copied());
        kept.push(if between { '\u{a0}' } else { c });
    }
    kept
}

/// `a/b`, and `\frac{a}{b}` in its three sizes, with a sign before it.
fn fraction(text: &str) -> Option<(Decimal, Decimal)> {
    let whole = |part: &str| Decimal::read(part.trim(), 0).filter(|(_, end)| *end == part.trim().len());
    if let Some((over, under)) = text.split_once('/') {
        return Some((whole(over)?.0?, whole(under)?.0?));
    }
    let unsigned = text.trim_start_matches(['-', '+', '−']);
    let names = ["\\frac{", "\\dfrac{", "\\tfrac{"];
    let inner = names.iter().find_map(|name| unsigned.strip_prefix(name))?.strip_suffix('}')?;
    let (over, under) = inner.split_once("}{")?;
    let (mut over, under) = (whole(over)?.0?, whole(under)?.0?);
    over.negative ^= text.starts_with(['-', '−']);
    Some((over, under))
}

/// Digits without zeros at either end, times a power of ten. Zero has no digits.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Reads one at a place of a text, unless its power is beyond all that can be told, and where it ends.
    fn read(text: &str, at: usize) -> Option<(Option<Self>, usize)> {
        let sign = text[at..].chars().next().filter(|c| matches!(c, '+' | '-' | '−'));
        let mut end = at + sign.map_or(0, char::len_utf8);
        let mut digits = String::new();
        end += whole_part(&text[end..], &mut digits);
        let rest = &text[end..];
        let places = rest.strip_prefix('.').map_or(0, run);
        if digits.is_empty() && places == 0 {
            return None;
        }
        let mut exponent = Some(0);
        if places > 0 {
            digits.push_str(&rest[1..=places]);
            end += 1 + places;
            exponent = Some(-i64::try_from(places).ok()?);
        }
        if let Some((power, length)) = power(&text[end..]) {
            exponent = exponent.zip(power).map(|(places, power)| places + power);
            end += length;
        }
        let negative = sign.is_some_and(|sign| sign != '+');
        Some((exponent.map(|exponent| Self::new(negative, &digits, exponent)), end))
    }

    fn new(negative: bool, digits: &str, exponent: i64) -> Self {
        let trimmed = digits.trim_end_matches('0');
        let exponent = exponent + i64::try_from(digits.len() - trimmed.len()).unwrap_or(i64::MAX);
        let digits = trimmed.trim_start_matches('0').to_owned();
        Self {
            negative: negative && !digits.is_empty(),
            exponent: if digits.is_empty() { 0 } else { exponent },
            digits,
        }
    }

    fn written(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let digits = &self.digits;
        let shift = usize::try_from(self.exponent.unsigned_abs()).unwrap_or(usize::MAX);
        match () {
            () if digits.is_empty() => "0".to_owned(),
            () if shift > PLACES => format!("{sign}{digits}e{}", self.exponent),
            () if self.exponent >= 0 => format!("{sign}{digits}{}", "0".repeat(shift)),
            () if shift < digits.len() => {
                let (whole, places) = digits.split_at(digits.len() - shift);
                format!("{sign}{whole}.{places}")
            }
            () => format!("{sign}0.{}{digits}", "0".repeat(shift - digits.len())),
        }
    }

    /// `None` for a division by zero, and for numbers beyond 38 digits.
    fn divided_by(&self, under: &Self) -> Option<String> {
        let least = self.exponent.min(under.exponent);
        let (over, below) = (self.scaled(least)?, under.scaled(least)?);
        if below == 0 {
            return None;
        }
        let common = gcd(over, below);
        let (over, below) = (over / common, below / common);
        let negative = self.negative != under.negative;
        // A fraction ends as a decimal when nothing but 2 and 5 divides what is below.
        let places = (0_u32..=38).find(|places| 10_u128.pow(*places) % below == 0);
        if let Some(places) = places {
            let digits = over.checked_mul(10_u128.pow(places) / below)?.to_string();
            return Some(Self::new(negative, &digits, -i64::from(places)).written());
        }
        Some(format!("{}{over}/{below}", if negative { "-" } else { "" }))
    }

    /// As a count of units of a power of ten that is no greater than its own.
    fn scaled(&self, unit: i64) -> Option<u128> {
        if self.digits.is_empty() {
            return Some(0);
        }
        let digits: u128 = self.digits.parse().ok()?;
        digits.checked_mul(10_u128.checked_pow(u32::try_from(self.exponent - unit).ok()?)?)
    }
}

fn gcd(one: u128, other: u128) -> u128 {
    if other == 0 { one } else { gcd(other, one % other) }
}

/// How many digits a text begins with.
fn run(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Adds the digits before the point, and gives the length of their text.
fn whole_part(text: &str, digits: &mut String) -> usize {
    let mut end = run(text);
    digits.push_str(&text[..end]);
    while (1..=3).contains(&run(text)) {
        let rest = &text[end..];
        let Some(separator) = SEPARATORS.iter().find(|separator| rest.starts_with(**separator)) else {
            break;
        };
        let group = &rest[separator.len()..];
        if run(group) != 3 {
            break;
        }
        digits.push_str(&group[..3]);
        end += separator.len() + 3;
    }
    end
}

/// The most digits of a power: sums of several stay within 64 bits.
const POWER: usize = 18;

/// `e3`, `E-03`: the power, unless it has more digits, and the length of its text.
fn power(text: &str) -> Option<(Option<i64>, usize)> {
    let rest = text.strip_prefix(['e', 'E'])?;
    let sign = usize::from(rest.starts_with(['+', '-']));
    let count = run(&rest[sign..]);
    if count == 0 {
        return None;
    }
    let digits = rest[sign..sign + count].trim_start_matches('0');
    let size = if digits.is_empty() { Some(0) } else { digits.parse::<i64>().ok() };
    let power = size.filter(|_| digits.len() <= POWER);
    Some((power.map(|size| if rest.starts_with('-') { -size } else { size }), 1 + sign + count))
}

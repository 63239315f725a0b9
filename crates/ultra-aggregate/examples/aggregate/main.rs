//! Runs the rules of aggregation over profiles, so that another implementation can be compared with them:
//! `aggregate PROFILES RESULTS`, both NDJSON, one result for each profile.

use std::io::{BufRead as _, BufReader, BufWriter, Error, Write as _};

use ultra_aggregate as aggregate;

mod evaluate;

fn main() -> Result<(), Error> {
    let mut paths = std::env::args_os().skip(1);
    let mut path = || paths.next().ok_or_else(|| Error::other("usage: aggregate PROFILES RESULTS"));
    let (profiles, results) = (path()?, path()?);
    let mut results = BufWriter::new(std::fs::File::create(results)?);
    for line in BufReader::new(std::fs::File::open(profiles)?).lines() {
        let result = evaluate::evaluate(&serde_json::from_str(&line?)?).map_err(Error::other)?;
        writeln!(results, "{result}")?;
    }
    results.flush()
}

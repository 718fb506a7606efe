//! Owns how a dossier's code reads from a cell; refuses a code whose digits a spreadsheet has lost.

use std::sync::LazyLock;

use regex::Regex;

use super::grid::Cell;

/// A spreadsheet keeps fifteen digits of a number.
const EXACT: f64 = 1e15;

/// The code that stood here before a spreadsheet took it for a number cannot be known; this is what is left.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LostDigits(pub String);

/// The code in a cell; empty when only marks were there.
pub(super) fn read_code(cell: &Cell) -> Result<String, LostDigits> {
    match cell {
        Cell::Number(number) => whole(*number).ok_or_else(|| LostDigits(number.to_string())),
        Cell::Text(text) => from_text(unwrapped(text)),
    }
}

/// The digits of a number that has no others.
pub(super) fn whole(number: f64) -> Option<String> {
    (number.fract() == 0.0 && (0.0..EXACT).contains(&number)).then(|| format!("{number:.0}"))
}

/// Without the apostrophe or the formula `="…"` people put around a code to keep its zeros.
fn unwrapped(text: &str) -> &str {
    let text = text.strip_prefix("=\"").and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    text.trim_start_matches('\'').trim()
}

/// `18E60110` is a code some systems give: only a point, a comma or a plus make it a number.
static SCIENTIFIC: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?<whole>[0-9])(?:[.,](?<decimals>[0-9]+))?[eE](?<plus>\+?)(?<exponent>[0-9]{1,2})$")
        .expect("a pattern of our own")
});

fn from_text(text: &str) -> Result<String, LostDigits> {
    let Some(found) = SCIENTIFIC.captures(text) else { return Ok(text.to_owned()) };
    let decimals = found.name("decimals").map_or("", |d| d.as_str());
    let has_plus = !found["plus"].is_empty();
    if decimals.is_empty() && !has_plus {
        return Ok(text.to_owned());
    }
    let exponent: usize = found["exponent"].parse().map_err(|_| LostDigits(text.to_owned()))?;
    // Excel rounds and writes a plus; Java's `1.868011E7` has none and leaves out zeros only.
    let is_exact = decimals.len() <= exponent && exponent < 15 && (decimals.len() == exponent || !has_plus);
    if !is_exact || text.contains(',') && decimals.len() < exponent {
        return Err(LostDigits(text.to_owned()));
    }
    Ok(format!("{}{decimals:0<exponent$}", &found["whole"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Result<String, LostDigits> {
        read_code(&Cell::Text(text.to_owned()))
    }

    #[test]
    fn codes_that_became_numbers_keep_their_digits_when_all_are_there() {
        assert_eq!(read_code(&Cell::Number(18_680_110.0)), Ok("18680110".to_owned()));
        for written in ["1.8680110E7", "1.868011E7", "1,8680110E+7"] {
            assert_eq!(text(written), Ok("18680110".to_owned()), "{written}");
        }
    }

    #[test]
    fn codes_that_lost_digits_are_refused() {
        for lost in ["2,6E+11", "2.6E+11", "2E+11", "1,868E7", "1.23456789E5", "1.2E40"] {
            assert_eq!(text(lost), Err(LostDigits(lost.to_owned())), "{lost}");
        }
        for lost in [1e15, 12.5, -3.0, f64::NAN, f64::INFINITY] {
            assert!(read_code(&Cell::Number(lost)).is_err(), "{lost}");
        }
    }

    #[test]
    fn texts_stay_as_they_are() {
        for code in ["000.00.18.H02-250617-0001", "00123", "18E60110", "185E6DE0", "2E11"] {
            assert_eq!(text(code), Ok(code.to_owned()));
        }
        assert_eq!(text("'00123"), Ok("00123".to_owned()));
        assert_eq!(text("=\"00123\""), Ok("00123".to_owned()));
    }
}

//! Owns the codes by which people link their chat: made here, sent to the bot, compared as hashes.

use sha2::{Digest as _, Sha256};

use crate::domain::notification::hex;

/// No letter or digit that is mistaken for another when a code is read out.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const LENGTH: usize = 8;

/// A code that nobody can guess; `None` when the system gives no random bytes.
#[must_use]
pub fn new_code() -> Option<String> {
    let mut bytes = [0_u8; LENGTH];
    rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

/// The form in which the store keeps a code.
#[must_use]
pub fn hash(code: &str) -> String {
    hex(&Sha256::digest(format!("nhacviec/zalo-link/{}", code.to_uppercase())))
}

/// The code in a message such as `LIENKET ABCD2345`; people also write it alone, in small letters or with spaces.
#[must_use]
pub fn code_in(text: &str) -> Option<String> {
    let letters: String = text.to_uppercase().chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let code = ["LIENKET", "LIÊNKẾT"].iter().find_map(|word| letters.strip_prefix(word)).unwrap_or(&letters);
    let is_code = code.len() == LENGTH && code.bytes().all(|b| ALPHABET.contains(&b));
    is_code.then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_is_written() {
        for text in ["LIENKET ABCD2345", "lienket abcd2345", "Liên kết ABCD 2345", "abcd-2345", "LIENKETABCD2345"] {
            assert_eq!(code_in(text).as_deref(), Some("ABCD2345"), "{text}");
        }
        for text in ["", "chào bot", "LIENKET ABCD234", "LIENKET ABCD2340", "ABCD23456"] {
            assert_eq!(code_in(text), None, "{text}");
        }
    }

    #[test]
    fn codes_differ_and_are_recognised() {
        let (a, b) = (new_code().expect("random bytes"), new_code().expect("random bytes"));
        assert_ne!(a, b);
        assert_eq!(code_in(&format!("LIENKET {a}")), Some(a.clone()));
        assert_eq!(hash(&a), hash(&a.to_lowercase()));
    }
}

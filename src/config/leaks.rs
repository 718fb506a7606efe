//! Owns the search for secrets that somebody left in a YAML file, comments included.

use std::ops::Range;

use super::fields::Reader;

/// What a private key begins with, after its kind.
const KEY_BEGINS: &str = "-----BEGIN ";
const KEY_NAME_ENDS: &str = "PRIVATE KEY-----";
/// The token of a Zalo bot: its number, a colon, its secret.
const LEAST_BOT_DIGITS: usize = 9;
const LEAST_BOT_SECRET: usize = 24;

/// Whether a parameter of that name carries a secret.
pub fn is_secret_name(name: &str) -> bool {
    const SECRETS: [&str; 8] =
        ["password", "passwd", "secret", "token", "apikey", "matkhau", "accesskey", "privatekey"];
    let letters: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    letters == "pass" || SECRETS.iter().any(|secret| letters.ends_with(secret))
}

/// Warns of every secret in the file.
pub fn warn(reader: &Reader) {
    let text = &reader.file.text;
    let keys = private_keys(text).map(|span| (span, "một khóa riêng"));
    let tokens = bot_tokens(text).map(|span| (span, "mã của Zalo Bot"));
    for (span, what) in keys.chain(tokens) {
        let help = "xóa khỏi tệp này, để trong một tệp ở thư mục secrets (quyền 0600); đã lộ thì nên đổi".to_owned();
        reader.warning(&span, format!("tệp cấu hình chứa {what}"), help);
    }
}

/// The first lines of private keys in PEM (RFC 7468).
fn private_keys(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices(KEY_BEGINS).filter_map(|(start, begins)| {
        let kind = &text[start + begins.len()..];
        let named = kind.trim_start_matches(|c: char| c.is_ascii_uppercase() || c == ' ');
        let words = &kind[..kind.len() - named.len()];
        let end = start + begins.len() + words.len() + "-----".len();
        text.get(start..end).filter(|line| line.ends_with(KEY_NAME_ENDS)).map(|_| start..end)
    })
}

fn bot_tokens(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_secret = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.match_indices(':').filter_map(move |(colon, _)| {
        let before = text[..colon].trim_end_matches(|c: char| c.is_ascii_digit());
        let is_within_a_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let secret = &text[colon + 1..];
        let length = secret.len() - secret.trim_start_matches(is_secret).len();
        let is_token = colon - before.len() >= LEAST_BOT_DIGITS && length >= LEAST_BOT_SECRET && !is_within_a_word;
        is_token.then(|| before.len()..colon + 1 + length)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_tokens_are_found_and_what_looks_like_them_is_left() {
        let keys = |text: &str| private_keys(text).map(|span| text[span].to_owned()).collect::<Vec<_>>();
        assert_eq!(
            keys("a\n-----BEGIN PRIVATE KEY-----\nb -----BEGIN RSA PRIVATE KEY----- c"),
            ["-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----"]
        );
        assert!(keys("-----BEGIN CERTIFICATE----- -----BEGIN PRIVATE KEY -----BEGIN ").is_empty());
        let secret = "aZ09_-aZ09_-aZ09_-aZ09_-";
        let tokens = |text: String| bot_tokens(&text).map(|span| text[span].to_owned()).collect::<Vec<_>>();
        assert_eq!(tokens(format!("# «123456789:{secret}» ạ")), [format!("123456789:{secret}")]);
        assert!(tokens(format!("12345678:{secret} x123456789:{secret} ạ_123456789:{secret}")).is_empty());
        assert!(tokens(format!("123456789:{} 123456789: {secret} 07:30", &secret[1..])).is_empty());
    }
}

//! Owns the search for secrets that somebody left in a YAML file, comments included.

use std::sync::LazyLock;

use regex::Regex;

use super::fields::Reader;

/// What secrets look like wherever they stand, with what people call them.
static SHAPES: LazyLock<[(Regex, &str); 2]> = LazyLock::new(|| {
    let shape = |text| Regex::new(text).expect("the constant is a regular expression");
    [
        (shape(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "một khóa riêng"),
        // The token of a Zalo bot: its number, a colon, its secret.
        (shape(r"\b[0-9]{9,}:[A-Za-z0-9_-]{24,}"), "mã của Zalo Bot"),
    ]
});

/// Whether a parameter of that name carries a secret.
pub fn is_secret_name(name: &str) -> bool {
    const SECRETS: [&str; 8] =
        ["password", "passwd", "secret", "token", "apikey", "matkhau", "accesskey", "privatekey"];
    let letters: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    letters == "pass" || SECRETS.iter().any(|secret| letters.ends_with(secret))
}

/// Warns of every secret in the file.
pub fn warn(reader: &Reader) {
    for (shape, what) in SHAPES.iter() {
        for found in shape.find_iter(&reader.file.text) {
            let help =
                "xóa khỏi tệp này, để trong một tệp ở thư mục secrets (quyền 0600); đã lộ thì nên đổi".to_owned();
            reader.warning(&(found.start()..found.end()), format!("tệp cấu hình chứa {what}"), help);
        }
    }
}

//! Owns reading a received message; knows only what the tests compare, and does it without the library that wrote it.

/// A message, or one part of it.
pub struct Mail {
    headers: Vec<(String, String)>,
    body: String,
}

impl Mail {
    pub fn parse(text: &str) -> Self {
        let text = text.replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n").unwrap_or((text.as_str(), ""));
        let unfolded = head.replace("\n ", " ").replace("\n\t", " ");
        let headers = unfolded
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Self { headers, body: body.to_owned() }
    }

    /// The header as it travelled, or nothing.
    pub fn header(&self, name: &str) -> &str {
        let name = name.to_ascii_lowercase();
        self.headers.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    pub fn subject(&self) -> String {
        decode_words(self.header("Subject"))
    }

    /// The parts of a multipart message.
    pub fn parts(&self) -> Vec<Self> {
        let (_, boundary) = self.header("Content-Type").split_once("boundary=").expect("a multipart message");
        let delimiter = format!("--{}", boundary.trim_matches('"'));
        let mut pieces: Vec<_> =
            format!("\n{}", self.body).split(&format!("\n{delimiter}")).map(str::to_owned).collect();
        let end = pieces.pop().expect("split gives at least one piece");
        assert!(end.starts_with("--"), "the last part is closed");
        pieces.iter().skip(1).map(|piece| Self::parse(piece.trim_start_matches('\n'))).collect()
    }

    /// The text of a part as its author wrote it.
    pub fn content(&self) -> String {
        let bytes = match self.header("Content-Transfer-Encoding") {
            "base64" => decode_base64(&self.body),
            "quoted-printable" => decode_quoted_printable(&self.body),
            "" | "7bit" | "8bit" => self.body.clone().into_bytes(),
            other => panic!("unknown transfer encoding {other}"),
        };
        String::from_utf8(bytes).expect("a text part in UTF-8").replace("\r\n", "\n")
    }
}

/// Undoes RFC 2047 for UTF-8 in base64; each word alone must be whole characters (section 5).
fn decode_words(header: &str) -> String {
    let mut text = String::new();
    let mut is_after_encoded = false;
    for (index, word) in header.split(' ').enumerate() {
        let encoded = word.get(..10).filter(|start| start.eq_ignore_ascii_case("=?utf-8?b?"));
        let encoded = encoded.and_then(|_| word[10..].strip_suffix("?="));
        if index > 0 && !(is_after_encoded && encoded.is_some()) {
            text.push(' ');
        }
        is_after_encoded = encoded.is_some();
        match encoded {
            Some(word) => text += &String::from_utf8(decode_base64(word)).expect("whole characters in each word"),
            None => text += word,
        }
    }
    text
}

fn decode_base64(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0_u32);
    for letter in text.chars().filter(|c| !c.is_whitespace()).take_while(|c| *c != '=') {
        let value = ALPHABET.find(letter).expect("a letter of the base64 alphabet");
        bits = (bits << 6 | u32::try_from(value).expect("less than 64")) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).expect("eight bits"));
        }
    }
    bytes
}

fn decode_quoted_printable(text: &str) -> Vec<u8> {
    let text = text.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut pieces = text.split('=');
    bytes.extend(pieces.next().unwrap_or_default().bytes());
    for piece in pieces {
        let (digits, rest) = piece.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).expect("two hexadecimal digits after an equals sign"));
        bytes.extend(rest.bytes());
    }
    bytes
}

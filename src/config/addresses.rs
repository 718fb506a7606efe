//! Owns what looks wrong with addresses that are valid: a misspelt domain, one address of two people.

use std::{collections::BTreeMap, ops::Range};

use super::{fields::Reader, node::Text};

/// Mail providers that people mistype.
const PROVIDERS: [&str; 7] =
    ["gmail.com", "yahoo.com", "yahoo.com.vn", "outlook.com", "hotmail.com", "icloud.com", "zoho.com"];
/// Real ones that look like a slip.
const OTHERS: [&str; 4] = ["ymail.com", "mail.com", "email.com", "outlook.com.vn"];
/// A domain that so many people share is no misspelling.
const SHARED_BY: usize = 3;

/// The addresses of a file, with whose they are.
#[derive(Debug, Default)]
pub struct Addresses(Vec<(String, String, Range<usize>)>);

impl Addresses {
    /// Adds a valid address.
    pub fn add(&mut self, owner: &str, address: &str, at: &Text) {
        self.0.push((owner.to_owned(), address.to_lowercase(), at.span.clone()));
    }

    /// Warns of what is probably a mistake.
    pub fn advise(&self, reader: &Reader) {
        let mut domains: BTreeMap<&str, usize> = BTreeMap::new();
        let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
        for (owner, address, span) in &self.0 {
            *domains.entry(domain(address)).or_default() += 1;
            if let Some(other) = owners.insert(address, owner) {
                let message = format!("{owner} và {other} dùng chung địa chỉ «{address}»: mỗi việc sẽ tới hai lần");
                reader.warning(
                    span,
                    message,
                    "nếu là hộp thư chung của đơn vị thì ghi ở mailbox của đơn vị".to_owned(),
                );
            }
        }
        let shared = domains.iter().filter(|(_, count)| **count >= SHARED_BY).map(|(domain, _)| *domain);
        let known: Vec<&str> = shared.chain(PROVIDERS).collect();
        for (_, address, span) in &self.0 {
            let domain = domain(address);
            if !domain.contains('.') {
                let help = "viết đủ tên miền, ví dụ: so.tinh.gov.vn".to_owned();
                reader.warning(span, format!("tên miền «{domain}» thiếu phần đuôi"), help);
            } else if !known.contains(&domain)
                && !OTHERS.contains(&domain)
                && let Some(meant) = known.iter().find(|known| is_slip(known, domain))
            {
                reader.warning(
                    span,
                    format!("tên miền «{domain}» chỉ khác «{meant}» một chữ: có thể một trong hai viết sai"),
                    "xem lại cả hai; nếu đều đúng thì để nguyên".to_owned(),
                );
            }
        }
    }
}

/// One letter more, less or other, or two that changed places. Offices of one province differ in the first part alone.
fn is_slip(known: &str, domain: &str) -> bool {
    let rest = |domain: &str| domain.split_once('.').map(|(_, rest)| rest.to_owned()).filter(|rest| rest.contains('.'));
    let are_neighbours = rest(known).is_some() && rest(known) == rest(domain);
    !are_neighbours && strsim::damerau_levenshtein(known, domain) == 1
}

fn domain(address: &str) -> &str {
    address.rsplit('@').next().unwrap_or_default()
}

//! Chats of the Zalo bot that people linked, and the codes by which they do.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Transaction, params};

use super::{instant, seconds};
use crate::{
    domain::ids::PersonId,
    store::{OpenCode, StoreError},
};

pub fn links(tx: &Transaction<'_>) -> Result<BTreeMap<PersonId, String>, StoreError> {
    let mut select = tx.prepare_cached("SELECT person, chat FROM zalo_link")?;
    let rows = select.query_map([], |row| Ok((row.get::<_, String>(0)?.into(), row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A new code takes the place of one that the person did not use.
pub fn issue(
    tx: &Transaction<'_>,
    person: &PersonId,
    code_hash: &str,
    expires_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    tx.execute("DELETE FROM zalo_code WHERE person = ?1", [person.as_str()])?;
    tx.execute(
        "INSERT INTO zalo_code (code_hash, person, expires_at) VALUES (?1, ?2, ?3)",
        params![code_hash, person.as_str(), seconds(expires_at)],
    )?;
    Ok(())
}

pub fn open_codes(tx: &Transaction<'_>, now: DateTime<Utc>) -> Result<Vec<OpenCode>, StoreError> {
    let mut select =
        tx.prepare_cached("SELECT person, expires_at FROM zalo_code WHERE expires_at > ?1 ORDER BY person")?;
    let rows = select.query_map([seconds(now)], |row| {
        Ok(OpenCode { person: row.get::<_, String>(0)?.into(), expires_at: instant(row.get(1)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Uses a code up and links the chat from which it came.
pub fn redeem(
    tx: &Transaction<'_>,
    code_hash: &str,
    chat: &str,
    now: DateTime<Utc>,
) -> Result<Option<PersonId>, StoreError> {
    let person: Option<String> = tx
        .prepare_cached("DELETE FROM zalo_code WHERE code_hash = ?1 AND expires_at > ?2 RETURNING person")?
        .query_row(params![code_hash, seconds(now)], |row| row.get(0))
        .optional()?;
    let Some(person) = person else { return Ok(None) };
    // One chat belongs to one person.
    tx.execute("DELETE FROM zalo_link WHERE chat = ?1", [chat])?;
    tx.execute(
        "INSERT INTO zalo_link (person, chat, linked_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (person) DO UPDATE SET chat = excluded.chat, linked_at = excluded.linked_at",
        params![person, chat, seconds(now)],
    )?;
    Ok(Some(person.into()))
}

pub fn unlink(tx: &Transaction<'_>, person: &PersonId) -> Result<bool, StoreError> {
    tx.execute("DELETE FROM zalo_code WHERE person = ?1", [person.as_str()])?;
    Ok(tx.execute("DELETE FROM zalo_link WHERE person = ?1", [person.as_str()])? > 0)
}

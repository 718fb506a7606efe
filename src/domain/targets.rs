//! Owns the plan's targets: what was reached, where it leads, and which are about to be missed.

use super::ids::SubjectId;

/// Whether the subject is a target.
#[must_use]
pub fn is_target(subject: &SubjectId) -> bool {
    subject.as_str().starts_with("target:")
}

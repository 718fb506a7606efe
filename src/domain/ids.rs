//! Owns the identifiers; each is a type of its own so that a unit is never taken for a person.

use std::{fmt, sync::Arc};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text as configured or stored.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, shared.
            #[must_use]
            pub fn to_shared(&self) -> Arc<str> {
                Arc::clone(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<Arc<str>> for $name {
            fn from(text: Arc<str>) -> Self {
                Self(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// Key of a unit in `units.yaml`.
    UnitId
}
id! {
    /// Key of a person in `units.yaml`.
    PersonId
}
id! {
    /// Key of a plan.
    PlanId
}
id! {
    /// Number of a task in its annex, such as `II.5.1`.
    TaskId
}
id! {
    /// Key of a target within its plan, such as `II.5/2`.
    TargetId
}
id! {
    /// Key of a configured one-stop system.
    SourceId
}
id! {
    /// Who is told: a person's id, or `unit:` and the unit's id for its mailbox.
    RecipientId
}
id! {
    /// What a notification is about: an occurrence, a dossier, a target or a problem.
    ///
    /// Occurrences are `task:PLAN/TASK:PERIOD:UNIT`, dossiers `dossier:SOURCE/CODE`, targets
    /// `target:PLAN/ID`, problems `problem:KEY`; the store and the logs use the same text.
    SubjectId
}

//! The `nhacviec` command.

use std::process::ExitCode;

/// Also for SQLite, by its feature `override`: texts and rows come and go by the million.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    nhacviec::cli::main()
}

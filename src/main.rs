//! The `nhacviec` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    nhacviec::cli::main()
}

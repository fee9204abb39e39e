//! A machine for host tests: SQLite with the real migrations in place of D1, a clock that the test sets.

//! The registry of authority: who may sign what, decided by replay: pure.

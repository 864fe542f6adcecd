#![doc = include_str!("../README.md")]

mod answer;
mod backend;
mod calendar;
mod config;
mod cpu;
mod digest;
mod engine;
mod error;
mod generation;
mod gguf;
mod model;
mod runtime;
mod seats;
mod slots;
mod stats;
mod template;
mod vocabulary;
mod worker;

pub use backend::LlamaBackend;
pub use config::{KvType, LlamaConfig, MAX_PREFILL, MAX_SEQUENCES};
pub use error::Error;
pub use model::Progress;
pub use runtime::{runtime, runtime_id, runtime_name};
pub use stats::Stats;

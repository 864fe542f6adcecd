//! A whole market on this machine: a local chain, the contracts, a funded renter, and a host with a real model. The
//! demo, the examples and the end-to-end tests stand on it.

mod market;

/// The README's example, compiled.
#[doc = include_str!("../../../README.md")]
#[cfg(doctest)]
struct Readme;

pub use market::{LocalMarket, MarketOptions, TINY_MODEL};

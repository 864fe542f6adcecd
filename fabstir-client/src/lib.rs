#![doc = include_str!("../README.md")]

mod answer;
mod error;
mod history;
mod link;
mod renter;
mod session;
mod store;
mod upkeep;

pub use answer::Answer;
pub use error::ClientError;
pub use fabstir_core::renter::Event;
pub use history::fit_history;
pub use renter::{HostOffer, OpenOptions, Renter};
pub use session::{Closing, Session};
pub use store::{Record, Standing, Store};

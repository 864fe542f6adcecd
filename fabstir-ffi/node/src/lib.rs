//! Fabstir for Node.js: the C ABI's functions as Node-API ones. What waits runs on threads beside the event loop and
//! becomes a promise; `js/` makes classes, iterators and errors of it.

mod abi;
pub mod host;
pub mod model;
pub mod renter;
pub mod stream;

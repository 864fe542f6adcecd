//! The contracts' calls, events, errors and structs, read from the very interface files they implement.
//!
//! Names are the contracts' own, so that a search finds both sides.

#![allow(missing_docs, reason = "NatSpec becomes rustdoc where the interface has it; generated helpers have none")]

alloy_sol_types::sol!(
    #![sol(all_derives)]
    "abi/ISessionMarket.sol"
);

alloy_sol_types::sol!(
    #![sol(all_derives)]
    "abi/INodeRegistry.sol"
);

alloy_sol_types::sol!(
    #![sol(all_derives)]
    "abi/IFabToken.sol"
);

pub use ISessionMarket::Terms;

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title IReputation
/// @notice What JobMarketplace asks of a reputation system.
interface IReputation {
    /// @notice A host's points now.
    function getReputation(address host) external view returns (uint256);
}

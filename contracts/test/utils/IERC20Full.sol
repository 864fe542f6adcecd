// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @notice What tests read of ERC-20 besides `IFabToken`.
interface IERC20Full {
    function totalSupply() external view returns (uint256);
}

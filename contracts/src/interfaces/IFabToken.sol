// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title IFabToken
/// @notice The calls on FAB that Fabstir's own software makes; the token itself is ERC20Votes with Permit.
interface IFabToken {
    /// @notice Base units held by `account`; 18 decimals.
    function balanceOf(address account) external view returns (uint256);
    /// @notice Lets `spender` take `amount`.
    function approve(address spender, uint256 amount) external returns (bool);
    /// @notice What `spender` may still take from `owner`.
    function allowance(address owner, address spender) external view returns (uint256);
    /// @notice Moves `amount` to `to`.
    function transfer(address to, uint256 amount) external returns (bool);
    /// @notice Number of decimals.
    function decimals() external view returns (uint8);
    /// @notice Ticker.
    function symbol() external view returns (string memory);
}

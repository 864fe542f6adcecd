// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title BareToken
/// @notice Balances and allowances and nothing else, for tokens whose `transfer` is not ERC-20's: the misbehaving ones
/// here override `_move`, or have their own `transfer` and `transferFrom`.
abstract contract BareToken {
    /// @notice Base units held.
    mapping(address account => uint256 amount) internal _balances;
    /// @notice What a spender may take.
    mapping(address owner => mapping(address spender => uint256 amount)) public allowance;
    /// @notice Number of decimals.
    uint8 public immutable decimals;
    /// @notice Base units in all.
    uint256 public totalSupply;

    error BareToken_InsufficientBalance();
    error BareToken_InsufficientAllowance();

    constructor(uint8 decimals_) {
        decimals = decimals_;
    }

    /// @notice Base units held by `account`.
    function balanceOf(address account) public view virtual returns (uint256) {
        return _balances[account];
    }

    /// @notice Makes `amount` out of nothing.
    function mint(address to, uint256 amount) external {
        totalSupply += amount;
        _balances[to] += amount;
    }

    function _spend(address owner, uint256 amount) internal {
        uint256 allowed = allowance[owner][msg.sender];
        if (allowed < amount) revert BareToken_InsufficientAllowance();
        if (allowed != type(uint256).max) allowance[owner][msg.sender] = allowed - amount;
    }

    function _move(address from, address to, uint256 amount) internal virtual {
        if (_balances[from] < amount) revert BareToken_InsufficientBalance();
        _balances[from] -= amount;
        _balances[to] += amount;
    }
}

/// @title BoolToken
/// @notice A `BareToken` that answers as ERC-20 asks.
abstract contract BoolToken is BareToken {
    /// @notice Lets `spender` take `amount`.
    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    /// @notice Moves `amount` to `to`.
    function transfer(address to, uint256 amount) external virtual returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    /// @notice Moves `amount` of `from`'s to `to`.
    function transferFrom(address from, address to, uint256 amount) external virtual returns (bool) {
        _spend(from, amount);
        _move(from, to, amount);
        return true;
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../interfaces/ISessionMarket.sol";
import {Earnings} from "../libraries/EarningsLib.sol";
import {TransferLib} from "../libraries/TransferLib.sol";
import {MarketGovernance} from "./MarketGovernance.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title MarketAccounts
/// @notice Money that is in no session: renters' prefunded balances with the keys that may spend them, hosts' earnings,
/// and the fees beside them.
/// @dev Every function changes the books before it calls out to a token or a wallet; `nonReentrant` is a second lock.
abstract contract MarketAccounts is MarketGovernance, ReentrancyGuardTransient {
    /// @dev A key that may open sessions from a renter's balance. One slot.
    struct Delegate {
        uint96 cap; // base units it may still lock
        uint64 expiry; // last second it is good for
    }

    mapping(address renter => mapping(address token => uint256 amount)) private _balances;
    mapping(address account => mapping(address token => Earnings earnings)) private _earnings;
    mapping(address renter => mapping(address delegate => mapping(address token => Delegate rights))) private
        _delegates;

    /* BALANCES */

    /// @inheritdoc ISessionMarket
    function deposit(address token, uint256 amount) external payable nonReentrant {
        if (_limits[token].max == 0) revert SessionMarket_Refused(Reason.TokenNotAccepted);
        _creditBalance(msg.sender, token, amount);
        emit BalanceDeposited(msg.sender, token, amount);
        _collect(token, amount);
    }

    /// @inheritdoc ISessionMarket
    function withdrawBalance(address token, uint256 amount, address to) external nonReentrant {
        if (to == address(0)) revert SessionMarket_ZeroAddress();
        _debitBalance(msg.sender, token, amount);
        emit BalanceWithdrawn(msg.sender, token, to, amount);
        TransferLib.push(token, to, amount);
    }

    /// @inheritdoc ISessionMarket
    function authorizeDelegate(address delegate, address token, uint96 cap, uint64 expiry) external {
        if (delegate == address(0)) revert SessionMarket_ZeroAddress();
        _delegates[msg.sender][delegate][token] = Delegate(cap, expiry);
        emit DelegateAuthorized(msg.sender, delegate, token, cap, expiry);
    }

    /// @inheritdoc ISessionMarket
    function balanceOf(address renter, address token) external view returns (uint256) {
        return _balances[renter][token];
    }

    /// @inheritdoc ISessionMarket
    function delegateOf(address renter, address delegate, address token)
        external
        view
        returns (uint96 cap, uint64 expiry)
    {
        Delegate memory rights = _delegates[renter][delegate][token];
        return (rights.cap, rights.expiry);
    }

    /* PAYMENTS */

    /// @inheritdoc ISessionMarket
    /// @dev Needs no guard: whoever gets control here finds the books already changed, and a deposit that is being
    /// measured meanwhile would come out short and revert.
    function withdraw(address token, address to) external {
        if (to == address(0)) revert SessionMarket_ZeroAddress();
        mapping(address => Earnings) storage earningsIn = _earnings[msg.sender];
        Earnings earnings = earningsIn[token];
        uint256 amount = earnings.net();
        if (amount == 0) revert SessionMarket_Insufficient(0, 1);
        earningsIn[token] = earnings.withoutNet();
        emit Withdrawn(msg.sender, token, to, amount);
        TransferLib.push(token, to, amount);
    }

    /// @inheritdoc ISessionMarket
    /// @dev Idempotent: sweeping what was just swept does nothing.
    function sweepFees(address[] calldata hosts, address token) external nonReentrant {
        uint256 amount;
        for (uint256 i; i < hosts.length; ++i) {
            Earnings earnings = _earnings[hosts[i]][token];
            amount += earnings.fee();
            _earnings[hosts[i]][token] = earnings.withoutFee();
        }
        if (amount == 0) return;
        address recipient = feeRecipient;
        emit FeesSwept(token, recipient, amount);
        TransferLib.push(token, recipient, amount);
    }

    /// @inheritdoc ISessionMarket
    function earningsOf(address account, address token) external view returns (uint256 net, uint256 fee) {
        Earnings earnings = _earnings[account][token];
        return (earnings.net(), earnings.fee());
    }

    /* INTERNAL */

    /// @dev Takes `amount` from the caller: the coin sent along, or an allowance.
    function _collect(address token, uint256 amount) internal {
        uint256 expected = token == address(0) ? amount : 0;
        if (msg.value != expected) revert SessionMarket_WrongValue(msg.value, expected);
        if (token != address(0) && amount != 0) TransferLib.pull(token, msg.sender, amount);
    }

    function _creditBalance(address renter, address token, uint256 amount) internal {
        _balances[renter][token] += amount;
    }

    function _debitBalance(address renter, address token, uint256 amount) internal {
        uint256 available = _balances[renter][token];
        if (available < amount) revert SessionMarket_Insufficient(available, amount);
        _balances[renter][token] = available - amount;
    }

    function _creditEarnings(address account, address token, uint256 net, uint256 fee) internal {
        mapping(address => Earnings) storage earningsIn = _earnings[account];
        earningsIn[token] = earningsIn[token].plus(net, fee);
    }

    /// @dev Gives a session's money back. The last thing a call does: a wallet may get control here.
    function _refund(uint256 id, address renter, address token, uint256 amount, bool toBalance) internal {
        if (amount == 0) return;
        if (toBalance) {
            _creditBalance(renter, token, amount);
        } else if (!TransferLib.tryPush(token, renter, amount)) {
            _creditEarnings(renter, token, amount, 0);
            emit RefundBounced(id, renter, amount);
        }
    }

    /// @dev Takes `amount` from the cap of a delegate.
    /// @return known False if the key may not spend at all.
    function _spendDelegate(address renter, address delegate, address token, uint256 amount)
        internal
        returns (bool known)
    {
        Delegate memory rights = _delegates[renter][delegate][token];
        if (rights.cap == 0 || block.timestamp > rights.expiry) return false;
        if (amount > rights.cap) revert SessionMarket_Insufficient(rights.cap, amount);
        _delegates[renter][delegate][token].cap = SafeCast.toUint96(rights.cap - amount);
        return true;
    }
}

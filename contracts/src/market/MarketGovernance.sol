// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../interfaces/ISessionMarket.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

/// @title MarketGovernance
/// @notice What the market's owner decides: the fee and limits of sessions to come, where fees go, whether new sessions
/// open. Nothing here touches a session that is open or money that is in.
abstract contract MarketGovernance is ISessionMarket, Ownable2Step {
    /// @dev Highest fee, in basis points of the host's gross.
    uint16 private constant MAX_FEE_BPS = 3000;

    /// @dev What a deposit in a token must keep to. One slot.
    struct Limits {
        uint96 min;
        uint96 max; // zero: not accepted
    }

    /// @inheritdoc ISessionMarket
    address public feeRecipient; // one slot with the two below

    /// @dev Fee of sessions opened now.
    uint16 internal _feeBps;

    /// @dev Whether openings are stopped.
    bool internal _paused;

    /// @dev By token; zero is the coin.
    mapping(address token => Limits limits) internal _limits;

    constructor(address owner_, address feeRecipient_, uint16 feeBps) Ownable(owner_) {
        _setFee(feeBps);
        _setFeeRecipient(feeRecipient_);
    }

    /* GOVERNANCE */

    /// @inheritdoc ISessionMarket
    function pause() external onlyOwner {
        _paused = true;
        emit Paused();
    }

    /// @inheritdoc ISessionMarket
    function unpause() external onlyOwner {
        _paused = false;
        emit Unpaused();
    }

    /// @inheritdoc ISessionMarket
    function setTokenLimits(address token, uint96 minDeposit, uint96 maxDeposit) external onlyOwner {
        if (minDeposit > maxDeposit) revert SessionMarket_DepositOutOfRange(minDeposit, 0, maxDeposit);
        _limits[token] = Limits(minDeposit, maxDeposit);
        emit TokenLimitsSet(token, minDeposit, maxDeposit);
    }

    /// @inheritdoc ISessionMarket
    function setFee(uint16 feeBps) external onlyOwner {
        _setFee(feeBps);
    }

    /// @inheritdoc ISessionMarket
    function setFeeRecipient(address recipient) external onlyOwner {
        _setFeeRecipient(recipient);
    }

    function _setFee(uint16 feeBps) private {
        if (feeBps > MAX_FEE_BPS) revert SessionMarket_FeeTooHigh(feeBps);
        _feeBps = feeBps;
        emit FeeSet(feeBps);
    }

    function _setFeeRecipient(address recipient) private {
        if (recipient == address(0)) revert SessionMarket_ZeroAddress();
        feeRecipient = recipient;
        emit FeeRecipientSet(recipient);
    }
}

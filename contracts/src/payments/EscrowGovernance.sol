// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IPaymentEscrow} from "../interfaces/IPaymentEscrow.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

/// @title EscrowGovernance
/// @notice What the escrow's owner decides: the fee and the clocks of payments to come, where fees go, who arbitrates.
abstract contract EscrowGovernance is IPaymentEscrow, Ownable2Step {
    uint16 private constant MAX_FEE_BPS = 3000;
    uint40 private constant MIN_DISPUTE_WINDOW = 1 hours;
    uint40 private constant MAX_DISPUTE_WINDOW = 30 days;
    uint40 private constant MIN_ARBITRATION = 1 days;
    uint40 private constant MAX_ARBITRATION = 90 days;

    /// @inheritdoc IPaymentEscrow
    address public override feeRecipient; // one slot with the three below
    /// @inheritdoc IPaymentEscrow
    uint16 public override feeBps;
    /// @inheritdoc IPaymentEscrow
    uint40 public override disputeWindow;
    /// @inheritdoc IPaymentEscrow
    uint40 public override arbitrationPeriod;

    /// @inheritdoc IPaymentEscrow
    address public override arbiter;

    constructor(address owner_, address arbiter_, address feeRecipient_, uint16 feeBps_) Ownable(owner_) {
        _setFee(feeBps_);
        _setFeeRecipient(feeRecipient_);
        _setArbiter(arbiter_);
        _setWindows(3 days, 30 days);
    }

    /* GOVERNANCE */

    /// @inheritdoc IPaymentEscrow
    function setFee(uint16 feeBps_) external override onlyOwner {
        _setFee(feeBps_);
    }

    /// @inheritdoc IPaymentEscrow
    function setFeeRecipient(address recipient) external override onlyOwner {
        _setFeeRecipient(recipient);
    }

    /// @inheritdoc IPaymentEscrow
    function setArbiter(address arbiter_) external override onlyOwner {
        _setArbiter(arbiter_);
    }

    /// @inheritdoc IPaymentEscrow
    function setWindows(uint40 disputeWindow_, uint40 arbitrationPeriod_) external override onlyOwner {
        _setWindows(disputeWindow_, arbitrationPeriod_);
    }

    /* INTERNAL */

    function _setFee(uint16 feeBps_) private {
        _requireInRange(feeBps_, 0, MAX_FEE_BPS);
        feeBps = feeBps_;
        emit FeeSet(feeBps_);
    }

    function _setFeeRecipient(address recipient) private {
        _requireNotZero(recipient);
        feeRecipient = recipient;
        emit FeeRecipientSet(recipient);
    }

    function _setArbiter(address arbiter_) private {
        _requireNotZero(arbiter_);
        arbiter = arbiter_;
        emit ArbiterSet(arbiter_);
    }

    function _setWindows(uint40 disputeWindow_, uint40 arbitrationPeriod_) private {
        _requireInRange(disputeWindow_, MIN_DISPUTE_WINDOW, MAX_DISPUTE_WINDOW);
        _requireInRange(arbitrationPeriod_, MIN_ARBITRATION, MAX_ARBITRATION);
        (disputeWindow, arbitrationPeriod) = (disputeWindow_, arbitrationPeriod_);
        emit WindowsSet(disputeWindow_, arbitrationPeriod_);
    }

    function _requireInRange(uint256 value, uint256 min, uint256 max) internal pure {
        if (value < min || value > max) revert PaymentEscrow_OutOfRange(value, min, max);
    }

    function _requireNotZero(address account) internal pure {
        if (account == address(0)) revert PaymentEscrow_ZeroAddress();
    }
}

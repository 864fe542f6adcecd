// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarketplace} from "../interfaces/IJobMarketplace.sol";
import {Upgradeable} from "../periphery/Upgradeable.sol";
import {CircuitBreaker} from "../security/CircuitBreaker.sol";

/// @title JobGovernance
/// @notice What the marketplace's owner decides: what is accepted in payment, and which contracts answer for reputations and
/// proofs. Whether jobs can be posted and claimed is the circuit breaker's.
abstract contract JobGovernance is IJobMarketplace, Upgradeable, CircuitBreaker {
    /* STORAGE: after the owner's and the breaker's */

    /// @inheritdoc IJobMarketplace
    address public override reputation;
    /// @inheritdoc IJobMarketplace
    address public override proofSystem;

    mapping(address token => PaymentLimits limits) private _limits;

    /* GOVERNANCE */

    /// @inheritdoc IJobMarketplace
    function setPaymentLimits(address token, PaymentLimits calldata limits) external override onlyOwner {
        if (limits.min > limits.max) revert JobMarketplace_OutOfRange(limits.min, 0, limits.max);
        _limits[token] = limits;
        emit PaymentLimitsSet(token, limits);
    }

    /// @inheritdoc IJobMarketplace
    function setReputation(address reputation_) external override onlyOwner {
        reputation = reputation_;
        emit ReputationSet(reputation_);
    }

    /// @inheritdoc IJobMarketplace
    function setProofSystem(address proofSystem_) external override onlyOwner {
        proofSystem = proofSystem_;
        emit ProofSystemSet(proofSystem_);
    }

    /// @inheritdoc IJobMarketplace
    function paymentLimitsOf(address token) public view override returns (PaymentLimits memory) {
        return _limits[token];
    }

    function _requireInRange(uint256 value, uint256 min, uint256 max) internal pure {
        if (value < min || value > max) revert JobMarketplace_OutOfRange(value, min, max);
    }

    function _requireNotZero(address account) internal pure {
        if (account == address(0)) revert JobMarketplace_ZeroAddress();
    }
}
